/* The probe with a real nginx: what it counts, and what it reports when it cannot. */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "nginx/nginx_logs.h"
#include "nginx/nginx_version.h"
#include "nginx/probe.h"
#include "nginx/probe_count.h"
#include "rig_probe.h"
#include "rig_stage.h"

#define PERIOD (20 * USEC_PER_MSEC)

static char name[32]; /* of its directory */
static struct rig_nginx nginx;
static struct rig_sites sites;
static sd_event *loop;
static struct probe *probe;
static const struct probe_workers anybody;

static struct probe_status now(void)
{
	struct probe_status s;

	probe_status(probe, &s);
	return s;
}

static void open_probe(void)
{
	OK(probe_new(loop, sites.address, PERIOD, &anybody, &probe, e));
}

static void close_probe(void)
{
	probe_free(TAKE(probe));
}

/* nginx with the rendered http.conf in it, and running. */
static void start_with(const char *word)
{
	CLEANUP(bundle_unrefp) struct bundle *b = rig_sites_render(&sites, &nginx, word);

	nginx.http_text = bundle_text(b, BUNDLE_HTTP)->data;
	nginx.include_http = nginx.include_stream = false;
	rig_nginx_configure(&nginx);
	nginx.http_text = NULL;
	rig_nginx_start(&nginx);
}

static int open_all(void **state UNUSED)
{
	static int number;

	snprintf(name, sizeof(name), "nginx%d", number++);
	rig_nginx_init(&nginx, name);
	rig_sites_init(&sites, &nginx);
	return sd_event_new(&loop) < 0;
}

static int close_all(void **state UNUSED)
{
	close_probe();
	rig_nginx_stop(&nginx);
	loop = sd_event_unref(loop);
	return 0;
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

/* --- counting -------------------------------------------------------------------------------- */

/* Each site once: 1 fine, 2 broken, 1 dead, 2 retried, and the upstream server has 2 more. */
#define REQUESTS 8
static void ask_all(const char *site)
{
	rig_sites_ask(&sites, site, "/fine", 200, 1);
	rig_sites_ask(&sites, site, "/broken", 500, 2);
	rig_sites_ask(&sites, site, "/dead", 502, 1);
	rig_sites_ask(&sites, site, "/retried", 200, 2);
}

static void check_counting(void)
{
	struct probe_status before;

	start_with("fine");
	open_probe();
	eventually(loop, now().answers);
	before = now();
	ask_all("usual");
	ask_all("silent");
	ask_all("logged");
	eventually(loop, now().errors >= 9 && now().upstream_errors >= 9);
	assert_int_equal(now().errors, 9);
	assert_int_equal(now().upstream_errors, 9);
	assert_int_equal(now().requests - before.requests, 3 * REQUESTS);
	assert_int_equal(now().start, before.start);
	assert_true(now().answers);
	assert_string_equal(now().why, "");
}

static void failures_are_counted_where_logs_are_off(void **state UNUSED)
{
	check_counting();
}

static unsigned lines_of(const char *path)
{
	const char *text = rig_read(path);
	unsigned count = 0;

	for (; text && *text; text++)
		count += *text == '\n';
	return count;
}

/* … and the log that nginx.conf names is written as before. */
static void failures_are_counted_beside_another_log(void **state UNUSED)
{
	char *log = rig_path("%s/all.log", name), *own = NULL;

	nginx.access_log = log;
	sites.http_log = NULL;
	check_counting();
	own = rig_path("%s/log/logged.access.log", name);
	assert_int_equal(lines_of(own), 6);
	/* usual: 6; the upstream server: 3 * 2, and the request at the start; the echo */
	assert_true(lines_of(log) >= 13);
}

/* Our http.conf names the default log: nginx does not write it beside another log. */
static void the_default_log_is_kept(void **state UNUSED)
{
	char *log = rig_path("%s/default.log", name);

	nginx.access_log = "";
	sites.http_log = log;
	check_counting();
	assert_true(lines_of(log) >= 13);
}

static void an_idle_nginx_counts_nothing(void **state UNUSED)
{
	struct probe_status before;
	uint64_t until;

	start_with("fine");
	open_probe();
	eventually(loop, now().answers);
	before = now();
	until = rig_now() + 10 * PERIOD;
	eventually(loop, rig_now() > until);
	assert_int_equal(now().requests, before.requests);
	assert_int_equal(now().errors, 0);
	/* the last one of our own may be closed after the next was counted */
	eventually(loop, now().connections == 0);
}

static void counting_starts_again_with_another_nginx(void **state UNUSED)
{
	struct probe_status before;

	start_with("fine");
	open_probe();
	eventually(loop, now().answers);
	rig_sites_ask(&sites, "usual", "/broken", 500, 50);
	eventually(loop, now().errors == 50);
	before = now();
	rig_nginx_stop(&nginx);
	eventually(loop, !now().answers);
	assert_non_null(strstr(now().why, "Connection refused"));
	assert_true(now().since > before.since);
	rig_nginx_start(&nginx);
	eventually(loop, now().answers);
	assert_true(now().start != before.start);
	rig_sites_ask(&sites, "usual", "/broken", 500, 3);
	eventually(loop, now().errors == 3);
	assert_in_range(now().requests, 3, 20);
}

static void a_reload_does_not_restart_counting(void **state UNUSED)
{
	uint64_t start;

	start_with("fine");
	open_probe();
	eventually(loop, now().answers);
	start = now().start;
	rig_sites_ask(&sites, "usual", "/broken", 500, 2);
	rig_nginx_send_hup(&nginx);
	eventually(loop, rig_nginx_reloads(&nginx) == 1);
	rig_sites_ask(&sites, "usual", "/broken", 500, 2);
	eventually(loop, now().errors == 4);
	assert_int_equal(now().start, start);
}

/* nginx sends without a receiver too; a new probe on the same socket receives again. */
static void messages_count_again_after_a_restart_of_the_daemon(void **state UNUSED)
{
	start_with("fine");
	open_probe();
	eventually(loop, now().answers);
	close_probe();
	rig_sites_ask(&sites, "usual", "/broken", 500, 20);
	rig_sites_ask(&sites, "usual", "/fine", 200, 20);
	open_probe();
	assert_false(now().answers);
	eventually(loop, now().answers);
	assert_int_equal(now().errors, 0);
	/* a worker whose message was refused meanwhile may lose the next one */
	eventually(loop, (rig_sites_ask(&sites, "usual", "/broken", 500, 1), now().errors > 5));
}

/* --- errors are reported ---------------------------------------------------------------------- */

static int bind_socket(int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)sites.probe),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static void an_udp_port_of_another_program_is_reported(void **state UNUSED)
{
	int other = bind_socket(SOCK_DGRAM);
	uint64_t until;

	start_with("fine");
	open_probe();
	until = rig_now() + 5 * PERIOD;
	eventually(loop, rig_now() > until && strstr(now().why, "listen on UDP"));
	assert_false(now().answers);
	close(other);
	eventually(loop, now().answers);
}

static void an_answer_of_another_program_is_reported(void **state UNUSED)
{
	int other = bind_socket(SOCK_STREAM), client;

	assert_int_equal(listen(other, 8), 0);
	open_probe();
	eventually(loop, now().why[0] && strstr(now().why, "asked yet") == NULL);
	client = accept4(other, NULL, NULL, SOCK_CLOEXEC);
	assert_true(client >= 0);
	close(client);
	close(other);
	assert_false(now().answers);
	/* silent, then disconnected */
	eventually(loop, strstr(now().why, "refused") || strstr(now().why, "reset") ||
				 strstr(now().why, "does not speak HTTP"));
}

/* Rendered for a named log, in an nginx.conf that turns the log off: nginx would send nothing. */
static void a_deaf_probe_does_not_answer(void **state UNUSED)
{
	sites.http_log = NULL;
	start_with("fine");
	open_probe();
	eventually(loop, strstr(now().why, "access_log off"));
	assert_false(now().answers);
}

static void only_loopback_is_an_address(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   "9642",
					   "127.0.0.1",
					   "10.0.0.1:9642",
					   "localhost:9642",
					   "127.0.0.1:0",
					   "[::2]:9642",
					   "127.0.0.1:99999" };
	struct probe_address a;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(probe_address_parse(bad[i], &a, NULL), -1);
	OK(probe_address_parse("127.0.0.1:9642", &a, e));
	OK(probe_address_parse("[::1]:9642", &a, e));
	assert_true(probe_address_is_loopback(&a));
}

/* --- datagrams ------------------------------------------------------------------------------- */

static void only_our_words_are_read(void **state UNUSED)
{
	static const struct {
		const char *text;
		unsigned errors, upstream_errors, echoes;
	} cases[] = {
		{ "<190>Nov 22 15:04:05 zknginx: 500 -", 1, 0, 0 },
		{ "<190>Nov  2 15:04:05 zknginx: 502 502", 1, 1, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 200 502, 200", 0, 1, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 404 404, 503 : 404", 0, 1, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 200 -", 0, 0, 1 },
		{ "<190>Nov 22 15:04:05 zknginx: 200 1500", 0, 0, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 200 502; x", 0, 0, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 50", 0, 0, 0 },
		{ "<190>Nov 22 15:04:05 zknginx: 500", 0, 0, 0 },
		{ "<190>Nov 22 15:04:05 other: 500 -", 0, 0, 0 },
		{ "500 -", 0, 0, 0 },
		{ " zknginx: 500 -", 0, 0, 0 },
		{ "", 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_counts c = { 0 };
		bool ours = probe_count_parse(cases[i].text, strlen(cases[i].text), &c);

		assert_int_equal(ours,
				 cases[i].errors || cases[i].upstream_errors || cases[i].echoes);
		assert_int_equal(c.errors, cases[i].errors);
		assert_int_equal(c.upstream_errors, cases[i].upstream_errors);
		assert_int_equal(c.echoes, cases[i].echoes);
	}
}

static void on_echo(void *ctx)
{
	++*(unsigned *)ctx;
}

static void send_words(int fd, const struct probe_address *to, const char *words)
{
	char text[128];
	int size = snprintf(text, sizeof(text), "<190>Nov 22 15:04:05 zknginx: %s", words);

	sendto(fd, text, (size_t)size, 0, &to->any, to->size);
}

/* Other events get their turn in between; all that the socket stores is counted in the end. */
static void a_flood_is_read_in_parts(void **state UNUSED)
{
	struct probe_address to;
	struct probe_count *count;
	unsigned echoes = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	OK(probe_address_parse(sites.address, &to, e));
	OK(probe_count_new(loop, &to, &anybody, on_echo, &echoes, &count, e));
	for (int i = 0; i < 270; i++)
		send_words(fd, &to, "500 -");
	assert_in_range(probe_count_now(count).errors, 1, 269);
	assert_int_equal(probe_count_now(count).errors, 270);
	for (int i = 0; i < 20000; i++)
		send_words(fd, &to, i % 2 ? "junk" : "500 -");
	/* the loop reads on, too */
	eventually(loop, (send_words(fd, &to, "200 -"), echoes > 0));
	assert_in_range(probe_count_now(count).errors, 300, 10270);
	probe_count_free(count);
	close(fd);
}

static size_t one_user(void *ctx, uid_t *out, size_t room UNUSED)
{
	*out = *(uid_t *)ctx;
	return 1;
}

/* Only a connected socket of the user that nginx's workers run as is taken for nginx's. */
static void reports_of_other_processes_do_not_count(void **state UNUSED)
{
	uid_t user = getuid() + 1;
	const struct probe_workers workers = { one_user, &user };
	struct probe_address to;
	struct probe_count *count;
	unsigned echoes = 0;
	int loose = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	OK(probe_address_parse(sites.address, &to, e));
	OK(probe_count_new(loop, &to, &workers, on_echo, &echoes, &count, e));
	assert_int_equal(connect(fd, &to.any, to.size), 0);
	for (int i = 0; i < 100; i++)
		send_words(fd, &to, "500 -");
	assert_int_equal(probe_count_now(count).errors, 0);
	user = getuid();
	for (int i = 0; i < 50; i++)
		send_words(loose, &to, "500 -");
	assert_int_equal(probe_count_now(count).errors, 0);
	eventually(NULL, (send_words(fd, &to, "500 -"), probe_count_now(count).errors > 0));
	probe_count_free(count);
	close(fd);
	close(loose);
}

/* --- the host's nginx ------------------------------------------------------------------------- */

static struct nginx_logs *logs; /* as the daemon keeps it: from one answer to the next */

static enum http_log log_of(const char *main_text, const char *http_text, const char *included)
{
	char *config = rig_path("%s/logs.conf", name);
	char *live = rig_path("%s/state/live", name);

	rig_write(rig_path("%s/included.conf", name), "%s", included);
	rig_write(config, "%s\nhttp {\n%s\ninclude incl*.conf;\ninclude %s/http.conf;\n}\n",
		  main_text, http_text, live);
	return nginx_logs_http(logs, config, live);
}

static void the_logs_of_nginx_conf_are_found(void **state UNUSED)
{
	logs = nginx_logs_new();
	assert_int_equal(log_of("", "", ""), HTTP_LOG_NONE);
	assert_int_equal(log_of("", "access_log /x combined;", ""), HTTP_LOG_NAMED);
	assert_int_equal(log_of("", "access_log off;", ""), HTTP_LOG_OFF);
	assert_int_equal(log_of("", "", "access_log 'off';"), HTTP_LOG_OFF);
	assert_int_equal(log_of("", "", "access_log /x;"), HTTP_LOG_NAMED);
	assert_int_equal(log_of("", "#access_log /x;", "server { access_log off; }"),
			 HTTP_LOG_NONE);
	assert_int_equal(log_of("stream { access_log off; }", "map $a $b { access_log off; }", ""),
			 HTTP_LOG_NONE);
	assert_int_equal(log_of("include included.conf;", "", "worker_processes 1;"),
			 HTTP_LOG_NONE);
	assert_int_equal(log_of("", "", "server { content_by_lua_block { x = '}"), HTTP_LOG_NAMED);
	nginx_logs_free(logs);
	logs = nginx_logs_new();
	assert_int_equal(nginx_logs_http(logs, "/nonexistent/nginx.conf", "/x"), HTTP_LOG_NAMED);
	nginx_logs_free(logs);
}

static enum http_log again(void)
{
	return nginx_logs_http(logs, rig_path("%s/logs.conf", name),
			       rig_path("%s/state/live", name));
}

/* Longer than a tick of the file system's clock, in which changes look the same. */
static void let_it_be(void)
{
	ppoll(NULL, 0, &(struct timespec){ .tv_nsec = 30 * 1000 * 1000 }, NULL);
}

/* Files that are not read again while they are the same: a file that changes, one that comes where
 * names are matched, one that goes, and one that comes at last. */
static void a_change_of_the_logs_is_seen(void **state UNUSED)
{
	char *more = rig_path("%s/include-more.conf", name);
	char *late = rig_path("%s/late.conf", name);

	logs = nginx_logs_new();
	log_of(rig_text("include %s;", late), "", "");
	let_it_be();
	assert_int_equal(again(), HTTP_LOG_NONE);
	assert_int_equal(again(), HTTP_LOG_NONE);
	rig_write(more, "access_log /x;\n");
	assert_int_equal(again(), HTTP_LOG_NAMED);
	let_it_be();
	assert_int_equal(again(), HTTP_LOG_NAMED);
	rig_write(more, "access_log off;");
	assert_int_equal(again(), HTTP_LOG_OFF);
	let_it_be();
	assert_int_equal(again(), HTTP_LOG_OFF);
	assert_int_equal(unlink(more), 0);
	assert_int_equal(again(), HTTP_LOG_NONE);
	let_it_be();
	assert_int_equal(again(), HTTP_LOG_NONE);
	rig_write(late, "http { access_log off; }");
	assert_int_equal(again(), HTTP_LOG_OFF);
	nginx_logs_free(logs);
}

static void stub_status_is_not_in_every_nginx(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct nginx_version v;

	assert_true(nginx_version_parse(a,
					"nginx version: nginx/1.22.1\nconfigure arguments: "
					"--prefix=/x --with-http_stub_status_module --with-debug\n",
					&v));
	assert_true(v.has_stub_status);
	assert_true(nginx_version_parse(
		a, "nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/x\n", &v));
	assert_false(v.has_stub_status);
}

static void http3_is_not_in_every_nginx(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct nginx_version v;

	assert_true(nginx_version_parse(a,
					"nginx version: nginx/1.26.3\nconfigure arguments: "
					"--prefix=/x --with-http_v3_module --with-debug\n",
					&v));
	assert_true(v.has_quic);
	assert_true(nginx_version_parse(a,
					"nginx version: nginx/1.26.3\nconfigure arguments: "
					"--prefix=/x --with-http_v2_module\n",
					&v));
	assert_false(v.has_quic);
}

#define WITH_NGINX(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NGINX(failures_are_counted_where_logs_are_off),
		WITH_NGINX(failures_are_counted_beside_another_log),
		WITH_NGINX(the_default_log_is_kept),
		WITH_NGINX(an_idle_nginx_counts_nothing),
		WITH_NGINX(counting_starts_again_with_another_nginx),
		WITH_NGINX(a_reload_does_not_restart_counting),
		WITH_NGINX(messages_count_again_after_a_restart_of_the_daemon),
		WITH_NGINX(an_udp_port_of_another_program_is_reported),
		WITH_NGINX(an_answer_of_another_program_is_reported),
		WITH_NGINX(a_deaf_probe_does_not_answer),
		cmocka_unit_test(only_loopback_is_an_address),
		cmocka_unit_test(only_our_words_are_read),
		WITH_NGINX(reports_of_other_processes_do_not_count),
		WITH_NGINX(a_flood_is_read_in_parts),
		WITH_NGINX(the_logs_of_nginx_conf_are_found),
		WITH_NGINX(a_change_of_the_logs_is_seen),
		cmocka_unit_test(stub_status_is_not_in_every_nginx),
		cmocka_unit_test(http3_is_not_in_every_nginx),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, clean);
}
