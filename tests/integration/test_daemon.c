/*
 * The whole daemon, on a real ZooKeeper and a real nginx: nginx serves an edit of a znode, and a
 * bad object never blocks a good one.
 */
#include "rig.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
static struct rig_host host;
static int port; /* for the sites of a test */

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* A site that answers `text` on the test's port. */
static char *site(int on, const char *text)
{
	static char json[8][512];
	static unsigned turn;
	char *out = json[turn++ % 8];

	snprintf(out, sizeof(json[0]),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\","
		 "\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 on, text);
	return out;
}

static void an_edit_becomes_what_nginx_serves(void **state UNUSED)
{
	rig_zk_set(host.zk, CONFIG "/sites/hello", site(port, "one"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	rig_zk_set(host.zk, CONFIG "/sites/hello", site(port, "two"));
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_is(&host, "applied") &&
				 strcmp(rig_host_status_text(&host, "revision.seen"),
					rig_host_status_text(&host, "revision.applied")) == 0);
	assert_int_equal(strlen(rig_host_status_text(&host, "revision.applied")), 64);
	assert_string_equal(rig_host_status_text(&host, "nginx.state"), "running");
	assert_int_equal(rig_host_status_number(&host, "nginx.pid"), host.nginx.pid);
}

static void servers_come_and_go(void **state UNUSED)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/"
		 "\",\"proxy\":\"app\"}]}",
		 port);
	rig_zk_set(host.zk, CONFIG "/sites/app", json);
	rig_zk_set(host.zk, CONFIG "/upstreams/app", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/app/127.0.0.1:1", NULL);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_get(port, "/", NULL, NULL) == 502);
	snprintf(json, sizeof(json), CONFIG "/upstreams/app/127.0.0.1:%d", host.nginx.port);
	rig_zk_create(host.zk, json, "weight=5 max_fails=0");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "weight=5 max_fails=0"));
	rig_zk_delete(host.zk, CONFIG "/upstreams/app/127.0.0.1:1");
	eventually(NULL, rig_nginx_says(port, "rig"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void a_bad_object_does_not_block_the_good_ones(void **state UNUSED)
{
	int other = rig_port();

	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "good one"));
	rig_zk_set(host.zk, CONFIG "/sites/bad", site(other, "bad one"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "good one") && rig_nginx_says(other, "bad one"));

	rig_zk_set(host.zk, CONFIG "/sites/bad", "{\n\"listen\": [,]\n}");
	rig_zk_set(host.zk, CONFIG "/sites/new", "{\"listen\":[\"80\"],\"colour\":1}");
	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "good two"));
	eventually(NULL, rig_nginx_says(port, "good two"));
	assert_true(rig_nginx_says(other, "bad one"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/bad", "json", "previous", ""));
	eventually(NULL,
		   rig_host_has_problem(&host, CONFIG "/sites/new", "field", "absent", "colour"));
	eventually(NULL, rig_host_is(&host, "degraded"));

	rig_zk_set(host.zk, CONFIG "/sites/bad", site(other, "mended"));
	rig_zk_delete(host.zk, CONFIG "/sites/new");
	eventually(NULL, rig_nginx_says(other, "mended"));
	eventually(NULL, rig_host_is_with(&host, "applied", 0));
}

static void what_only_nginx_refuses_is_traced_and_left_out(void **state UNUSED)
{
	rig_host_settings(&host, "log: { level = \"debug\"; };");
	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "one"));
	rig_zk_set(host.zk, CONFIG "/snippets/http/fine", "map $uri $fine { default 1; }\n");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));

	/* allowed by the policy, with balanced braces, and wrong: only nginx -t finds it */
	rig_zk_set(host.zk, CONFIG "/snippets/http/wrong",
		   "map $uri $x {\n    default 1;\n}\nlimit_req_zone $uri zone=z:10m rate=fast;\n");
	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "two"));
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/snippets/http/wrong", "nginx",
					      "absent", "fast"));
	/* an object that was good before keeps its last good form */
	rig_zk_set(host.zk, CONFIG "/snippets/http/fine",
		   "map $uri $fine { default 1; default 2; }\n");
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/snippets/http/fine", "nginx",
					      "previous", "duplicate"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "map $uri $fine { default 1; }"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/wrong");
	rig_zk_set(host.zk, CONFIG "/snippets/http/fine", "map $uri $fine { default 3; }\n");
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "default 3"));
}

static void the_last_good_form_survives_a_restart(void **state UNUSED)
{
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "good"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "good"));
	rig_zk_set(host.zk, CONFIG "/sites/s", "nonsense");
	eventually(NULL, rig_host_is(&host, "degraded"));
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_start_daemon(&host);
	rig_zk_set(host.zk, CONFIG "/snippets/http/tick", "map $uri $tick { default 1; }\n");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "$tick"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/s", "json", "previous", ""));
	assert_true(rig_nginx_says(port, "good"));
}

/* Listens on a port so that nginx cannot. */
static int squat(int on)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)on),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void a_reload_that_nginx_refuses_is_rolled_back(void **state UNUSED)
{
	int taken = rig_port();
	int squatter = squat(taken);

	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "one"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	rig_zk_set(host.zk, CONFIG "/sites/squatted", site(taken, "never"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/squatted", "reload", "absent",
					      "bind()"));
	assert_true(rig_nginx_says(port, "one"));
	rig_zk_set(host.zk, CONFIG "/sites/good", site(port, "two"));
	eventually(NULL, rig_nginx_says(port, "two")); /* the others go on */
	assert_null(strstr(rig_host_live(&host, "http.conf"), "never"));
	assert_true(rig_host_status_number(&host, "deployments.rolled_back") >= 1);

	/* the cause is on the host: when it ends, the site is tried again at once */
	close(squatter);
	eventually(NULL, rig_nginx_says(taken, "never"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void nothing_changed_means_no_reload(void **state UNUSED)
{
	unsigned reloads;

	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "same"));
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") && rig_nginx_says(port, "same"));
	reloads = rig_nginx_reloads(&host.nginx);
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "same"));
	rig_host_stop_daemon(&host, SIGTERM);
	rig_host_start_daemon(&host);
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, rig_host_is(&host, "disconnected") || rig_host_is(&host, "applied"));
	rig_zk_set(host.zk, CONFIG "/sites/t", site(rig_port(), "new"));
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "new"));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads + 1);
}

static void members_and_reports_are_published(void **state UNUSED)
{
	json_t *report, *member;

	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "x"));
	rig_host_start(&host);
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	assert_true(rig_zk_owner(host.zk, "/nginx/cluster/members/web1") != 0);
	eventually(NULL,
		   strstr(rig_zk_get(host.zk, "/nginx/cluster/reports/web1") ?: "", "applied\","));
	report = json_loads(rig_zk_get(host.zk, "/nginx/cluster/reports/web1"), 0, NULL);
	member = json_loads(rig_zk_get(host.zk, "/nginx/cluster/members/web1"), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(report, "host")), "web1");
	assert_string_equal(json_string_value(json_object_get(member, "host")), "web1");
	json_decref(report);
	json_decref(member);
	rig_host_stop_daemon(&host, SIGTERM);
	/* after SIGTERM the ephemeral is deleted at once, and the last report stays */
	eventually(NULL, !rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	assert_true(rig_zk_exists(host.zk, "/nginx/cluster/reports/web1"));
	assert_true(rig_nginx_says(port, "x"));
}

/* The time of this loss: a second later, as the text has whole seconds. */
static const char *confirm_now(void)
{
	static char text[64];
	time_t now = time(NULL) + 1;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "{\"confirm\":\"%Y-%m-%dT%H:%M:%SZ\"}", &tm);
	return text;
}

static void guards_hold_what_registered_itself(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/"
		 "\",\"proxy\":\"app\"}]}",
		 port);
	rig_zk_set(host.zk, CONFIG "/sites/app", json);
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; };");
	rig_zk_set(host.zk, CONFIG "/upstreams/app", "");
	snprintf(json, sizeof(json), CONFIG "/upstreams/app/127.0.0.1:%d", host.nginx.port);
	rig_zk_create_ephemeral(app, json, NULL);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "rig"));
	rig_zk_close(app); /* the application dies */
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_host_has_problem(&host, CONFIG "/upstreams/app", "guard", "previous",
					 "1 of 1 server was lost"));
	eventually(NULL, strstr(rig_read(host.log), "the guard holds 1 loss or change"));
	assert_true(rig_nginx_says(port, "rig"));
	/* an old confirmation does not count for this loss */
	rig_zk_set(host.zk, "/nginx/cluster/overrides/app",
		   "{\"confirm\":\"2001-01-01T00:00:00Z\"}");
	rig_zk_set(host.zk, CONFIG "/snippets/http/seen", "map $uri $seen { default 1; }\n");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "$seen"));
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_nginx_says(port, "rig"));
	/* an operator confirms: the upstream is empty at once */
	rig_zk_set(host.zk, "/nginx/cluster/overrides/app", confirm_now());
	eventually(NULL, rig_nginx_get(port, "/", NULL, NULL) == 502);
}

static bool has_override_problem(const char *upstream, const char *words)
{
	char path[128];

	snprintf(path, sizeof(path), "/nginx/cluster/overrides/%s", upstream);
	return rig_host_has_problem(&host, path, "override", "absent", words);
}

/* Neither an unreadable override nor a time in the far future confirms a loss, now or later. */
static void an_override_without_effect_is_a_problem(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	const char *path = "/nginx/cluster/overrides/app";
	char server[128];

	snprintf(server, sizeof(server), CONFIG "/upstreams/app/127.0.0.1:%d", host.nginx.port);
	rig_zk_set(host.zk, CONFIG "/upstreams/app", "");
	rig_zk_create_ephemeral(app, server, NULL);
	rig_zk_set(host.zk, path, "{\"confirm\":\"2099-01-01T00:00:00Z\"}");
	rig_host_start(&host);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "server 127.0.0.1"));
	eventually(NULL, has_override_problem("app", "ahead of this host's clock"));
	rig_zk_close(app);
	eventually(NULL, rig_host_is(&host, "held"));
	rig_zk_set(host.zk, CONFIG "/snippets/http/seen", "map $uri $seen { default 1; }\n");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "$seen"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "server 127.0.0.1"));
	eventually(NULL, rig_host_is(&host, "held"));
	rig_zk_set(host.zk, path, "{\"confirm\":\"yes\"}");
	eventually(NULL, has_override_problem("app", "expected a time in UTC"));
	rig_zk_set(host.zk, path, "2026-11-27 22:00:00");
	eventually(NULL, has_override_problem("app", ""));
	rig_zk_set(host.zk, "/nginx/cluster/overrides/apple", confirm_now());
	eventually(NULL, has_override_problem("apple", "there is no upstream \"apple\""));
	/* in the report, too; and it ends when the override is deleted or corrected */
	eventually(NULL, strstr(rig_zk_get(host.zk, "/nginx/cluster/reports/web1") ?: "", "apple"));
	rig_zk_delete_all(host.zk, "/nginx/cluster/overrides/apple");
	rig_zk_set(host.zk, path, confirm_now());
	eventually(NULL, rig_host_problem_count(&host) == 1 &&
				 rig_host_has_problem(&host, CONFIG "/upstreams/app", "guard",
						      "absent", "has no server"));
}

/* The settings of the rig, with this pause between two reloads. */
static void space_reloads(const char *gap)
{
	char *text, *at;

	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; };");
	text = rig_read(host.settings);
	at = strstr(text, "100ms");
	assert_non_null(at);
	rig_write(host.settings, "%.*s%s%s", (int)(at - text), text, gap, at + strlen("100ms"));
}

/* The second half comes before the next deployment can begin. */
static void a_service_made_in_two_writes_is_no_alert(void **state UNUSED)
{
	const char *made[] = { CONFIG "/upstreams/a", CONFIG "/upstreams/b" };
	char server[128];

	space_reloads("4s");
	rig_host_start(&host);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		rig_zk_set(host.zk, made[i], "");
		eventually(NULL, rig_host_has_problem(&host, made[i], "discovery", "absent",
						      "has no server"));
		snprintf(server, sizeof(server), "%s/127.0.0.1:1", made[i]);
		rig_zk_create(host.zk, server, NULL);
		eventually(NULL, rig_host_is(&host, "applied"));
	}
	assert_null(strstr(rig_read(host.log), "alert config-problems"));
	assert_null(strstr(rig_read(host.log), "alert fleet-problems"));
	/* a problem that lasts raises one alert */
	rig_zk_set(host.zk, CONFIG "/upstreams/c", "");
	eventually(NULL, strstr(rig_read(host.log), "alert config-problems: 1 problem in znodes:"));
	eventually(NULL,
		   strstr(rig_read(host.log), "alert fleet-problems web1: web1 has 1 problem;"));
}

static void a_deleted_root_is_not_an_empty_config(void **state UNUSED)
{
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "kept"));
	rig_zk_set(host.zk, CONFIG "/upstreams/u", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/u/127.0.0.1:1", NULL);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "kept"));
	rig_zk_delete_at_once(host.zk, CONFIG); /* else sites are deleted before the root */
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	assert_true(rig_nginx_says(port, "kept"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "127.0.0.1:1"));
	/* also in a daemon that starts meanwhile */
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status_number(&host, "zookeeper.requests") > 0);
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	assert_true(rig_nginx_says(port, "kept"));
}

static void settings_are_read_again_all_or_nothing(void **state UNUSED)
{
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "x"));
	rig_zk_set(host.zk, CONFIG "/snippets/http/raw", "map $uri $raw { default 1; }\n");
	rig_host_start(&host);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "$raw"));
	rig_host_settings(&host, "snippets: { policy = \"odd\"; };");
	kill(host.daemon, SIGHUP);
	eventually(NULL, strstr(rig_read(host.log), "settings not changed"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "$raw"));
	rig_write(host.settings,
		  "zookeeper: { hosts = \"%s\"; session_timeout = \"4s\"; };\n"
		  "nginx: { config = \"%s\"; pid = \"%s\"; log_directory = \"%s\"; reload_gap = "
		  "\"100ms\"; };\n"
		  "state: { directory = \"%s\"; };\ncluster: { host = \"web1\"; };\n"
		  "snippets: { policy = \"off\"; roots = [ \"%s\", \"/srv\" ]; };\n",
		  rig_zookeeper_hosts(host.zookeeper), host.nginx.config, host.nginx.pid_file,
		  host.nginx.log_directory, host.nginx.state, rig_directory());
	kill(host.daemon, SIGHUP);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/snippets/http/raw", "policy",
					      "absent", ""));
	eventually(NULL, !strstr(rig_host_live(&host, "http.conf"), "$raw"));
}

static void a_second_daemon_is_refused(void **state UNUSED)
{
	char *output;

	rig_host_start(&host);
	assert_int_equal(rig_host_run(&host, &output, NULL), 1);
	assert_non_null(strstr(output, "another zknginxd"));
}

static void once_converges_and_leaves(void **state UNUSED)
{
	char *output;

	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "once"));
	assert_int_equal(rig_host_run(&host, &output, "--once", NULL),
			 0); /* nginx is not running */
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "once"));
	rig_nginx_start(&host.nginx);
	assert_true(rig_nginx_says(port, "once"));
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "twice"));
	assert_int_equal(rig_host_run(&host, &output, "--once", NULL), 0);
	assert_true(rig_nginx_says(port, "twice"));
	assert_int_equal(rig_host_run(&host, &output, "--once", NULL), 0); /* nothing to do */
	rig_zk_set(host.zk, CONFIG "/sites/s", "[]");
	assert_int_equal(rig_host_run(&host, &output, "--once", NULL), 1);
	assert_true(rig_nginx_says(port, "twice"));
}

static void dry_run_shows_and_leaves_no_trace(void **state UNUSED)
{
	char *output;

	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "old text"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "old text"));
	rig_host_stop_daemon(&host, SIGTERM);
	rig_zk_set(host.zk, CONFIG "/sites/s", site(port, "new text"));
	assert_int_equal(rig_host_run(&host, &output, "--dry-run", NULL), 0);
	assert_non_null(strstr(output, "\n-"));
	assert_non_null(strstr(output, "old text"));
	assert_non_null(strstr(output, "new text"));
	assert_non_null(strstr(output, "nginx -t accepts it"));
	assert_true(rig_nginx_says(port, "old text"));
	assert_null(strstr(rig_host_live(&host, "http.conf"), "new text"));
}

#define RENDERED_TREE                                                                              \
	"/nginx/config\n/nginx/config/sites/s\n\t{\"listen\":[\"8080\"],\"locations\":"            \
	"[{\"path\":\"/\",\"return\":{\"status\":204}}]}\n"

static void render_fails_when_a_part_is_left_out(void **state UNUSED)
{
	char *tree = rig_path("tree.txt"), *out = rig_path("out"), *output;

	rig_write(tree, RENDERED_TREE "/nginx/config/sites/bad\n\tx\n");
	assert_int_equal(rig_host_run(&host, &output, "--render", tree, out, NULL), 1);
	assert_non_null(strstr(output, "/nginx/config/sites/bad: json: line 1: "));
	assert_null(strstr(output, "line 1: line 1:"));
	assert_non_null(strstr(rig_read(rig_path("out/http.conf")), "listen 8080;"));
}

static void render_needs_neither_zookeeper_nor_nginx(void **state UNUSED)
{
	char *tree = rig_path("tree.txt"), *out = rig_path("out"), *output;

	rig_write(tree, RENDERED_TREE);
	assert_int_equal(rig_host_run(&host, &output, "--render", tree, out, NULL), 0);
	assert_non_null(strstr(rig_read(rig_path("out/http.conf")), "listen 8080;"));
	assert_non_null(rig_read(rig_path("out/stream.conf")));
	assert_int_equal(rig_host_run(&host, &output, "--render", "/nonexistent", out, NULL), 1);
}

static void exit_codes_are_as_documented(void **state UNUSED)
{
	char *output;

	assert_int_equal(rig_host_run(&host, &output, "-t", NULL), 0);
	assert_int_equal(rig_host_run(&host, &output, "-V", NULL), 0);
	assert_non_null(strstr(output, "zknginxd 0."));
	assert_int_equal(rig_host_run(&host, &output, "--nonsense", NULL), 2);
	assert_int_equal(rig_host_run(&host, &output, "-t", "-V", NULL), 2);
	rig_write(host.settings, "zookeeper: {\n  hsots = \"x\";\n};\n");
	assert_int_equal(rig_host_run(&host, &output, "-t", NULL), 2);
	assert_non_null(strstr(output, ":2"));
	assert_non_null(strstr(output, "hsots"));
	assert_int_equal(rig_host_run(&host, &output, NULL), 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_edit_becomes_what_nginx_serves),
		TEST(servers_come_and_go),
		TEST(a_bad_object_does_not_block_the_good_ones),
		TEST(what_only_nginx_refuses_is_traced_and_left_out),
		TEST(the_last_good_form_survives_a_restart),
		TEST(a_reload_that_nginx_refuses_is_rolled_back),
		TEST(nothing_changed_means_no_reload),
		TEST(members_and_reports_are_published),
		TEST(guards_hold_what_registered_itself),
		TEST(an_override_without_effect_is_a_problem),
		TEST(a_service_made_in_two_writes_is_no_alert),
		TEST(a_deleted_root_is_not_an_empty_config),
		TEST(settings_are_read_again_all_or_nothing),
		TEST(a_second_daemon_is_refused),
		TEST(once_converges_and_leaves),
		TEST(dry_run_shows_and_leaves_no_trace),
		TEST(render_needs_neither_zookeeper_nor_nginx),
		TEST(render_fails_when_a_part_is_left_out),
		TEST(exit_codes_are_as_documented),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
