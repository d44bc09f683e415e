/* Completion: what zknginxctl says can follow, and what a shell makes of it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_ctl.h"
#include "rig_zookeeper.h"

static struct rig_zookeeper *server;
static struct rig_zk *zk;

static int setup(void **state UNUSED)
{
	server = rig_zookeeper_start(NULL);
	zk = rig_zk_connect(rig_zookeeper_hosts(server));
	rig_zk_create(zk, "/nginx/config/upstreams/shop/10.0.0.1:8080", "");
	rig_zk_create(zk, "/nginx/config/upstreams/shop/10.0.0.2:8080", "");
	rig_zk_create(zk, "/nginx/config/upstreams/api/10.0.0.3:80", "");
	rig_zk_create(zk, "/nginx/config/upstreams/$(reboot)", "");
	rig_zk_create(zk, "/nginx/config/upstreams/a b", "");
	rig_zk_create(zk, "/nginx/config/upstreams/orders",
		      "{\"discover\": {\"path\": \"/services/orders\"}}");
	rig_zk_create(zk, "/services/orders/10.0.0.9:80", "");
	rig_zk_create(zk, "/nginx/config/sites/shop", "{}");
	rig_zk_create(zk, "/nginx/config/snippets/http/gzip", "");
	rig_zk_create(zk, "/nginx/cluster/reports/web1", "");
	rig_zk_create(zk, "/nginx/cluster/reports/web2", "");
	rig_zk_create(zk, "/nginx/cluster/members/web1", "");
	rig_zk_create(zk, "/nginx/cluster/members/web3", "");
	rig_zk_create(zk, "/nginx/cluster/history/0000000001",
		      "{\"at\": \"2026-11-22T15:04:05Z\", \"by\": \"alice\", \"note\": \"first\", "
		      "\"parts\": 1, \"revision\": "
		      "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_zk_close(zk);
	rig_zookeeper_stop(server);
	rig_clean();
	return 0;
}

/* Of a person it is a second, which a busy machine may be late by. */
static const char *patience = "60s";

/* The candidates after these words, of which the last one is being completed. */
static struct rig_ctl_result complete_at(const char *hosts, const char *const *words)
{
	const char *arguments[32] = { "--timeout", patience, "complete", "--", "-s", hosts };
	size_t n = 6;
	struct rig_ctl_result r;

	for (size_t i = 0; words[i]; i++)
		arguments[n++] = words[i];
	r = rig_ctl_with(NULL, NULL, arguments);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.err, "");
	return r;
}

static const char *complete(const char *const *words)
{
	return complete_at(rig_zookeeper_hosts(server), words).out;
}
#define COMPLETE(...) complete((const char *const[]){ __VA_ARGS__, NULL })

static bool offers(const char *candidates, const char *name)
{
	size_t size = strlen(name);

	for (const char *line = candidates; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, size) == 0 && strchr("\t\n", line[size]))
			return true;
	}
	return false;
}

static size_t count(const char *candidates)
{
	size_t lines = 0;

	for (; *candidates; candidates++)
		lines += *candidates == '\n';
	return lines;
}

/* --- from the table -------------------------------------------------------------------------- */

static void every_command_and_option_of_the_table_is_offered(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(NULL, "help", "--json", NULL);
	json_t *all = rig_ctl_json(&r), *commands = json_object_get(all, "commands"), *command,
	       *option;
	const char *words = COMPLETE("");
	size_t i, k;

	assert_int_equal(count(words), json_array_size(commands));
	json_array_foreach(commands, i, command)
	{
		const char *name = json_string_value(json_object_get(command, "name")), *flags;

		assert_true(offers(words, name));
		flags = COMPLETE(name, "--");
		assert_int_equal(count(flags),
				 json_array_size(json_object_get(command, "options")) +
					 json_array_size(json_object_get(all, "options")));
		json_array_foreach(json_object_get(command, "options"), k, option)
		{
			char flag[64];

			snprintf(flag, sizeof(flag), "--%s",
				 json_string_value(json_object_get(option, "name")));
			assert_true(offers(flags, flag));
		}
	}
	json_decref(all);
}

static void values_of_options_are_offered(void **state UNUSED)
{
	assert_string_equal(COMPLETE("--color", ""), "auto\t\nalways\t\nnever\t\n");
	assert_string_equal(COMPLETE("help", "--color", "n"), "never\t\n");
	assert_string_equal(COMPLETE("--color=al"), "--color=always\t\n");
	assert_string_equal(COMPLETE("-c", ""), ":files\n");
	assert_string_equal(COMPLETE("--config="), ":files\n");
	assert_string_equal(COMPLETE("completion", ""), "bash\t\nzsh\t\nfish\t\n");
	assert_string_equal(COMPLETE("completion", "bash", ""), "");
	assert_true(offers(COMPLETE("help", "do"), "doctor"));
	assert_string_equal(COMPLETE("help", "doctor", ""), "");
	assert_string_equal(COMPLETE("nosuch", ""), "");
	assert_string_equal(COMPLETE("nosuch", "-"), "");
}

/* --- from ZooKeeper -------------------------------------------------------------------------- */

/* A command whose argument names this. *before: how many arguments are before that. */
static const char *command_with(const char *kind, size_t *before)
{
	static char name[64];
	struct rig_ctl_result r = rig_ctl(NULL, "help", "--json", NULL);
	json_t *all = rig_ctl_json(&r), *command, *word;
	const char *found = NULL;
	size_t i, k;

	json_array_foreach(json_object_get(all, "commands"), i, command)
	{
		json_array_foreach(json_object_get(command, "arguments"), k, word)
		{
			if (found || strcmp(json_string_value(word), kind) != 0)
				continue;
			snprintf(name, sizeof(name), "%s",
				 json_string_value(json_object_get(command, "name")));
			found = name;
			*before = k;
		}
	}
	json_decref(all);
	return found;
}

/* The candidates for a word of this kind; skips the test where no command takes one. */
static const char *names_of(const char *kind, const char *word)
{
	size_t before;
	const char *command = command_with(kind, &before);

	if (!command)
		skip();
	return before ? COMPLETE(command, "shop", word) : COMPLETE(command, word);
}

static void upstreams_are_offered_by_name(void **state UNUSED)
{
	const char *names = names_of("upstream", "");

	assert_true(offers(names, "shop"));
	assert_true(offers(names, "api"));
	assert_string_equal(names_of("upstream", "sh"), "shop\t\n");
	/* what a shell would execute, or cut, is not offered */
	assert_int_equal(count(names), 3);
}

static void servers_are_those_of_the_upstream(void **state UNUSED)
{
	assert_string_equal(names_of("server", "10"), "10.0.0.1:8080\t\n10.0.0.2:8080\t\n");
}

static void servers_that_are_discovered_are_offered(void **state UNUSED)
{
	size_t before;
	const char *command = command_with("server", &before);

	if (!command)
		skip();
	assert_string_equal(COMPLETE(command, "orders", ""), "10.0.0.9:80\t/services/orders\n");
}

static void sites_are_offered_by_name(void **state UNUSED)
{
	assert_string_equal(names_of("site", ""), "shop\t\n");
}

static void hosts_are_those_of_the_fleet(void **state UNUSED)
{
	assert_string_equal(names_of("host", ""), "web1\t\nweb2\t\nweb3\t\n");
}

static void revisions_have_their_time_and_author(void **state UNUSED)
{
	assert_string_equal(names_of("revision", ""),
			    "0123456789ab\t2026-11-22T15:04:05Z alice first\n");
}

static void paths_are_offered_one_level_at_a_time(void **state UNUSED)
{
	assert_true(offers(names_of("path", ""), "sites/"));
	assert_string_equal(names_of("path", "sn"), "snippets/\t\n");
	assert_string_equal(names_of("path", "snippets/http/"), "snippets/http/gzip\t\n");
	assert_string_equal(names_of("path", "upstreams/shop/10.0.0.2"),
			    "upstreams/shop/10.0.0.2:8080\t\n");
	assert_string_equal(names_of("path", "/nginx/config/si"), "/nginx/config/sites/\t\n");
	assert_true(offers(names_of("path", "/"), "/nginx"));
	assert_string_equal(names_of("path", "nosuch/"), "");
}

/* Of these only three are in ZooKeeper. */
static void every_kind_of_object_is_offered_also_before_the_first_one(void **state UNUSED)
{
	static const char *const kinds[] = { "upstreams", "sites",    "maps",    "geo",
					     "split",     "limits",   "caches",  "log_formats",
					     "templates", "defaults", "snippets" };
	const char *names = names_of("path", "");
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(name, sizeof(name), "%s/", kinds[i]);
		assert_true(offers(names, name));
		snprintf(name, sizeof(name), "/nginx/config/%s/", kinds[i]);
		assert_true(offers(names_of("path", "/nginx/config/"), name));
	}
	assert_int_equal(count(names), ARRAY_SIZE(kinds));
	names = names_of("path", "snippets/");
	assert_int_equal(count(names), 4);
	assert_true(offers(names, "snippets/location/"));
	assert_string_equal(names_of("path", "defaults/"),
			    "defaults/site\t\ndefaults/location\t\ndefaults/upstream\t\n");
}

static void without_zookeeper_nothing_is_offered_and_nothing_is_said(void **state UNUSED)
{
	size_t before;
	const char *command = command_with("host", &before);
	const char *words[] = { command, "", NULL };

	if (!command)
		skip();
	patience = "1s";
	assert_string_equal(complete_at("127.0.0.1:1", words).out, "");
	rig_zookeeper_pause(server);
	assert_string_equal(complete_at(rig_zookeeper_hosts(server), words).out, "");
	rig_zookeeper_resume(server);
	assert_string_equal(complete_at("no hosts at all", words).out, "");
	patience = "60s";
}

/* --- the shells ------------------------------------------------------------------------------ */

static void the_scripts_are_those_that_are_installed(void **state UNUSED)
{
	static const char *const shells[][2] = {
		{ "bash", "conf/completion/zknginxctl.bash" },
		{ "zsh", "conf/completion/_zknginxctl" },
		{ "fish", "conf/completion/zknginxctl.fish" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		struct rig_ctl_result r = rig_ctl(NULL, "completion", shells[i][0], NULL);

		rig_ctl_assert_code(&r, 0);
		if (strcmp(r.out, rig_read(shells[i][1]) ?: "") != 0)
			fail_msg("%s differs from the script of \"zknginxctl completion %s\"",
				 shells[i][1], shells[i][0]);
	}
}

/* A zknginxctl that waits longer for ZooKeeper, in a directory of its own. */
static void put_patient_command(const char *command)
{
	char *file = rig_path("bin/zknginxctl");

	mkdir(rig_path("bin"), 0755);
	rig_write(file, "#!/bin/sh\nexec %s --timeout 60s \"$@\"\n", command);
	assert_int_equal(chmod(file, 0755), 0);
}

/* An interactive bash with the command in its path and the script loaded. */
static struct rig_terminal *start_bash(void)
{
	const char *command = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	const char *const argv[] = { "bash", "--norc", "--noprofile", "-i", NULL };
	char line[PATH_MAX + 200], path[PATH_MAX];
	struct rig_terminal *t;

	assert_non_null(realpath(command, path));
	put_patient_command(path);
	t = rig_terminal_run(100, argv);
	snprintf(line, sizeof(line),
		 "PS1='ready> '; bind 'set bell-style none'; PATH=%s:$PATH; "
		 "export ZKNGINX_SERVERS=%s; source <(zknginxctl completion bash); echo load''ed\n",
		 rig_path("bin"), rig_zookeeper_hosts(server));
	rig_terminal_type(t, line);
	eventually(NULL, strstr(rig_terminal_shown(t), "loaded"));
	return t;
}

static void bash_completes_commands_and_options(void **state UNUSED)
{
	struct rig_terminal *t = start_bash();
	char text[512];

	rig_terminal_type(t, "zknginxctl doc\t");
	eventually(NULL, strstr(rig_terminal_shown(t), "zknginxctl doctor "));
	rig_terminal_type(t, "--js\t");
	eventually(NULL, strstr(rig_terminal_shown(t), "doctor --json "));
	rig_terminal_type(t, "--color=alw\t");
	eventually(NULL, strstr(rig_terminal_shown(t), "--json --color=always "));
	rig_write(rig_path("some.settings"), "%s", "");
	snprintf(text, sizeof(text), "-c %s/some.set\t", rig_directory());
	rig_terminal_type(t, text);
	eventually(NULL, strstr(rig_terminal_shown(t), "/some.settings "));
	rig_terminal_free(t);
}

static void bash_completes_names_with_colons(void **state UNUSED)
{
	size_t before;
	const char *command = command_with("server", &before);
	struct rig_terminal *t;
	char text[128];

	if (!command)
		skip();
	t = start_bash();
	snprintf(text, sizeof(text), "zknginxctl %s sh\t", command);
	rig_terminal_type(t, text);
	snprintf(text, sizeof(text), "%s shop ", command);
	eventually(NULL, strstr(rig_terminal_shown(t), text));
	rig_terminal_type(t, "10.0.0.1:\t");
	snprintf(text, sizeof(text), "%s shop 10.0.0.1:8080 ", command);
	eventually(NULL, strstr(rig_terminal_shown(t), text));
	rig_terminal_free(t);
}

static void bash_goes_on_in_a_directory_of_znodes(void **state UNUSED)
{
	size_t before;
	const char *command = command_with("path", &before);
	struct rig_terminal *t;
	char text[128];

	if (!command)
		skip();
	t = start_bash();
	snprintf(text, sizeof(text), "zknginxctl %s sni\th\tg\t", command);
	rig_terminal_type(t, text);
	eventually(NULL, strstr(rig_terminal_shown(t), "snippets/http/gzip "));
	rig_terminal_free(t);
}

/* Is the shell there? The test is skipped with a reason where it is not. */
static void need_shell(const char *path)
{
	if (access(path, X_OK) == 0)
		return;
	print_message("SKIPPED: there is no %s\n", path);
	skip();
}

/* The environment in which the shell finds the command and the server. */
static char *environment(void)
{
	const char *command = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	char path[PATH_MAX];

	assert_non_null(realpath(command, path));
	put_patient_command(path);
	return rig_text("export PATH=%s:$PATH ZKNGINX_SERVERS=%s", rig_path("bin"),
			rig_zookeeper_hosts(server));
}

static void bash_offers_the_kinds_of_objects(void **state UNUSED)
{
	struct rig_terminal *t = start_bash();

	rig_terminal_type(t, "zknginxctl get log_\t");
	eventually(NULL, strstr(rig_terminal_shown(t), "zknginxctl get log_formats/"));
	rig_terminal_free(t);
}

static void fish_offers_the_kinds_of_objects(void **state UNUSED)
{
	char *script = rig_text("%s; HOME=%s exec fish -c 'source conf/completion/zknginxctl.fish; "
				"complete -C \"zknginxctl get ma\"; complete -C \"zknginxctl get "
				"defaults/l\"'",
				environment(), rig_directory());
	char *argv[] = { "sh", "-c", script, NULL }, *output;

	need_shell("/usr/bin/fish");
	assert_int_equal(rig_run(&output, argv), 0);
	if (strcmp(output, "maps/\ndefaults/location\n") != 0)
		fail_msg("%s", output);
}

static void zsh_offers_the_kinds_of_objects(void **state UNUSED)
{
	char *script = rig_text("%s; exec zsh -f -i", environment());
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct rig_terminal *t;

	need_shell("/usr/bin/zsh");
	t = rig_terminal_run(100, argv);
	rig_terminal_type(t, "PS1='ready> '; unsetopt beep; autoload -U compinit; compinit -u -D; "
			     "source conf/completion/_zknginxctl; echo load''ed\n");
	eventually(NULL, strstr(rig_terminal_shown(t), "\nloaded") ||
				 strstr(rig_terminal_shown(t), "\rloaded"));
	rig_terminal_type(t, "zknginxctl get templ\t");
	eventually(NULL, strstr(rig_terminal_shown(t), "zknginxctl get templates/"));
	rig_terminal_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_and_option_of_the_table_is_offered),
		cmocka_unit_test(values_of_options_are_offered),
		cmocka_unit_test(upstreams_are_offered_by_name),
		cmocka_unit_test(servers_are_those_of_the_upstream),
		cmocka_unit_test(servers_that_are_discovered_are_offered),
		cmocka_unit_test(sites_are_offered_by_name),
		cmocka_unit_test(hosts_are_those_of_the_fleet),
		cmocka_unit_test(revisions_have_their_time_and_author),
		cmocka_unit_test(paths_are_offered_one_level_at_a_time),
		cmocka_unit_test(every_kind_of_object_is_offered_also_before_the_first_one),
		cmocka_unit_test(without_zookeeper_nothing_is_offered_and_nothing_is_said),
		cmocka_unit_test(the_scripts_are_those_that_are_installed),
		cmocka_unit_test(bash_completes_commands_and_options),
		cmocka_unit_test(bash_completes_names_with_colons),
		cmocka_unit_test(bash_goes_on_in_a_directory_of_znodes),
		cmocka_unit_test(bash_offers_the_kinds_of_objects),
		cmocka_unit_test(fish_offers_the_kinds_of_objects),
		cmocka_unit_test(zsh_offers_the_kinds_of_objects),
	};

	return cmocka_run_group_tests_name("completion", tests, setup, teardown);
}
