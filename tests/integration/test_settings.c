/*
 * The settings file: defaults, values and changes while running; the shipped sample and the man
 * page agree with the table. No server is needed.
 */
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "host/settings.h"
#include "rig.h"

#define SAMPLE "conf/zknginxd.conf"
#define MANUAL "conf/man/zknginxd.conf.5"

static int tear_down(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static const char *write_file(const char *text)
{
	const char *path = rig_path("zknginxd.conf");

	rig_write(path, "%s", text);
	return path;
}

static struct settings_file *load(const char *text)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct settings_file *f = NULL;

	if (settings_load(write_file(text), false, &f, &errors) < 0)
		fail_msg("refused: %s\n%s", text, errors.items[0].text);
	return f;
}

/* The first error of a file that is refused. */
static struct settings_error refused(const char *path, bool missing_ok)
{
	struct settings_errors errors = { 0 };
	struct settings_file *f = NULL;
	struct settings_error first;
	static char text[1024];

	assert_int_equal(settings_load(path, missing_ok, &f, &errors), -1);
	assert_null(f);
	assert_true(errors.count > 0);
	first = errors.items[0];
	snprintf(text, sizeof(text), "%s:%u: %s", first.file ?: "", first.line, first.text);
	first.text = text;
	settings_errors_fini(&errors);
	return first;
}

/* --- values --------------------------------------------------------------------------------- */

static void assert_fleet_defaults(const struct settings *s)
{
	const struct rollout_settings *r = &s->rollout;

	assert_string_equal(s->cluster.host, "");
	assert_string_equal(s->cluster.address, "");
	assert_string_equal(s->cluster.service, "");
	assert_null(s->cluster.on_elected[0]);
	assert_null(s->cluster.on_resigned[0]);
	assert_null(s->cluster.on_live[0]);
	assert_int_equal(s->cluster.command_timeout, 10 * USEC_PER_SEC);
	assert_int_equal(r->mode, ROLLOUT_ALL);
	assert_int_equal(r->canaries, 1);
	assert_null(r->canary_hosts[0]);
	assert_string_equal(r->batch, "25%");
	assert_int_equal(r->bake_time, 60 * USEC_PER_SEC);
	assert_int_equal(r->batch_time, 10 * USEC_PER_SEC);
	assert_int_equal(r->settle, USEC_PER_SEC);
	assert_int_equal(r->apply_timeout, 120 * USEC_PER_SEC);
	assert_int_equal(r->vanish_timeout, 15 * USEC_PER_SEC);
	assert_int_equal(r->max_failures, 0);
	assert_int_equal(r->on_failure, FAILURE_HALT);
	assert_true(r->join);
	assert_false(r->freeze);
	assert_null(r->gate[0]);
	assert_int_equal(r->gate_timeout, 30 * USEC_PER_SEC);
	assert_int_equal(r->gate_interval, 10 * USEC_PER_SEC);
	assert_int_equal(r->max_errors, 5);
	assert_int_equal(r->max_upstream_errors, 20);
	assert_int_equal(r->min_requests, 20);
	assert_int_equal(s->history.keep, 50);
	assert_null(s->alerts.command[0]);
	assert_int_equal(s->alerts.timeout, 10 * USEC_PER_SEC);
	assert_int_equal(s->alerts.raise_after, 5 * USEC_PER_SEC);
	assert_int_equal(s->alerts.clear_after, 30 * USEC_PER_SEC);
	assert_int_equal(s->alerts.repeat, 3600 * USEC_PER_SEC);
	assert_int_equal(s->alerts.lag, 600 * USEC_PER_SEC);
}

static void assert_defaults(const struct settings *s)
{
	static const char *const roots[] = { "/srv", "/var/www", "/usr/share/nginx" };

	assert_string_equal(s->zookeeper.hosts, "127.0.0.1:2181");
	assert_string_equal(s->zookeeper.config, "/nginx/config");
	assert_string_equal(s->zookeeper.cluster, "/nginx/cluster");
	assert_int_equal(s->zookeeper.session_timeout, 10 * USEC_PER_SEC);
	assert_string_equal(s->zookeeper.auth_file, "");
	assert_int_equal(s->zookeeper.watch_limit, 900 * 1024);
	assert_int_equal(s->zookeeper.max_frame, 4 * 1024 * 1024);
	assert_int_equal(s->zookeeper.max_data, 64 * 1024 * 1024);
	assert_string_equal(s->nginx.binary, "/usr/sbin/nginx");
	assert_string_equal(s->nginx.config, "/etc/nginx/nginx.conf");
	assert_string_equal(s->nginx.pid, "/run/nginx.pid");
	assert_int_equal(s->nginx.test_timeout, 10 * USEC_PER_SEC);
	assert_int_equal(s->nginx.reload_timeout, 30 * USEC_PER_SEC);
	assert_int_equal(s->nginx.reload_gap, USEC_PER_SEC);
	assert_int_equal(s->nginx.sandbox, SANDBOX_AUTO);
	assert_string_equal(s->nginx.log_directory, "/var/log/nginx");
	assert_string_equal(s->nginx.probe, "");
	assert_int_equal(s->nginx.drift, DRIFT_REPAIR);
	assert_int_equal(s->nginx.linger, 3600 * USEC_PER_SEC);
	assert_string_equal(s->state.directory, "/var/lib/zknginxd");
	assert_int_equal(s->state.keep, 10);
	assert_int_equal(s->snippets.policy, POLICY_SAFE);
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		assert_string_equal(s->snippets.roots[i], roots[i]);
	assert_null(s->snippets.roots[ARRAY_SIZE(roots)]);
	assert_string_equal(s->snippets.certificates[0], "/etc/ssl");
	assert_string_equal(s->snippets.certificates[1], "/etc/letsencrypt");
	assert_string_equal(s->snippets.certificates[2], "/etc/nginx");
	assert_null(s->snippets.certificates[3]);
	assert_null(s->discover.networks[0]);
	assert_int_equal(s->guard.max_shrink, 50);
	assert_int_equal(s->guard.window, 10 * USEC_PER_SEC);
	assert_true(s->guard.hold == NEVER);
	assert_int_equal(s->guard.readmit, 0);
	assert_fleet_defaults(s);
	assert_string_equal(s->metrics.listen, "");
	assert_int_equal(s->log.level, LOG_LEVEL_INFO);
}

static void an_empty_file_gives_the_defaults(void **state UNUSED)
{
	struct settings_file *f = load("");

	assert_defaults(settings_get(f));
	settings_free(f);
	f = load("# nothing but a comment\nzookeeper = { };\n");
	assert_defaults(settings_get(f));
	settings_free(f);
}

static void a_missing_file_is_an_error_unless_it_may_be_missing(void **state UNUSED)
{
	const char *path = rig_path("no-such-file");
	struct settings_errors errors = { 0 };
	struct settings_file *f = NULL;

	assert_non_null(strstr(refused(path, false).text, path));
	assert_int_equal(settings_load(path, true, &f, &errors), 0);
	assert_defaults(settings_get(f));
	settings_free(f);
	/* an unreadable file is not a missing file */
	assert_non_null(strstr(refused(rig_directory(), true).text, "not a regular file"));
}

static void values_are_read_from_the_file(void **state UNUSED)
{
	struct settings_file *f =
		load("zookeeper = { hosts = \"zk1, [2001:db8::1]:2182,10.0.0.3/prod/eu\";\n"
		     "  config = \"/a\"; cluster = \"/ab\"; session_timeout = \"90s\";\n"
		     "  auth_file = \"/etc/zk.auth\"; watch_limit = \"1g\"; max_frame = \"64k\";\n"
		     "  max_data = \"1g\"; };\n"
		     "nginx = { test_timeout = \"250ms\"; reload_timeout = \"5m\"; reload_gap = "
		     "\"0s\";\n"
		     "  sandbox = \"fallback\"; };\n"
		     "state : { keep : 3L }\n"
		     "snippets = { policy = \"off\"; roots = (\"/a-b\", \"/c\"); };\n"
		     "discover = { networks = [ \"10.0.0.0/8\", \"fd00::/8\" ]; };\n"
		     "guard = { hold = \"1h\"; window = \"1m\"; max_shrink = 0; };\n"
		     "cluster = { host = \"web-1.example.com\"; address = \"[::1]:80\"; };\n"
		     "metrics = { listen = \"[::1]:9641\"; }; log = { level = \"debug\"; };\n");
	const struct settings *s = settings_get(f);

	assert_string_equal(s->zookeeper.hosts,
			    "zk1:2181,[2001:db8::1]:2182,10.0.0.3:2181/prod/eu");
	assert_string_equal(s->zookeeper.cluster, "/ab");
	assert_int_equal(s->zookeeper.session_timeout, 90 * USEC_PER_SEC);
	assert_int_equal(s->zookeeper.watch_limit, 1024 * 1024 * 1024);
	assert_int_equal(s->zookeeper.max_frame, 64 * 1024);
	assert_int_equal(s->zookeeper.max_data, 1024 * 1024 * 1024);
	assert_int_equal(s->nginx.test_timeout, 250 * USEC_PER_MSEC);
	assert_int_equal(s->nginx.reload_timeout, 300 * USEC_PER_SEC);
	assert_int_equal(s->nginx.reload_gap, 0);
	assert_int_equal(s->state.keep, 3);
	assert_int_equal(s->snippets.policy, POLICY_OFF);
	assert_string_equal(s->snippets.roots[1], "/c");
	assert_null(s->snippets.roots[2]);
	assert_string_equal(s->discover.networks[1], "fd00::/8");
	assert_null(s->discover.networks[2]);
	assert_true(s->guard.hold == 3600 * USEC_PER_SEC);
	assert_int_equal(s->guard.max_shrink, 0);
	assert_string_equal(s->cluster.address, "[::1]:80");
	assert_string_equal(s->metrics.listen, "[::1]:9641");
	assert_int_equal(s->log.level, LOG_LEVEL_DEBUG);
	/* a setting that is not in the file keeps its default */
	assert_string_equal(s->nginx.pid, "/run/nginx.pid");
	settings_free(f);
}

/* Every one differs from its default. */
#define FLEET                                                                                      \
	"nginx = { probe = \"127.0.0.1:9642\"; drift = \"report\"; linger = \"never\"; };\n"       \
	"cluster = { service = \"/services/nginx\"; on_elected = [ \"/bin/a b\" ];\n"              \
	"  on_resigned = (\"/bin/r\"); on_live = [ \"/bin/l\", \"\", \"$x;\" ];\n"                 \
	"  command_timeout = \"100ms\"; };\n"                                                      \
	"rollout = { mode = \"canary\"; canaries = [ \"web1\", \"web2\" ]; batch = 3;\n"           \
	"  bake_time = \"7d\"; batch_time = \"0s\"; settle = \"0s\"; apply_timeout = \"1d\";\n"    \
	"  vanish_timeout = \"1s\"; max_failures = 2; on_failure = \"revert\"; join = false;\n"    \
	"  freeze = true; gate = [ \"/bin/g\" ]; gate_timeout = \"1h\"; gate_interval = \"1s\";\n" \
	"  max_errors = 0; max_upstream_errors = 100; min_requests = 1000000; };\n"                \
	"history = { keep = 1; };\n"                                                               \
	"alerts = { command = [ \"/bin/c\", \"x\" ]; timeout = \"10m\"; raise_after = \"0s\";\n"   \
	"  clear_after = \"1d\"; repeat = \"never\"; lag = \"30d\"; };\n"

static void assert_texts(const char *const *texts, const char *const *expected)
{
	for (; *expected; expected++, texts++)
		assert_string_equal(*texts ?: "(the end)", *expected);
	assert_null(*texts);
}
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void assert_rollout(const struct rollout_settings *r)
{
	assert_int_equal(r->mode, ROLLOUT_CANARY);
	assert_int_equal(r->canaries, 1);
	assert_texts(r->canary_hosts, TEXTS("web1", "web2"));
	assert_string_equal(r->batch, "3");
	assert_int_equal(r->bake_time, 7 * 86400 * USEC_PER_SEC);
	assert_int_equal(r->batch_time, 0);
	assert_int_equal(r->settle, 0);
	assert_int_equal(r->apply_timeout, 86400 * USEC_PER_SEC);
	assert_int_equal(r->vanish_timeout, USEC_PER_SEC);
	assert_int_equal(r->max_failures, 2);
	assert_int_equal(r->on_failure, FAILURE_REVERT);
	assert_false(r->join);
	assert_true(r->freeze);
	assert_texts(r->gate, TEXTS("/bin/g"));
	assert_int_equal(r->gate_timeout, 3600 * USEC_PER_SEC);
	assert_int_equal(r->gate_interval, USEC_PER_SEC);
	assert_int_equal(r->max_errors, 0);
	assert_int_equal(r->max_upstream_errors, 100);
	assert_int_equal(r->min_requests, 1000000);
}

static void values_of_the_fleet_are_read_from_the_file(void **state UNUSED)
{
	struct settings_file *f = load(FLEET);
	const struct settings *s = settings_get(f);

	assert_string_equal(s->nginx.probe, "127.0.0.1:9642");
	assert_int_equal(s->nginx.drift, DRIFT_REPORT);
	assert_true(s->nginx.linger == NEVER);
	assert_string_equal(s->cluster.service, "/services/nginx");
	assert_texts(s->cluster.on_elected, TEXTS("/bin/a b"));
	assert_texts(s->cluster.on_resigned, TEXTS("/bin/r"));
	assert_texts(s->cluster.on_live, TEXTS("/bin/l", "", "$x;"));
	assert_int_equal(s->cluster.command_timeout, 100 * USEC_PER_MSEC);
	assert_rollout(&s->rollout);
	assert_int_equal(s->history.keep, 1);
	assert_texts(s->alerts.command, TEXTS("/bin/c", "x"));
	assert_int_equal(s->alerts.timeout, 600 * USEC_PER_SEC);
	assert_int_equal(s->alerts.raise_after, 0);
	assert_int_equal(s->alerts.clear_after, 86400 * USEC_PER_SEC);
	assert_true(s->alerts.repeat == NEVER);
	assert_int_equal(s->alerts.lag, 30 * 86400 * USEC_PER_SEC);
	settings_free(f);
}

static void a_value_may_be_written_in_several_ways(void **state UNUSED)
{
	struct settings_file *f =
		load("nginx = { probe = \"[::1]:9642\"; };\n"
		     "rollout = { canaries = 7; batch = \"3\"; join = TRUE; };\n");

	assert_string_equal(settings_get(f)->nginx.probe, "[::1]:9642");
	assert_int_equal(settings_get(f)->rollout.canaries, 7);
	assert_null(settings_get(f)->rollout.canary_hosts[0]);
	assert_string_equal(settings_get(f)->rollout.batch, "3");
	assert_true(settings_get(f)->rollout.join);
	settings_free(f);
	/* paths that only seem to contain each other */
	f = load("cluster = { service = \"/nginx/configs\"; };\n"
		 "metrics = { listen = \"127.0.0.1:9642\"; };\n"
		 "nginx = { probe = \"127.0.0.1:9643\"; };\n");
	assert_string_equal(settings_get(f)->cluster.service, "/nginx/configs");
	settings_free(f);
}

static void values_of_the_host_have_any_names(void **state UNUSED)
{
	struct settings_file *f = load("vars = { ip = \"10.0.0.5\"; rack = 12; empty = \"\"; };\n");
	const struct host_var *vars = settings_get(f)->vars;
	struct settings_error error;

	assert_string_equal(vars[0].name, "ip");
	assert_string_equal(vars[0].value, "10.0.0.5");
	assert_string_equal(vars[1].value, "12");
	assert_string_equal(vars[2].value, "");
	assert_null(vars[3].name);
	settings_free(f);
	f = load("");
	assert_null(settings_get(f)->vars[0].name);
	settings_free(f);
	error = refused(write_file("vars = {\n ip = [ 1 ]; };\n"), false);
	assert_non_null(strstr(error.text, "vars.ip: expected a string of one line"));
	assert_int_equal(error.line, 2);
	error = refused(write_file("vars = \"x\";\n"), false);
	assert_non_null(strstr(error.text, "vars: expected a group"));
}

static void an_included_file_is_read_and_named_in_errors(void **state UNUSED)
{
	char *inner = rig_path("inner.conf"), *outer = rig_path("outer.conf");
	struct settings_file *f = NULL;
	struct settings_errors errors = { 0 };

	rig_write(inner, "log = { level = \"error\"; };\n");
	rig_write(outer, "@include \"%s\"\nstate = { keep = 4; };\n", inner);
	assert_int_equal(settings_load(outer, false, &f, &errors), 0);
	assert_int_equal(settings_get(f)->log.level, LOG_LEVEL_ERROR);
	assert_int_equal(settings_get(f)->state.keep, 4);
	settings_free(f);
	/* an error names its file */
	rig_write(inner, "\nlog = { level = 5000000000; };\n");
	assert_non_null(
		strstr(refused(outer, false).text, "inner.conf:2: 5000000000 is too large"));
	/* libconfig would end the process over this one */
	rig_write(outer, "\n\n  @include \"%s\"\n", rig_directory());
	assert_non_null(strstr(refused(outer, false).text, "outer.conf:3: @include: "));
	rig_write(outer, "@include \"%s\"\n", outer);
	assert_non_null(strstr(refused(outer, false).text, "include"));
}

/* --- changes while running -------------------------------------------------------------------- */

static void changes_that_need_a_restart_are_named(void **state UNUSED)
{
	struct settings_file *a = load(""), *b = load("zookeeper = { hosts = \"zk1\"; };\n"
						      "nginx = { reload_gap = \"7s\"; };\n"
						      "state = { directory = \"/x\"; keep = 5; };\n"
						      "snippets = { roots = [ \"/y\" ]; };\n"
						      "log = { level = \"debug\"; };\n");
	const struct settings *now = settings_get(a);
	struct buf fixed = BUF_INIT;

	assert_int_equal(settings_fixed_changes(now, settings_get(a), &fixed), 0);
	assert_string_equal(buf_str(&fixed), "");
	assert_int_equal(settings_fixed_changes(now, settings_get(b), &fixed), 2);
	assert_string_equal(buf_str(&fixed), "zookeeper.hosts, state.directory");
	buf_clear(&fixed);
	settings_free(b);
	b = load(FLEET);
	assert_int_equal(settings_fixed_changes(now, settings_get(b), &fixed), 2);
	assert_string_equal(buf_str(&fixed), "nginx.probe, cluster.service");
	buf_fini(&fixed);
	settings_free(a);
	settings_free(b);
}

/* --- the sample and the man page -------------------------------------------------------------- */

/* A value of the sample, written like a default of the table. */
static char *value_text(const config_setting_t *node)
{
	struct buf out = BUF_INIT;
	static char text[512];

	if (config_setting_type(node) == CONFIG_TYPE_INT)
		buf_printf(&out, "%d", config_setting_get_int(node));
	else if (config_setting_type(node) == CONFIG_TYPE_STRING)
		buf_puts(&out, config_setting_get_string(node));
	else if (config_setting_type(node) == CONFIG_TYPE_BOOL)
		buf_puts(&out, config_setting_get_bool(node) ? "true" : "false");
	for (int i = 0; i < config_setting_length(node); i++)
		buf_printf(&out, "%s%s", i ? ", " : "", config_setting_get_string_elem(node, i));
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_fini(&out);
	return text;
}

static void the_sample_has_every_setting_with_its_default(void **state UNUSED)
{
	const char *path, *default_text;
	struct settings_errors errors = { 0 };
	struct settings_file *f = NULL;
	config_t config;
	bool reloadable;

	if (settings_load(SAMPLE, false, &f, &errors) < 0)
		fail_msg("%s", errors.items[0].text);
	assert_defaults(settings_get(f));
	settings_free(f);
	config_init(&config);
	assert_int_equal(config_read_file(&config, SAMPLE), CONFIG_TRUE);
	for (size_t i = 0; settings_key(i, &path, &default_text, &reloadable); i++) {
		const config_setting_t *node = config_lookup(&config, path);

		if (!node)
			fail_msg("%s does not mention %s", SAMPLE, path);
		assert_string_equal(value_text(node), default_text);
	}
	config_destroy(&config);
}

/* The lines of one group of the man page: from its .Ss to the next heading. */
static char *manual_section(const char *manual, const char *group, size_t size)
{
	static char heading[64], section[16384];
	const char *start, *end, *part;

	snprintf(heading, sizeof(heading), "\n.Ss %.*s\n", (int)size, group);
	start = strstr(manual, heading);
	if (!start)
		fail_msg("%s has no section %s", MANUAL, heading + 1);
	start += strlen(heading);
	end = strstr(start, "\n.Ss ");
	part = strstr(start, "\n.Sh ");
	if (!end || (part && part < end))
		end = part;
	snprintf(section, sizeof(section), "\n%.*s\n",
		 (int)(end ? end - start : (ptrdiff_t)strlen(start)), start);
	return section;
}

/* Each key is ".It Ic key No = DEFAULT"; its text says so when a change needs a restart. */
static char *manual_item(const char *manual, const char *path)
{
	const char *dot = strchr(path, '.');
	char *section = manual_section(manual, path, (size_t)(dot - path)), head[128], *item, *end;

	snprintf(head, sizeof(head), "\n.It Ic %s No = ", dot + 1);
	item = strstr(section, head);
	if (!item)
		fail_msg("%s does not describe %s", MANUAL, path);
	item++;
	end = strstr(item, "\n.It Ic ");
	if (end)
		*end = '\0';
	return item;
}

static void the_manual_has_every_setting_with_its_default(void **state UNUSED)
{
	const char *manual = rig_read(MANUAL), *path, *default_text;
	bool reloadable;

	assert_non_null(manual);
	for (size_t i = 0; settings_key(i, &path, &default_text, &reloadable); i++) {
		char *item = manual_item(manual, path);
		size_t head = strcspn(item, "\n"), size;

		for (const char *part = default_text; *part;
		     part += size + strspn(part + size, ", ")) {
			size = strcspn(part, ",");
			if (!memmem(item, head, part, size))
				fail_msg("%s: not the default of %s, %s", MANUAL, path,
					 default_text);
		}
		if (reloadable == !!strstr(item, "Needs a restart."))
			fail_msg("%s: does a change of %s need a restart?", MANUAL, path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_empty_file_gives_the_defaults, tear_down),
		cmocka_unit_test_teardown(a_missing_file_is_an_error_unless_it_may_be_missing,
					  tear_down),
		cmocka_unit_test_teardown(values_are_read_from_the_file, tear_down),
		cmocka_unit_test_teardown(values_of_the_fleet_are_read_from_the_file, tear_down),
		cmocka_unit_test_teardown(a_value_may_be_written_in_several_ways, tear_down),
		cmocka_unit_test_teardown(values_of_the_host_have_any_names, tear_down),
		cmocka_unit_test_teardown(an_included_file_is_read_and_named_in_errors, tear_down),
		cmocka_unit_test_teardown(changes_that_need_a_restart_are_named, tear_down),
		cmocka_unit_test_teardown(the_sample_has_every_setting_with_its_default, tear_down),
		cmocka_unit_test_teardown(the_manual_has_every_setting_with_its_default, tear_down),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
