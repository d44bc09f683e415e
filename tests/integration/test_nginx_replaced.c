/*
 * nginx replaced on disk while it runs: a package upgrade, or its removal. What the next start
 * would refuse is an alert before anybody restarts nginx, and meanwhile everything goes on.
 *
 * The other binary is a real nginx without one directive: a copy in which the name of the directive
 * is overwritten with another name of the same length.
 */
#include "rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define REFUSES "nginx-replaced-refuses"
#define MISSING "nginx-binary-missing"
#define SNIPPET CONFIG "/snippets/http/timeout"
#define LOCK "/var/lib/dpkg/lock"

static struct rig_host host;
static int port;
static char *binary, *module;

static void copy(const char *from, const char *to)
{
	assert_int_equal(
		rig_run(NULL, (char *[]){ "install", "-m", "755", (char *)from, (char *)to, NULL }),
		0);
}

static int setup(void **state UNUSED)
{
	char settings[512];

	host = (struct rig_host){ 0 };
	rig_host_init(&host, "web1");
	port = rig_port();
	assert_int_equal(mkdir(rig_path("bin"), 0755), 0);
	binary = rig_path("bin/nginx");
	module = rig_path("bin/module.so");
	copy("/usr/sbin/nginx", binary);
	copy("/usr/lib/nginx/modules/ngx_stream_module.so", module);
	host.nginx.binary = binary;
	host.nginx.stream_module = module;
	host.nginx.daemon = true;
	rig_nginx_configure(&host.nginx);
	snprintf(settings, sizeof(settings), "binary = \"%s\"; probe = \"127.0.0.1:%d\";", binary,
		 rig_port());
	host.nginx_settings = strdup(settings);
	rig_host_settings(&host, NULL);
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	free((char *)host.nginx_settings);
	rig_clean();
	return 0;
}

static bool serves(const char *text)
{
	/* in this order: before the change, too, the state is "applied" */
	return rig_nginx_says(port, text) && rig_host_is(&host, "applied");
}

static void start(void)
{
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, serves("one"));
}

static unsigned count_in_log(const char *words)
{
	unsigned count = 0;

	for (const char *at = rig_read(host.log) ?: ""; (at = strstr(at, words)); at++)
		count++;
	return count;
}

static bool alert_says(const char *key, const char *words)
{
	json_t *alerts = json_object_get(rig_host_status(&host), "alerts"), *a;
	size_t i;

	json_array_foreach(alerts, i, a)
	{
		if (strcmp(json_string_value(json_object_get(a, "key")), key) == 0 &&
		    strstr(json_string_value(json_object_get(a, "message")), words))
			return true;
	}
	return false;
}

/* As dpkg does: the new file is complete before it has the name. */
static void put(const char *from)
{
	copy(from, rig_path("bin/nginx.dpkg-new"));
	assert_int_equal(rename(rig_path("bin/nginx.dpkg-new"), binary), 0);
}

static void put_script(const char *text)
{
	rig_write(rig_path("bin/nginx.dpkg-new"), "#!/bin/sh\n%s\n", text);
	assert_int_equal(chmod(rig_path("bin/nginx.dpkg-new"), 0755), 0);
	assert_int_equal(rename(rig_path("bin/nginx.dpkg-new"), binary), 0);
}

/* Overwrites each of these words in a copy of a file. */
static char *copy_without(const char *from, const char *name, const char *word)
{
	char *path = rig_path("bin/%s", name);
	unsigned found = 0;
	struct stat st;
	char *bytes;
	int fd;

	copy(from, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	for (char *at = bytes;
	     (at = memmem(at, (size_t)(bytes + st.st_size - at), word, strlen(word))); found++)
		memset(at, 'q', strlen(word));
	assert_true(found > 0);
	assert_int_equal(pwrite(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	free(bytes);
	return path;
}

static char *nginx_without(const char *word)
{
	return copy_without("/usr/sbin/nginx", "nginx-without", word);
}

static void use_keepalive_timeout(void)
{
	rig_zk_create(host.zk, SNIPPET, "keepalive_timeout 61;\n");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "keepalive_timeout 61") &&
				 rig_host_is(&host, "applied"));
}

static void a_binary_that_refuses_what_is_live_is_an_alert_before_a_restart(void **state UNUSED)
{
	unsigned reloads;

	start();
	use_keepalive_timeout();
	reloads = rig_nginx_reloads(&host.nginx);
	put(nginx_without("keepalive_timeout"));
	eventually(NULL, alert_says(REFUSES, "unknown directive \"keepalive_timeout\""));
	assert_true(alert_says(REFUSES, "a restart would fail"));
	eventually(NULL, serves("one"));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	assert_int_equal(rig_host_problem_count(&host), 0);
	/* the running nginx takes changes as before */
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	assert_true(rig_host_has_alert(&host, REFUSES));
	/* a later binary passes */
	put("/usr/sbin/nginx");
	eventually(NULL, !rig_host_has_alert(&host, REFUSES));
	eventually(NULL, serves("two"));
	rig_host_assert_no_problems(&host);
}

static bool doctor_says(const char *words)
{
	char *ctl = getenv("ZKNGINXCTL") ?: (char[]){ "build/zknginxctl" }, *out;

	rig_run(&out, (char *[]){ ctl, "-c", host.settings, "doctor", NULL });
	return strstr(out, words);
}

static void doctor_tests_the_nginx_on_disk(void **state UNUSED)
{
	start();
	use_keepalive_timeout();
	assert_false(doctor_says("replaced on disk"));
	put(nginx_without("keepalive_timeout"));
	assert_true(doctor_says("a restart would fail"));
	put("/usr/sbin/nginx");
	assert_true(doctor_says("the old one still runs"));
}

static void a_change_of_the_config_ends_the_refusal_and_another_brings_it_back(void **state UNUSED)
{
	start();
	use_keepalive_timeout();
	put(nginx_without("keepalive_timeout"));
	eventually(NULL, rig_host_has_alert(&host, REFUSES));
	rig_zk_delete(host.zk, SNIPPET);
	eventually(NULL, !rig_host_has_alert(&host, REFUSES));
	use_keepalive_timeout();
	eventually(NULL, rig_host_has_alert(&host, REFUSES));
	rig_host_assert_no_problems(&host);
}

static void a_restart_of_the_daemon_finds_the_replacement(void **state UNUSED)
{
	start();
	use_keepalive_timeout();
	rig_host_stop_daemon(&host, SIGTERM);
	put(nginx_without("keepalive_timeout"));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_has_alert(&host, REFUSES));
}

/* The other nginx may be older than the one that runs. */
static void a_link_to_another_binary_is_a_replacement(void **state UNUSED)
{
	char *other = nginx_without("keepalive_timeout");

	assert_int_equal(rename(binary, rig_path("bin/nginx-1")), 0);
	assert_int_equal(symlink("nginx-1", binary), 0);
	start();
	use_keepalive_timeout();
	assert_int_equal(symlink(other, rig_path("bin/link")), 0);
	assert_int_equal(rename(rig_path("bin/link"), binary), 0);
	eventually(NULL, alert_says(REFUSES, "keepalive_timeout"));
}

static pid_t running(void)
{
	return (pid_t)rig_host_status_number(&host, "nginx.pid");
}

/* The process in nginx's own pid file, 0 while there is none. */
static pid_t pid_in_file(void)
{
	const char *text = rig_read(host.nginx.pid_file);

	return text ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* The new master's pid, once it has written its file. */
static pid_t successor(pid_t old)
{
	pid_t pid = pid_in_file();

	return pid != old ? pid : 0;
}

static void upgrade(void)
{
	pid_t old = host.nginx.pid, new;

	kill(old, SIGUSR2);
	/* A master whose parent ends before it has started never takes an upgrade of its own. */
	eventually(NULL, (new = successor(old)));
	eventually(NULL, rig_nginx_says(host.nginx.port, "rig"));
	kill(old, SIGQUIT);
	/* until its parent has ended, the new master takes no second upgrade */
	eventually(NULL, waitpid(old, NULL, WNOHANG) == old);
	eventually(NULL, running() == new);
	host.nginx.pid = new;
}

static void after_an_upgrade_everything_goes_on(void **state UNUSED)
{
	start();
	put("/usr/sbin/nginx");
	eventually(NULL, count_in_log("accepts the live configuration"));
	assert_false(rig_host_has_alert(&host, REFUSES));
	upgrade();
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	/* the second, if a look fell between the two masters */
	eventually(NULL, count_in_log("is the one on disk again") ||
				 count_in_log("nginx does not run any more"));
	rig_host_assert_no_problems(&host);
}

static void a_missing_binary_is_an_alert_and_no_znode_is_blamed(void **state UNUSED)
{
	start();
	assert_int_equal(unlink(binary), 0);
	eventually(NULL, alert_says(MISSING, binary));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_true(rig_host_has_alert(&host, MISSING));
	put("/usr/sbin/nginx");
	eventually(NULL, !rig_host_has_alert(&host, MISSING));
	assert_false(rig_host_has_alert(&host, REFUSES));
}

static void a_removed_module_is_an_alert(void **state UNUSED)
{
	start();
	assert_int_equal(unlink(module), 0);
	eventually(NULL, alert_says(REFUSES, "module.so"));
	eventually(NULL, serves("one"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	copy("/usr/lib/nginx/modules/ngx_stream_module.so", module);
	eventually(NULL, !rig_host_has_alert(&host, REFUSES));
}

/* With another signature a module fits another build of nginx. */
static void put_other_build(void)
{
	static const char signature[] = "8,4,8,";

	put(copy_without("/usr/sbin/nginx", "nginx-other", signature));
	assert_int_equal(rename(copy_without("/usr/lib/nginx/modules/ngx_stream_module.so",
					     "module-other", signature),
				module),
			 0);
}

static void modules_of_another_build_ask_for_a_restart(void **state UNUSED)
{
	start();
	put_other_build();
	eventually(NULL, count_in_log("accepts the live configuration"));
	/* the running nginx cannot load them, so it cannot reload */
	rig_host_set_site(&host, port, "two");
	eventually(NULL, alert_says("nginx-test-fails", "so restart nginx"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_true(rig_nginx_says(port, "one"));
	upgrade();
	eventually(NULL, serves("two"));
	eventually(NULL, !rig_host_has_alert(&host, "nginx-test-fails"));
	rig_host_assert_no_problems(&host);
}

static void a_binary_that_was_renamed_is_still_ours(void **state UNUSED)
{
	start();
	assert_int_equal(rename(binary, rig_path("bin/nginx.old")), 0);
	copy("/usr/sbin/nginx", binary);
	eventually(NULL, count_in_log("accepts the live configuration"));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	assert_false(rig_host_has_alert(&host, "nginx-down"));
	assert_false(rig_host_has_alert(&host, MISSING));
}

static void a_file_that_never_ends_does_not_stop_the_daemon(void **state UNUSED)
{
	char *before = (char *)host.nginx_settings, *settings;

	start();
	host.nginx_settings = settings = xasprintf("%s test_timeout = \"3s\";", before);
	rig_host_settings(&host, NULL);
	kill(host.daemon, SIGHUP);
	free(before);
	put_script("exec sleep 1000");
	eventually(NULL, alert_says(REFUSES, "did not end"));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	put_script("exit 3");
	eventually(NULL, alert_says(REFUSES, "exit status 3"));
	rig_write(rig_path("bin/nginx.dpkg-new"), "no program");
	assert_int_equal(chmod(rig_path("bin/nginx.dpkg-new"), 0755), 0);
	assert_int_equal(rename(rig_path("bin/nginx.dpkg-new"), binary), 0);
	eventually(NULL, alert_says(REFUSES, "Exec format error"));
	eventually(NULL, serves("two"));
}

/* The file is held locked as dpkg does; returns the descriptor. */
static int begin_installation(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	mkdir("/var/lib/dpkg", 0755);
	assert_int_equal(mount("tmpfs", "/var/lib/dpkg", "tmpfs", 0, "mode=0755"), 0);
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	return fd;
}

/* In the middle of an installation nothing is judged, however long it takes. */
static void an_installation_in_steps_raises_no_false_alert(void **state UNUSED)
{
	int lock;

	if (!rig_is_alone())
		skip();
	lock = begin_installation();
	start();
	use_keepalive_timeout();
	put(nginx_without("keepalive_timeout"));
	eventually(NULL, count_in_log("was replaced on disk while it runs"));
	/* longer than files have to be quiet for a verdict */
	rig_wait(NULL, 9 * USEC_PER_SEC);
	assert_int_equal(unlink(module), 0);
	copy("/usr/lib/nginx/modules/ngx_stream_module.so", module);
	put("/usr/sbin/nginx");
	close(lock);
	eventually(NULL, count_in_log("accepts the live configuration"));
	assert_int_equal(count_in_log("refuses the live configuration"), 0);
	umount("/var/lib/dpkg");
}

/* The probe's own lines are rendered for both: for the nginx that runs, and for the next one. */
static void what_is_rendered_fits_the_nginx_on_disk(void **state UNUSED)
{
	start();
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "stub_status"));
	put(nginx_without("stub_status"));
	eventually(NULL, !strstr(rig_host_live(&host, "http.conf"), "stub_status"));
	eventually(NULL, serves("one") && !rig_host_has_alert(&host, REFUSES));
	upgrade();
	rig_host_set_site(&host, port, "two");
	eventually(NULL, serves("two"));
	/* the version was read again */
	put("/usr/sbin/nginx");
	upgrade();
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "stub_status"));
	rig_host_assert_no_problems(&host);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_binary_that_refuses_what_is_live_is_an_alert_before_a_restart),
		TEST(doctor_tests_the_nginx_on_disk),
		TEST(a_change_of_the_config_ends_the_refusal_and_another_brings_it_back),
		TEST(a_restart_of_the_daemon_finds_the_replacement),
		TEST(a_link_to_another_binary_is_a_replacement),
		TEST(after_an_upgrade_everything_goes_on),
		TEST(a_missing_binary_is_an_alert_and_no_znode_is_blamed),
		TEST(a_removed_module_is_an_alert),
		TEST(modules_of_another_build_ask_for_a_restart),
		TEST(a_binary_that_was_renamed_is_still_ours),
		TEST(a_file_that_never_ends_does_not_stop_the_daemon),
		TEST(an_installation_in_steps_raises_no_false_alert),
		TEST(what_is_rendered_fits_the_nginx_on_disk),
	};

	cmocka_set_test_filter(getenv("RIG_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
