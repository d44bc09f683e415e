/* The settings file: every kind of error is reported with its line and what was expected. */
#include <stdio.h>
#include <string.h>

#include "host/settings.h"
#include "rig.h"

static int tear_down(void **state UNUSED)
{
	rig_clean();
	return 0;
}

/* What is printed for a file that is refused, without the last newline. Valid until the next call.
 */
static const char *refused(const char *text)
{
	static char printed[16384];
	struct settings_errors errors = { 0 };
	const char *path = rig_path("zknginxd.conf");
	FILE *out = fmemopen(printed, sizeof(printed), "w");
	struct settings_file *f = NULL;

	rig_write(path, "%s", text);
	if (settings_load(path, false, &f, &errors) == 0)
		fail_msg("accepted: %s", text);
	assert_null(f);
	settings_errors_print(&errors, "", out);
	settings_errors_fini(&errors);
	assert_int_equal(fclose(out), 0);
	assert_true(*printed);
	printed[strlen(printed) - 1] = '\0';
	return printed;
}

static const struct bad {
	const char *text;
	const char *error; /* with its line */
} bads[] = {
	{ "\nzookeeper = {\n host = \"x\"; };",
	  ":3: zookeeper.host: unknown key; known are hosts, " },
	{ "zookeper = { };", ":1: zookeper: unknown key; known are zookeeper, nginx, state, " },
	{ "zookeeper = {\n tls = { ca = \"x\"; }; };",
	  ":2: zookeeper.tls.ca: expected an absolute path" },
	{ "zookeeper = { tls = { name = \"x\"; }; };",
	  ": zookeeper.tls.name: unknown key; known are ca, certificate, key, server_name, "
	  "verify" },
	{ "\n\nlog = \"info\";", ":3: log: expected a group, " },
	{ "zookeeper = { session_timeout = 10; };",
	  ":1: zookeeper.session_timeout: expected a duration as a string, \"1s\" to \"10m\"; "
	  "found "
	  "a "
	  "number" },
	{ "zookeeper = { session_timeout = \"10\"; };", "; found \"10\"" },
	{ "zookeeper = { session_timeout = \"10 s\"; };", "; found \"10 s\"" },
	{ "zookeeper = { session_timeout = \"-1s\"; };", "; found \"-1s\"" },
	{ "zookeeper = { session_timeout = \"1.5s\"; };", "; found \"1.5s\"" },
	{ "zookeeper = { session_timeout = \"11m\"; };", "\"1s\" to \"10m\"; found \"11m\"" },
	{ "zookeeper = { session_timeout = \"never\"; };", "; found \"never\"" },
	{ "nginx = { test_timeout = \"18446744073709551615d\"; };", "; found \"184" },
	{ "nginx = { test_timeout = \"99999999999999999999999s\"; };", "; found \"999" },
	{ "guard = { hold = \"forever\"; };",
	  "\"1s\" to \"30d\", or \"never\"; found \"forever\"" },
	{ "zookeeper = { watch_limit = \"5\"; };",
	  "expected a size as a string, \"16k\" to \"1g\"" },
	{ "zookeeper = { watch_limit = \"1mb\"; };", "; found \"1mb\"" },
	/* the password in place of the file that holds it */
	{ "zookeeper = { auth_file = \"digest u:S3cr3t\"; };",
	  "; found \"dig…\" (12 bytes are not shown)" },
	{ "state = { keep = \"10\"; };",
	  ": state.keep: expected a whole number, 1 to 10000; found a string" },
	{ "state = { keep = 0; };", "; found 0" },
	{ "state = { keep = 1.5; };", "; found a fraction" },
	{ "state = { keep = true; };", "; found true or false" },
	{ "state = {\n keep = 5000000000; };", ":2: 5000000000 is too large a number" },
	{ "state = { keep =\n 4294967297; };", ":2: 4294967297 is too large" }, /* would be 1 */
	{ "state = { keep =\n 5000000000; };", ":2: 5000000000 is too large" },
	{ "state = { keep = 0xfffffffff; };", ": 0xfffffffff is too large" },
	{ "state = { keep = 99999999999999999999L; };", ": 99999999999999999999L is too large" },
	{ "guard = { max_shrink = 101; };", "0 to 100; found 101" },
	{ "guard = { max_shrink = -1; };", "0 to 100; found -1" },
	{ "snippets = { policy = \"Safe\"; };",
	  ": snippets.policy: expected one of \"off\", \"safe\", \"all\"; found \"Safe\"" },
	{ "snippets = { roots = \"/srv\"; };", "expected an array of strings, at most 64" },
	{ "snippets = { roots = [ 1 ]; };", "; found a number" },
	{ "snippets = { roots = [ \"srv\" ]; };", "expected an absolute path" },
	{ "snippets = { roots = [ \"/srv/../etc\" ]; };", "expected an absolute path" },
	{ "log = { level = \"chatty\"; };", "one of \"error\", \"warning\", " },
	{ "zookeeper = { hosts = \"\"; };", ": zookeeper.hosts: expected \"host:port" },
	{ "zookeeper = { hosts = \"a:0\"; };", "; found \"a:0\"" },
	{ "zookeeper = { hosts = \"a:65536\"; };", "; found \"a:65536\"" },
	{ "zookeeper = { hosts = \"a:21x\"; };", "; found \"a:21x\"" },
	{ "zookeeper = { hosts = \"a,,b\"; };", "; found \"a,,b\"" },
	{ "zookeeper = { hosts = \"a,\"; };", "; found \"a,\"" },
	{ "zookeeper = { hosts = \"2001:db8::1\"; };", "an IPv6 address is in brackets" },
	{ "zookeeper = { hosts = \"[::1\"; };", "; found \"[::1\"" },
	{ "zookeeper = { hosts = \"a/\"; };", "; found \"a/\"" },
	{ "zookeeper = { config = \"nginx\"; };", "expected an absolute znode path" },
	{ "zookeeper = { config = \"/nginx/\"; };", "expected an absolute znode path" },
	{ "zookeeper = { config = \"/nginx//config\"; };", "expected an absolute znode path" },
	{ "zookeeper = { config = \"/\"; };", "expected an absolute znode path" },
	{ "zookeeper = {\n config = \"/nginx\"; };",
	  ":2: zookeeper.config (/nginx) and "
	  "zookeeper.cluster (/nginx/cluster) must be different" },
	{ "zookeeper = { cluster = \"/nginx/config/x\"; };",
	  "must be different znodes, and neither may be below the other" },
	{ "zookeeper = { cluster = \"/nginx/config\"; };",
	  "must be different znodes, and neither may be below the other" },
	{ "nginx = { binary = \"nginx\"; };", ": nginx.binary: expected an absolute path" },
	{ "nginx = { binary = \"\"; };", ": nginx.binary: expected an absolute path" },
	{ "nginx = { log_directory = \"/var/log/$x\"; };", "expected an absolute path" },
	{ "nginx = { probe = \"10.0.0.1:80\"; };",
	  ": nginx.probe: expected a loopback address and a port, such as \"127.0.0.1:9642\" or "
	  "\"[::1]:9642\"; found \"10.0.0.1:80\"" },
	{ "nginx = { probe = \"127.0.0.1\"; };", "expected a loopback address and a port" },
	{ "nginx = { probe = \"[::2]:80\"; };", "expected a loopback address and a port" },
	{ "nginx = { probe = \"localhost:80\"; };", "expected a loopback address and a port" },
	{ "nginx = { probe = \"127.0.0.1:9641\"; };\nmetrics = { listen = \"127.0.0.1:9641\"; };",
	  ":1: nginx.probe and metrics.listen are both 127.0.0.1:9641" },
	{ "nginx = { drift = \"ignore\"; };", "expected one of \"repair\", \"report\"; found" },
	{ "nginx = { linger = \"31d\"; };", "\"1s\" to \"30d\", or \"never\"; found \"31d\"" },
	{ "metrics = { listen = \"localhost:9641\"; };", "expected a numeric address and a port" },
	{ "metrics = { listen = \"9641\"; };", "expected a numeric address and a port" },
	{ "metrics = { listen = \"unix:metrics.sock\"; };",
	  "or a unix socket, such as \"unix:/run/zknginxd/metrics.sock\"" },
	{ "metrics = { listen = \"unix:/\"; };", "expected a numeric address and a port" },
	{ "cluster = { host = \"a/b\"; };", "expected a host name" },
	{ "cluster = { address = \"a:b\"; };", "expected \"host\" or \"host:port\"" },
	{ "cluster = { service = \"services\"; };",
	  ": cluster.service: expected an absolute znode" },
	{ "cluster = { service = \"/nginx/config/x\"; };",
	  ":1: zookeeper.config (/nginx/config) and cluster.service (/nginx/config/x) must be "
	  "different" },
	{ "cluster = { service = \"/nginx/cluster/members\"; };",
	  "must be different znodes, and neither may be below the other" },
	{ "zookeeper = { config = \"/a/b\"; };\n\ncluster = { service = \"/a\"; };",
	  ":3: zookeeper.config (/a/b) and cluster.service (/a) must be different znodes, and "
	  "neither may be below the other" },
	{ "cluster = { on_elected = \"/bin/x\"; };",
	  ": cluster.on_elected: expected a program and its arguments as an array of strings, at "
	  "most 64; found a string" },
	{ "cluster = { on_live = [ \"sh\", \"-c\" ]; };",
	  ": cluster.on_live: expected the absolute path of a program as the first entry" },
	{ "cluster = { on_live = [ \"\" ]; };", "as the first entry" },
	{ "cluster = { on_live = ( \"/bin/x\", 5 ); };",
	  "an array of strings, at most 64; found a number" },
	{ "rollout = { mode = \"canaries\"; };",
	  ": rollout.mode: expected one of \"all\", \"canary\", \"manual\"; found \"canaries\"" },
	{ "rollout = { canaries = \"1\"; };",
	  ": rollout.canaries: expected a whole number, 1 to 10000, or an array of strings, "
	  "1 to 1000 of them; found a string" },
	{ "rollout = { canaries = 0; };", "1 to 1000 of them; found 0" },
	{ "rollout = { canaries = []; };",
	  ": rollout.canaries: expected an array of strings, 1 to 1000 of them; "
	  "found 0" },
	{ "rollout = { canaries = [ \"a b\" ]; };",
	  ": rollout.canaries: expected names of hosts, as in their cluster.host" },
	{ "rollout = { canaries = [ 1, 2 ]; };", "; found a number" },
	{ "rollout = { batch = 0; };",
	  ": rollout.batch: expected a number of hosts, \"3\", or a share of them, \"25%\"; found "
	  "\"0\"" },
	{ "rollout = { batch = \"101%\"; };", "; found \"101%\"" },
	{ "rollout = { batch = true; };",
	  ": rollout.batch: expected a number, or a string; found true or false" },
	{ "rollout = { batch = 5000000000; };", ": 5000000000 is too large" },
	{ "rollout = { join = 1; };", ": rollout.join: expected true or false; found a number" },
	{ "rollout = { freeze = \"true\"; };",
	  ": rollout.freeze: expected true or false; found a string" },
	{ "rollout = { max_errors = 101; };", "0 to 100; found 101" },
	{ "rollout = { gate = [ \"./gate\" ]; };", "as the first entry" },
	{ "rollout = { percent = 5; };", "known are mode, canaries, batch, " },
	{ "history = { keep = 0; };",
	  ": history.keep: expected a whole number, 1 to 10000; found 0" },
	{ "alerts = { repeat = \"30s\"; };", "\"1m\" to \"30d\", or \"never\"; found \"30s\"" },
	{ "alerts = { lag = \"never\"; };", "; found \"never\"" },
	{ "state = { keep = 1; keep = 2; };", ":1: duplicate setting name" },
	{ "\nstate = { keep = ; };", ":2: syntax error" },
	{ "state.keep = 1;", ":1: syntax error" },
};

static void each_error_names_its_file_line_and_setting(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		const char *said = refused(bads[i].text);

		if (strncmp(said, rig_directory(), strlen(rig_directory())) != 0 ||
		    !strstr(said, bads[i].error))
			fail_msg("%s\nsays: %s\nnot:  %s", bads[i].text, said, bads[i].error);
		if (strchr(said, '\n'))
			fail_msg("%s\nsays more than one thing:\n%s", bads[i].text, said);
	}
}

/* The check searches the text for numbers: it must ignore those in strings and comments. */
static void large_numbers_in_strings_and_comments_are_no_error(void **state UNUSED)
{
	static const char text[] = "# 5000000000\n// 5000000000\n/* 5000000000\n */\n"
				   "cluster = { host = \"5000000000\"\n\"-5000000000\"; };\n";
	struct settings_file *f = NULL;
	struct settings_errors errors = { 0 };
	const char *path = rig_path("zknginxd.conf");

	rig_write(path, "%s", text);
	assert_int_equal(settings_load(path, false, &f, &errors), 0);
	assert_string_equal(settings_get(f)->cluster.host, "5000000000-5000000000");
	settings_free(f);
	assert_null(strstr(refused("cluster = { host = \"\\\" 5000000000\"; };"), "too large"));
}

static void all_errors_are_reported_at_once(void **state UNUSED)
{
	static const char *const wanted[] = {
		":1: state.keep", "\n", ":2: guard.hold", "\n", ":3: 5000000000", "\n",
		":3: log.level",  "\n", ":4: x",
	};
	struct buf text = BUF_INIT;
	const char *said = refused("state = { keep = 0; };\nguard = { hold = 1; };\n"
				   "log = { level = 5000000000; };\nx = 1;\n");
	const char *at = said;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		at = strstr(at, wanted[i]);
		if (!at)
			fail_msg("no %s in its place: %s", wanted[i], said);
	}
	for (unsigned i = 0; i < 40; i++)
		buf_printf(&text, "g%u = { };\n", i);
	said = refused(buf_str(&text));
	assert_non_null(strstr(said, ":1: g0: unknown key"));
	assert_non_null(strstr(said, ":10: g9: unknown key"));
	assert_null(strstr(said, ":11: g10"));
	assert_non_null(strstr(said, "\n… and 30 more"));
	buf_fini(&text);
}

static void the_length_of_a_command_is_limited(void **state UNUSED)
{
	struct buf text = BUF_INIT;
	struct settings_file *f = NULL;
	struct settings_errors errors = { 0 };
	const char *path = rig_path("zknginxd.conf");

	buf_puts(&text, "alerts = { command = [ \"/bin/x\"");
	for (unsigned i = 1; i < 64; i++)
		buf_printf(&text, ", \"%u\"", i);
	rig_write(path, "%s ]; };\n", buf_str(&text));
	assert_int_equal(settings_load(path, false, &f, &errors), 0);
	assert_string_equal(settings_get(f)->alerts.command[63], "63");
	settings_free(f);
	buf_puts(&text, ", \"64\" ]; };\n");
	assert_non_null(strstr(refused(buf_str(&text)), "at most 64; found 65"));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_error_names_its_file_line_and_setting, tear_down),
		cmocka_unit_test_teardown(large_numbers_in_strings_and_comments_are_no_error,
					  tear_down),
		cmocka_unit_test_teardown(all_errors_are_reported_at_once, tear_down),
		cmocka_unit_test_teardown(the_length_of_a_command_is_limited, tear_down),
	};

	return cmocka_run_group_tests_name("settings errors", tests, NULL, NULL);
}
