/*
 * zknginxctl doctor on a host with a real ZooKeeper, nginx and daemon. Each thing that it checks is
 * broken, one at a time, and repaired again.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_certificate.h"
#include "rig_ctl.h"
#include "rig_host.h"

static struct rig_host host;
static int port, tls_port;

static const char *certificate(void)
{
	return rig_path("shop.crt");
}

static const char *key(void)
{
	return rig_path("shop.key");
}

static void set_shop(void)
{
	char site[1024];

	snprintf(site, sizeof(site),
		 "{\"listen\": [\"127.0.0.1:%d\", \"127.0.0.1:%d ssl\"],"
		 " \"server_names\": [\"shop.example.com\"],"
		 " \"tls\": {\"certificate\": \"%s\", \"key\": \"%s\"},"
		 " \"locations\": [{\"path\": \"/\", \"return\": {\"status\": 200, \"text\": "
		 "\"shop\"}}]}",
		 port, tls_port, certificate(), key());
	rig_zk_set(host.zk, "/nginx/config/sites/shop", site);
}

static void write_certificate(int days)
{
	rig_certificate(certificate(), key(), "shop.example.com", days);
}

static int group_setup(void **state UNUSED)
{

	rig_host_init(&host, "web1");
	host.session_timeout = "20s"; /* it is a member all the time */
	rig_host_settings(&host, NULL);
	port = rig_port();
	tls_port = rig_port();
	host.nginx.main_text = "worker_shutdown_timeout 10s;";
	rig_nginx_configure(&host.nginx);
	write_certificate(100);
	set_shop();
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "shop"));
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	return 0;
}

static int group_teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* --- running it ------------------------------------------------------------------------------ */

static struct rig_ctl_result last;

static void run_for(const char *timeout, int code)
{
	last = rig_ctl(host.settings, "--timeout", timeout, "doctor", NULL);
	rig_ctl_assert_code(&last, code);
}

static void run(int code)
{
	run_for("60s", code);
}

/* Settings with no more than the servers of ZooKeeper and this one. */
static void use_settings(const char *group, const char *name, const char *value)
{
	rig_write(host.settings, "zookeeper: { hosts = \"%s\"; };\n%s: { %s = \"%s\"; };\n",
		  rig_zookeeper_hosts(host.zookeeper), group, name, value);
}

/* Is there a line of this level and check, with these words? */
static void says(const char *level, const char *check, const char *words)
{
	size_t size = strlen(level);

	for (const char *line = last.out; line && *line; line = strchr(line, '\n')) {
		char text[2048];

		line += *line == '\n';
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
		if (strncmp(text, level, size) == 0 &&
		    strncmp(text + 9, check, strlen(check)) == 0 &&
		    text[9 + strlen(check)] == ' ' && strstr(text, words))
			return;
	}
	fail_msg("no line \"%s  %s  … %s\" in:\n%s%s", level, check, words, last.out, last.err);
}

/* Breaks are repaired: nothing is an error any more. */
static void is_well_again(void)
{
	run(0);
	assert_null(strstr(last.out, "\nerror"));
}

/* --- a host that is well --------------------------------------------------------------------- */

static void a_host_that_is_well_has_no_error(void **state UNUSED)
{
	static const char *const all[] = {
		"settings",     "zookeeper", "znodes",       "config",          "write",
		"clock",        "nginx",     "master",       "state-directory", "space",
		"live",         "sandbox",   "nginx-conf",   "include",         "shutdown-timeout",
		"default-site", "ports",     "certificates", "daemon",          "state",
		"version",      "module",    "member"
	};

	run(0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		says("ok", all[i], "");
	says("skipped", "credentials", "auth_file is not set");
	says("skipped", "zookeeper-data", "");
	says("warning", "acl", "every client that reaches ZooKeeper can change /nginx/config");
	assert_non_null(strstr(last.out, "setAcl -R /nginx auth::cdrwa"));
	assert_non_null(strstr(last.out, "23 ok, 1 warning, 0 errors, 3 skipped"));
	assert_string_equal(last.err, "");
}

/* "auth::" alone would lock out the hosts and operators that have another identity. */
static void the_advice_for_acls_keeps_all_identities(void **state UNUSED)
{
	rig_host_settings(&host, NULL);
	rig_write(host.settings,
		  "zookeeper: { hosts = \"%s\"; daemons = [ \"x509:CN=web2\" ]; operators = "
		  "[ \"digest:ops:x\" ]; };\n",
		  rig_zookeeper_hosts(host.zookeeper));
	last = rig_ctl(host.settings, "--timeout", "5s", "doctor", NULL);
	assert_non_null(strstr(last.out, "setAcl -R /nginx/config auth::cdrwa,x509:CN=web2:cdrwa,"
					 "digest:ops:x:cdrwa\n"));
	rig_host_settings(&host, NULL);
}

static void the_json_is_a_list_of_results(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(host.settings, "doctor", "--json", NULL);
	json_t *list, *item;
	size_t i;

	rig_ctl_assert_code(&r, 0);
	list = rig_ctl_json(&r);
	assert_int_equal(json_array_size(list), 27);
	json_array_foreach(list, i, item)
	{
		const char *level = json_string_value(json_object_get(item, "level"));

		assert_int_equal(json_object_size(item), 4);
		assert_non_null(json_string_value(json_object_get(item, "check")));
		assert_non_null(json_string_value(json_object_get(item, "message")));
		assert_non_null(json_string_value(json_object_get(item, "fix")));
		assert_true(strcmp(level, "ok") == 0 || strcmp(level, "warning") == 0 ||
			    strcmp(level, "skipped") == 0);
	}
	json_decref(list);
}

/* --- settings -------------------------------------------------------------------------------- */

static void wrong_settings_are_named_and_the_rest_is_skipped(void **state UNUSED)
{
	rig_host_settings(&host, "nosuch: 1;\n");
	run(1);
	says("error", "settings", "nosuch");
	says("skipped", "zookeeper", "needs valid settings");
	says("skipped", "member", "needs valid settings");
	rig_host_settings(&host, NULL);
	assert_int_equal(chmod(host.settings, 0666), 0);
	run(1);
	says("error", "settings", "0666");
	assert_non_null(strstr(last.out, "chmod go-w"));
	assert_int_equal(chmod(host.settings, 0644), 0);
	is_well_again();
}

static void credentials_that_others_may_read_are_an_error(void **state UNUSED)
{
	char *secret = rig_path("secret");

	rig_write(secret, "digest nginx:secret\n");
	assert_int_equal(chmod(secret, 0644), 0);
	rig_write(host.settings, "zookeeper: { hosts = \"%s\"; auth_file = \"%s\"; };\n",
		  rig_zookeeper_hosts(host.zookeeper), secret);
	run(3); /* no session is opened with such a file */
	says("error", "credentials", "0644");
	says("error", "zookeeper", "0644");
	assert_null(strstr(last.out, "nginx:secret"));
	rig_host_settings(&host, NULL);
	is_well_again();
}

/* --- ZooKeeper ------------------------------------------------------------------------------- */

static void one_server_that_is_away_is_a_warning(void **state UNUSED)
{
	struct rig_ctl_result r;
	char hosts[128];

	snprintf(hosts, sizeof(hosts), "%s,127.0.0.1:1", rig_zookeeper_hosts(host.zookeeper));
	r = rig_ctl(host.settings, "-s", hosts, "doctor", NULL);
	rig_ctl_assert_code(&r, 0);
	last = r;
	says("ok", "zookeeper", rig_zookeeper_hosts(host.zookeeper));
	says("warning", "zookeeper", "127.0.0.1:1: Connection refused");
	says("ok", "write", "created and deleted");
}

static void without_zookeeper_it_checks_the_rest(void **state UNUSED)
{
	rig_zookeeper_kill(host.zookeeper);
	run_for("5s", 3);
	says("error", "zookeeper", "Connection refused");
	says("skipped", "write", "needs ZooKeeper");
	says("skipped", "member", "needs ZooKeeper");
	says("ok", "include", "http.conf");
	says("ok", "certificates", "1 certificate is valid"); /* of what nginx runs */
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	is_well_again();
}

static void something_that_is_no_zookeeper_is_named(void **state UNUSED)
{
	struct rig_ctl_result r;
	char hosts[64];

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", host.nginx.port);
	r = rig_ctl(host.settings, "-s", hosts, "--timeout", "1s", "doctor", NULL);
	rig_ctl_assert_code(&r, 3);
	last = r;
	says("error", "zookeeper", "grants no session");
	assert_string_equal(last.err, "");
}

static void missing_znodes_are_an_error_that_init_mends(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_write(host.settings, "zookeeper: { hosts = \"%s\"; config = \"/other/config\"; };\n",
		  rig_zookeeper_hosts(host.zookeeper));
	run(1);
	says("error", "znodes", "/other/config does not exist");
	assert_non_null(strstr(last.out, "zknginxctl init"));
	r = rig_ctl(host.settings, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	run(1);
	says("ok", "znodes", "/other/config");
	rig_zk_delete_all(host.zk, "/other");
	rig_host_settings(&host, NULL);
	is_well_again();
}

static void a_znode_that_is_not_valid_is_a_warning(void **state UNUSED)
{
	rig_zk_set(host.zk, "/nginx/config/sites/oops", "{\"listen\": 80}");
	run(0);
	says("warning", "config", "/nginx/config/sites/oops");
	rig_zk_delete(host.zk, "/nginx/config/sites/oops");
	eventually(NULL, rig_host_is(&host, "applied"));
}

/* With credentials, a znode that every client may change is an error. */
static void open_znodes_in_spite_of_credentials_are_an_error(void **state UNUSED)
{
	static const char *const znodes[] = { "/nginx/config", "/nginx/config/sites",
					      "/nginx/config/sites/shop" };
	char more[256];

	rig_write(rig_path("secret"), "digest nginx:secret\n");
	assert_int_equal(chmod(rig_path("secret"), 0600), 0);
	snprintf(more, sizeof(more),
		 "zookeeper: { hosts = \"%s\"; auth_file = \"%s\"; cluster = \"/acl/cluster\"; };",
		 rig_zookeeper_hosts(host.zookeeper), rig_path("secret"));
	rig_write(host.settings, "%s", more);
	rig_zk_auth(host.zk, "digest", "nginx:secret");
	rig_zk_create(host.zk, "/acl/cluster", NULL);
	rig_zk_restrict(host.zk, "/acl/cluster", true);
	run(1);
	says("ok", "credentials", "readable for its owner only");
	says("ok", "write", "with the credentials");
	says("error", "acl", "/nginx/config and 2 other znodes");
	for (size_t i = 0; i < ARRAY_SIZE(znodes); i++)
		rig_zk_protect(host.zk, znodes[i]);
	run(1);
	says("ok", "acl", "none of the znodes");
	for (size_t i = 0; i < ARRAY_SIZE(znodes); i++)
		rig_zk_restrict(host.zk, znodes[i], false);
	rig_zk_delete_all(host.zk, "/acl");
	rig_host_settings(&host, NULL);
	is_well_again();
}

static void a_cluster_that_may_not_be_written_is_an_error(void **state UNUSED)
{
	rig_zk_auth(host.zk, "digest", "nginx:secret");
	rig_zk_protect(host.zk, "/nginx/cluster");
	run(1);
	says("error", "write", "protected by an ACL");
	rig_zk_restrict(host.zk, "/nginx/cluster", false);
	is_well_again();
}

/* The clock of the command alone is moved: time() of every other program stays what it is. */
static void a_clock_that_is_wrong_is_noticed(void **state UNUSED)
{
	char *source = rig_path("clock.c"), *library = rig_path("clock.so"), *out;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* a sanitizer must be loaded before any other library */
#endif
	rig_write(
		source,
		"#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n"
		"int clock_gettime(clockid_t c, struct timespec *t)\n{\n"
		"\tint (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec "
		"*))dlsym(RTLD_NEXT, \"clock_gettime\");\n"
		"\tint rc = real(c, t);\n\tif (c == CLOCK_REALTIME)\n\t\tt->tv_sec += AHEAD;\n"
		"\treturn rc;\n}\n");
	assert_int_equal(rig_run(&out, (char *[]){ "cc", "-shared", "-fPIC", "-DAHEAD=90", "-o",
						   library, source, "-ldl", NULL }),
			 0);
	setenv("LD_PRELOAD", library, 1);
	run(1);
	unsetenv("LD_PRELOAD");
	says("error", "clock", " seconds ahead of"); /* 90, less what the answer has taken */
	assert_int_equal(rig_run(&out, (char *[]){ "cc", "-shared", "-fPIC", "-DAHEAD=-20", "-o",
						   library, source, "-ldl", NULL }),
			 0);
	setenv("LD_PRELOAD", library, 1);
	run(0);
	unsetenv("LD_PRELOAD");
	says("warning", "clock", " seconds behind");
}

static void a_data_directory_in_tmp_is_a_warning(void **state UNUSED)
{
	const char *real = "/etc/zookeeper/conf/zoo.cfg";
	char *cfg = rig_path("zoo.cfg");

	if (!rig_is_alone() || access(real, F_OK) < 0)
		skip();
	rig_write(cfg, "dataDir=/tmp/zookeeper\nclientPort=%d\n",
		  rig_zookeeper_port(host.zookeeper));
	assert_int_equal(mount(cfg, real, NULL, MS_BIND, NULL), 0);
	run(0);
	says("warning", "zookeeper-data", "/tmp/zookeeper, which is emptied at boot");
	rig_write(cfg, "dataDir=/var/lib/zookeeper\nclientPort=%d\n",
		  rig_zookeeper_port(host.zookeeper));
	run(0);
	says("ok", "zookeeper-data", "/var/lib/zookeeper");
	umount2(real, MNT_DETACH);
}

/* --- nginx ----------------------------------------------------------------------------------- */

static void a_missing_include_line_is_an_error(void **state UNUSED)
{
	host.nginx.include_http = false;
	rig_nginx_configure(&host.nginx);
	run(1);
	says("error", "include", "does not include");
	assert_non_null(strstr(last.out, "/live/http.conf;"));
	host.nginx.include_http = true;
	rig_nginx_configure(&host.nginx);
	is_well_again();
}

static void a_stream_conf_without_a_site_need_not_be_included(void **state UNUSED)
{
	int stream_port = rig_port();
	char site[256];

	host.nginx.include_stream = false;
	rig_nginx_configure(&host.nginx);
	run(0);
	says("ok", "include", "stream.conf, which is empty, is not included");
	rig_zk_create(host.zk, "/nginx/config/upstreams/pg/127.0.0.1:5432", NULL);
	rig_zk_set(host.zk, "/nginx/config/upstreams/pg", "{\"protocol\": \"stream\"}");
	snprintf(site, sizeof(site),
		 "{\"protocol\": \"stream\", \"listen\": [\"127.0.0.1:%d\"], \"proxy\": \"pg\"}",
		 stream_port);
	rig_zk_set(host.zk, "/nginx/config/sites/pg", site);
	eventually(NULL, strstr(rig_host_live(&host, "stream.conf"), "proxy_pass"));
	run(1);
	says("error", "include", "which is not empty");
	rig_zk_delete(host.zk, "/nginx/config/sites/pg");
	rig_zk_delete_all(host.zk, "/nginx/config/upstreams/pg");
	host.nginx.include_stream = true;
	rig_nginx_configure(&host.nginx);
	eventually(NULL, rig_host_is(&host, "applied"));
	is_well_again();
}

static void a_missing_shutdown_timeout_is_a_warning(void **state UNUSED)
{
	host.nginx.main_text = "# worker_shutdown_timeout 10s;";
	rig_nginx_configure(&host.nginx);
	run(0);
	says("warning", "shutdown-timeout", "is not set");
	host.nginx.main_text = "worker_shutdown_timeout 10s;";
	rig_nginx_configure(&host.nginx);
	run(0);
	says("ok", "shutdown-timeout", "10s");
}

static void a_default_server_of_the_host_is_a_warning(void **state UNUSED)
{
	char text[256];

	snprintf(text, sizeof(text), "server { listen 127.0.0.1:%d default_server; return 404; }",
		 port);
	host.nginx.http_text = text;
	rig_nginx_configure(&host.nginx);
	run(0);
	says("warning", "default-site", "not to the site shop");
	host.nginx.http_text = NULL;
	rig_nginx_configure(&host.nginx);
	is_well_again();
}

static void debians_default_site_is_named(void **state UNUSED)
{
	char text[512];
	char *file = rig_path("sites-enabled/default");

	assert_int_equal(mkdir(rig_path("sites-enabled"), 0755), 0);
	rig_write(file, "server { listen 127.0.0.1:%d default_server; return 404; }\n", rig_port());
	snprintf(text, sizeof(text), "include %s;", file);
	host.nginx.http_text = text;
	rig_nginx_configure(&host.nginx);
	run(0);
	says("warning", "default-site", file);
	snprintf(text, sizeof(text), "rm %s", file);
	assert_non_null(strstr(last.out, text));
	host.nginx.http_text = NULL;
	rig_nginx_configure(&host.nginx);
	is_well_again();
}

static void an_nginx_conf_that_nginx_refuses_is_an_error(void **state UNUSED)
{
	host.nginx.http_text = "nosuch on;";
	rig_nginx_configure(&host.nginx);
	run(1);
	says("error", "nginx-conf", "unknown directive \"nosuch\"");
	says("skipped", "include", "needs an nginx.conf");
	host.nginx.http_text = NULL;
	rig_nginx_configure(&host.nginx);
	is_well_again();
}

static void an_nginx_that_does_not_run_is_an_error(void **state UNUSED)
{
	rig_nginx_stop(&host.nginx);
	run(1);
	says("error", "master", "nginx does not run");
	rig_nginx_start(&host.nginx);
	eventually(NULL, rig_host_is(&host, "applied"));
	is_well_again();
}

static void a_missing_binary_is_an_error(void **state UNUSED)
{
	use_settings("nginx", "binary", "/nowhere");
	run(1);
	says("error", "nginx", "/nowhere");
	says("skipped", "master", "needs nginx");
	rig_host_settings(&host, NULL);
	is_well_again();
}

/* --- the state directory --------------------------------------------------------------------- */

static void a_state_directory_of_the_wrong_mode_is_an_error(void **state UNUSED)
{
	assert_int_equal(chmod(host.nginx.state, 0777), 0);
	run(1);
	says("error", "state-directory", "0777");
	assert_int_equal(chmod(host.nginx.state, 0755), 0);
	assert_int_equal(chown(host.nginx.state, 65534, (gid_t)-1), 0);
	run(1);
	says("error", "state-directory", "user 65534");
	assert_int_equal(chown(host.nginx.state, 0, (gid_t)-1), 0);
	is_well_again();
}

static void a_missing_state_directory_is_an_error(void **state UNUSED)
{
	use_settings("state", "directory", "/nowhere/state");
	run(1);
	says("error", "state-directory", "/nowhere/state does not exist");
	says("skipped", "live", "needs the state directory");
	says("error", "daemon", "status.json");
	rig_host_settings(&host, NULL);
	is_well_again();
}

static void a_state_directory_without_room_is_an_error(void **state UNUSED)
{
	char *small = rig_path("small");

	if (!rig_is_alone())
		skip();
	assert_int_equal(mkdir(small, 0755), 0);
	assert_int_equal(mount("tmpfs", small, "tmpfs", 0, "size=1m,mode=755"), 0);
	use_settings("state", "directory", small);
	run(1);
	says("error", "space", "kB are free");
	assert_int_equal(mount(NULL, small, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	run(1);
	says("error", "state-directory", "Read-only file system");
	umount2(small, MNT_DETACH);
	rig_host_settings(&host, NULL);
	is_well_again();
}

static void a_broken_live_link_is_an_error(void **state UNUSED)
{
	char *link = rig_path("web1/state/live"), *other = rig_path("web1/state/live.aside");

	rig_host_stop_daemon(&host, SIGTERM);
	assert_int_equal(rename(link, other), 0);
	assert_int_equal(symlink("generations/999", link), 0);
	run(1);
	says("error", "live", "generations/999: there is no file");
	assert_int_equal(rename(other, link), 0);
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	is_well_again();
}

/* --- sites ----------------------------------------------------------------------------------- */

static int bind_port(int taken)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)taken),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void a_port_of_another_program_is_an_error(void **state UNUSED)
{
	int taken = rig_port(), fd = bind_port(taken);
	char address[64], owner[64];

	rig_host_set_site(&host, taken, "never");
	snprintf(address, sizeof(address), "127.0.0.1:%d, on which the site s listens", taken);
	snprintf(owner, sizeof(owner), "(process %d)", (int)getpid());
	run(1);
	says("error", "ports", address);
	says("error", "ports", owner);
	/* the daemon knows of the site, so "applied" is what it says after it is gone */
	eventually(NULL,
		   rig_host_has_problem(&host, "/nginx/config/sites/s", "reload", "absent", ""));
	close(fd);
	rig_zk_delete(host.zk, "/nginx/config/sites/s");
	eventually(NULL, rig_host_is(&host, "applied"));
	is_well_again();
}

static void an_expired_certificate_is_an_error(void **state UNUSED)
{
	write_certificate(-3);
	run(1);
	says("error", "certificates", "expired");
	write_certificate(3);
	run(0);
	says("warning", "certificates", "expires in 3 days");
	write_certificate(100);
	run(0);
	says("ok", "certificates", "does so in 100 days");
}

static void a_wrong_or_missing_key_is_an_error(void **state UNUSED)
{
	rig_certificate(rig_path("other.crt"), key(), "shop.example.com", 100);
	run(1);
	says("error", "certificates", "is not the key of");
	rig_write(key(), "no key\n");
	run(1);
	says("error", "certificates", "is not a private key");
	assert_int_equal(unlink(key()), 0);
	run(1);
	says("error", "certificates", "No such file");
	rig_certificate(certificate(), key(), "other.example.com", 100);
	run(0);
	says("warning", "certificates", "is not for shop.example.com");
	write_certificate(100);
	is_well_again();
}

/* --- the daemon ------------------------------------------------------------------------------ */

static void set_version_in_the_status(const char *version)
{
	char *path = rig_path("web1/state/status.json"), *text;
	json_t *status = json_load_file(path, 0, NULL);

	json_object_set_new(status, "version", json_string(version));
	text = json_dumps(status, 0);
	rig_write(path, "%s", text);
	free(text);
	json_decref(status);
}

static void a_daemon_that_does_not_run_is_an_error(void **state UNUSED)
{
	rig_host_stop_daemon(&host, SIGTERM);
	eventually(NULL, !rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	run(1);
	says("error", "daemon", "does not run");
	says("error", "member", "/nginx/cluster/members/web1 does not exist");
	set_version_in_the_status("0.0.1");
	run(1);
	says("warning", "version", "the daemon is version 0.0.1");
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/web1"));
	is_well_again();
}

/* What only root may see is skipped, and nothing fails for that alone. */
static void without_root_it_skips_what_needs_root(void **state UNUSED)
{
	const char *command = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	char *out, *copy = rig_path("zknginxctl");

	if (getuid() != 0)
		skip();
	assert_int_equal(rig_run(&out, (char *[]){ "cp", (char *)command, copy, NULL }), 0);
	assert_int_equal(chmod(rig_directory(), 0755), 0);
	rig_run(&out, (char *[]){ "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
				  copy, "-c", host.settings, "doctor", NULL });
	last.out = out;
	says("ok", "zookeeper", "grants a session");
	says("ok", "write", "created and deleted");
	says("ok", "master", "the master is process");
	says("ok", "state-directory", "belongs to root");
	says("skipped", "sandbox", "needs root");
	says("skipped", "include", "needs root");
	says("skipped", "ports", "needs root");
	says("ok", "daemon", "last report");
	says("ok", "member", "web1 exists");
}

/* Columns of the widest line, without control sequences and what they have replaced. */
static size_t widest(const char *shown)
{
	size_t columns = 0, most = 0;

	for (const char *c = shown; *c; c++) {
		if (*c == '\r' || *c == '\n')
			columns = 0;
		else if (*c == '\x1b')
			c += strcspn(c, "mK");
		else
			columns += ((unsigned char)*c & 0xc0) != 0x80;
		most = columns > most ? columns : most;
	}
	return most;
}

static void on_a_terminal_it_has_colours_and_fits(void **state UNUSED)
{
	struct rig_terminal *t = rig_terminal_ctl(host.settings, 72, "doctor", NULL);
	int code = -1;

	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 0);
	assert_non_null(strstr(rig_terminal_shown(t), "checking zookeeper"));
	assert_non_null(strstr(rig_terminal_shown(t), "\x1b[32mok"));
	/* a path is not cut */
	assert_in_range(widest(rig_terminal_shown(t)), 60, 72 + strlen(host.nginx.state));
	run(0);
	assert_in_range(widest(last.out), 130, SIZE_MAX);
	rig_terminal_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_is_well_has_no_error),
		cmocka_unit_test(the_advice_for_acls_keeps_all_identities),
		cmocka_unit_test(the_json_is_a_list_of_results),
		cmocka_unit_test(wrong_settings_are_named_and_the_rest_is_skipped),
		cmocka_unit_test(credentials_that_others_may_read_are_an_error),
		cmocka_unit_test(one_server_that_is_away_is_a_warning),
		cmocka_unit_test(without_zookeeper_it_checks_the_rest),
		cmocka_unit_test(something_that_is_no_zookeeper_is_named),
		cmocka_unit_test(missing_znodes_are_an_error_that_init_mends),
		cmocka_unit_test(a_znode_that_is_not_valid_is_a_warning),
		cmocka_unit_test(open_znodes_in_spite_of_credentials_are_an_error),
		cmocka_unit_test(a_cluster_that_may_not_be_written_is_an_error),
		cmocka_unit_test(a_clock_that_is_wrong_is_noticed),
		cmocka_unit_test(a_data_directory_in_tmp_is_a_warning),
		cmocka_unit_test(a_missing_include_line_is_an_error),
		cmocka_unit_test(a_stream_conf_without_a_site_need_not_be_included),
		cmocka_unit_test(a_missing_shutdown_timeout_is_a_warning),
		cmocka_unit_test(a_default_server_of_the_host_is_a_warning),
		cmocka_unit_test(debians_default_site_is_named),
		cmocka_unit_test(an_nginx_conf_that_nginx_refuses_is_an_error),
		cmocka_unit_test(an_nginx_that_does_not_run_is_an_error),
		cmocka_unit_test(a_missing_binary_is_an_error),
		cmocka_unit_test(a_state_directory_of_the_wrong_mode_is_an_error),
		cmocka_unit_test(a_missing_state_directory_is_an_error),
		cmocka_unit_test(a_state_directory_without_room_is_an_error),
		cmocka_unit_test(a_broken_live_link_is_an_error),
		cmocka_unit_test(a_port_of_another_program_is_an_error),
		cmocka_unit_test(an_expired_certificate_is_an_error),
		cmocka_unit_test(a_wrong_or_missing_key_is_an_error),
		cmocka_unit_test(a_daemon_that_does_not_run_is_an_error),
		cmocka_unit_test(without_root_it_skips_what_needs_root),
		cmocka_unit_test(on_a_terminal_it_has_colours_and_fits),
	};

	return cmocka_run_group_tests_name("zknginxctl doctor", tests, group_setup, group_teardown);
}
