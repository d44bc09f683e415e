/* Blame: the messages of nginx (version 1.22) about one small bundle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/deploy/blame.h"

#define LIVE "/var/lib/zknginxd/live"

static struct bundle *bundle;

/* "PATH|LINE": a line and where it is from; "|LINE" is shared text. */
static const char *const HTTP[] = {
	"|# Generated",                                           /* 1 */
	"/s/snip|map $host $tier {",                              /* 2 */
	"/s/snip|    default a;",                                 /* 3 */
	"/s/snip|}",                                              /* 4 */
	"/s/snip|log_format short '$missing ${other}';",          /* 5 */
	"/u/shop|# /u/shop",                                      /* 6 */
	"/u/shop|upstream shop {",                                /* 7 */
	"/u/shop/a|    server app-1:80;",                         /* 8 */
	"/u/shop/b|    server 10.0.0.1:81;",                      /* 9 */
	"/u/shop|}",                                              /* 10 */
	"/w/one|server {",                                        /* 11 */
	"/w/one|    listen 80 default_server;",                   /* 12 */
	"/w/one|    listen 10.0.0.1:81;",                         /* 13 */
	"/w/one|    ssl_certificate /etc/ssl/x.crt;",             /* 14 */
	"/w/one|    location / { proxy_pass http://shop; }",      /* 15 */
	"/w/one|}",                                               /* 16 */
	"/w/two|server {",                                        /* 17 */
	"/w/two|    listen *:80;",                                /* 18 */
	"/w/two|    listen [::]:80 ipv6only=on;",                 /* 19 */
	"/w/two|    listen 10.0.0.2;",                            /* 20 */
	"/w/two|    access_log /var/log/nginx/shop.access.log;",  /* 21 */
	"/w/two|    limit_req zone=limit/two_12345678 burst=81;", /* 22 */
	"/w/two|}",                                               /* 23 */
	"/s/torn|torn \"",                                        /* 24 */
	"/w/last|server { listen 8080; server_name shop; }",      /* 25 */
	"nginx.probe|listen 127.0.0.1:9642; map app-9;",          /* 26 */
};

static const char *const STREAM[] = {
	"|# Generated",
	"/w/db|server { listen 5432 reuseport; listen 10.0.0.3:80; proxy_pass db; }",
};

static void put_all(struct bundle_builder *b, enum bundle_file f, const char *const *lines,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *bar = strchr(lines[i], '|');
		char path[64] = "";

		memcpy(path, lines[i], (size_t)(bar - lines[i]));
		bundle_builder_origin(b, f, *path ? path : NULL);
		bundle_builder_line(b, f, bar + 1, strlen(bar + 1));
	}
}

static int setup(void **state UNUSED)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	put_all(&b, BUNDLE_HTTP, HTTP, ARRAY_SIZE(HTTP));
	put_all(&b, BUNDLE_STREAM, STREAM, ARRAY_SIZE(STREAM));
	bundle = bundle_builder_finish(&b);
	return 0;
}

static int teardown(void **state UNUSED)
{
	bundle_unref(bundle);
	return 0;
}

/* `znodes`: the causes, separated by spaces. */
static void check(const char *output, const char *znodes, const char *message)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame blame = blame_find(a, bundle, LIVE, output);
	CLEANUP(buf_fini) struct buf found = BUF_INIT;

	for (size_t i = 0; i < blame.count; i++)
		buf_printf(&found, "%s%s", i ? " " : "", blame.znodes[i]);
	assert_string_equal(buf_str(&found), znodes);
	assert_string_equal(blame.message, message);
}

static void a_line_of_ours_is_certain(void **state UNUSED)
{
	check("nginx: [emerg] host not found in upstream \"app-1:80\" in " LIVE "/http.conf:8\n"
	      "nginx: configuration file /etc/nginx/nginx.conf test failed\n",
	      "/u/shop/a", "host not found in upstream \"app-1:80\"");
	check("nginx: [emerg] unexpected \"}\" in " LIVE "/http.conf:4\n", "/s/snip",
	      "unexpected \"}\"");
	check("nginx: [emerg] unknown directive \"proxy_pas\" in " LIVE "/stream.conf:2\n", "/w/db",
	      "unknown directive \"proxy_pas\"");
}

static void a_line_of_shared_text_is_traced_by_value(void **state UNUSED)
{
	check("nginx: [emerg] zone \"limit/two_12345678\" is bad in " LIVE "/http.conf:1\n",
	      "/w/two", "zone \"limit/two_12345678\" is bad");
}

static void a_live_directory_may_end_in_a_slash(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame blame =
		blame_find(a, bundle, LIVE "/", "nginx: [emerg] no in " LIVE "/http.conf:9\n");

	assert_int_equal(blame.count, 1);
	assert_string_equal(blame.znodes[0], "/u/shop/b");
}

static void a_value_without_a_line_is_searched(void **state UNUSED)
{
	check("nginx: [emerg] cannot load certificate \"/etc/ssl/x.crt\": BIO_new_file() failed "
	      "(SSL: error:80000002:system library::No such file or directory:"
	      "calling fopen(/etc/ssl/x.crt, r))\n",
	      "/w/one",
	      "cannot load certificate \"/etc/ssl/x.crt\": BIO_new_file() failed "
	      "(SSL: error:80000002:system library::No such file or directory:"
	      "calling fopen(/etc/ssl/x.crt, r))");
	check("nginx: [emerg] open() \"/var/log/nginx/shop.access.log\" failed (13: Permission "
	      "denied)\n",
	      "/w/two", "open() \"/var/log/nginx/shop.access.log\" failed (13: Permission denied)");
	check("nginx: [emerg] zero size shared memory zone \"limit/two_12345678\"\n", "/w/two",
	      "zero size shared memory zone \"limit/two_12345678\"");
}

static void the_first_value_that_is_found_is_believed(void **state UNUSED)
{
	check("nginx: [emerg] limit_req \"limit/two_12345678\" uses the \"$host\" key while "
	      "previously it used the \"/etc/ssl/x.crt\" key\n",
	      "/w/two",
	      "limit_req \"limit/two_12345678\" uses the \"$host\" key while "
	      "previously it used the \"/etc/ssl/x.crt\" key");
}

static void a_variable_is_found_where_it_is_used(void **state UNUSED)
{
	check("nginx: [emerg] unknown \"missing\" variable\n", "/s/snip",
	      "unknown \"missing\" variable");
	check("nginx: [emerg] unknown \"other\" variable\n", "/s/snip",
	      "unknown \"other\" variable");
	check("nginx: [emerg] unknown \"shop\" variable\n", "", "unknown \"shop\" variable");
}

static void an_address_leads_to_every_listen(void **state UNUSED)
{
	check("nginx: [emerg] bind() to 10.0.0.1:81 failed (99: Cannot assign requested address)\n",
	      "/w/one", "bind() to 10.0.0.1:81 failed (99: Cannot assign requested address)");
	check("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n",
	      "/w/one /w/two", "bind() to 0.0.0.0:80 failed (98: Address already in use)");
	check("nginx: [emerg] bind() to [::]:80 failed (98: Address already in use)\n", "/w/two",
	      "bind() to [::]:80 failed (98: Address already in use)");
	check("nginx: [emerg] bind() to 10.0.0.2:80 failed (99: Cannot assign requested address)\n",
	      "/w/two", "bind() to 10.0.0.2:80 failed (99: Cannot assign requested address)");
	check("nginx: [emerg] bind() to 10.0.0.3:80 failed (99: Cannot assign requested address)\n",
	      "/w/db", "bind() to 10.0.0.3:80 failed (99: Cannot assign requested address)");
	check("nginx: [emerg] bind() to 0.0.0.0:81 failed (98: Address already in use)\n", "",
	      "bind() to 0.0.0.0:81 failed (98: Address already in use)");
}

static void all_emergencies_count(void **state UNUSED)
{
	check("nginx: [emerg] bind() to 10.0.0.3:80 failed (98: Address already in use)\n"
	      "nginx: [emerg] bind() to 10.0.0.1:81 failed (98: Address already in use)\n"
	      "nginx: [emerg] bind() to 10.0.0.3:80 failed (98: Address already in use)\n"
	      "nginx: [emerg] still could not bind()\n",
	      "/w/db /w/one", "bind() to 10.0.0.3:80 failed (98: Address already in use)");
	check("nginx: [emerg] something\n"
	      "nginx: [emerg] bind() to 10.0.0.1:81 failed (98: Address already in use)\n",
	      "/w/one", "bind() to 10.0.0.1:81 failed (98: Address already in use)");
}

static void a_clash_with_another_file_is_ours_too(void **state UNUSED)
{
	check("nginx: [emerg] duplicate upstream \"shop\" in /etc/nginx/sites-enabled/x:3\n",
	      "/u/shop", "duplicate upstream \"shop\" in /etc/nginx/sites-enabled/x:3");
	check("nginx: [emerg] a duplicate default server for 0.0.0.0:80 in /etc/nginx/x:22\n",
	      "/w/one", "a duplicate default server for 0.0.0.0:80 in /etc/nginx/x:22");
	check("nginx: [emerg] duplicate listen options for 0.0.0.0:5432 in /etc/nginx/x:22\n",
	      "/w/db", "duplicate listen options for 0.0.0.0:5432 in /etc/nginx/x:22");
	check("nginx: [emerg] duplicate listen options for 0.0.0.0:80 in /etc/nginx/x:22\n", "",
	      "duplicate listen options for 0.0.0.0:80 in /etc/nginx/x:22");
}

static void the_administrators_own_mistake_is_not_ours(void **state UNUSED)
{
	check("nginx: [emerg] unknown directive \"shop\" in /etc/nginx/nginx.conf:3\n", "",
	      "unknown directive \"shop\" in /etc/nginx/nginx.conf:3");
	check("nginx: [emerg] \"server\" directive is not allowed here in /etc/nginx/x.conf:3\n",
	      "", "\"server\" directive is not allowed here in /etc/nginx/x.conf:3");
	check("nginx: [emerg] invalid value \"shop\" in /elsewhere" LIVE "/http.conf:8\n", "",
	      "invalid value \"shop\" in /elsewhere" LIVE "/http.conf:8");
}

static void a_directives_name_is_no_value(void **state UNUSED)
{
	check("nginx: [emerg] \"access_log\" is unhappy\n", "", "\"access_log\" is unhappy");
	check("nginx: [emerg] \"ssl_certificate\" and \"/etc/ssl/x.crt\"\n", "/w/one",
	      "\"ssl_certificate\" and \"/etc/ssl/x.crt\"");
}

static void a_piece_of_a_name_is_no_value(void **state UNUSED)
{
	check("nginx: [emerg] cannot find \"app\"\n", "", "cannot find \"app\"");
	check("nginx: [emerg] cannot find \"default\"\n", "", "cannot find \"default\"");
	check("nginx: [emerg] cannot find \"\"\n", "", "cannot find \"\"");
}

static void a_warning_counts_only_where_there_is_nothing_worse(void **state UNUSED)
{
	check("nginx: [warn] conflicting server name \"shop\" on 0.0.0.0:80, ignored\n"
	      "nginx: [warn] duplicate MIME type in " LIVE "/http.conf:8\n"
	      "nginx: [emerg] cannot load certificate \"/etc/ssl/x.crt\": no\n",
	      "/w/one", "cannot load certificate \"/etc/ssl/x.crt\": no");
	check("nginx: [warn] conflicting server name in " LIVE "/http.conf:8\n", "/u/shop/a",
	      "nginx -t accepts it with a warning that changes what is served: "
	      "conflicting server name");
}

static void the_error_log_reads_alike(void **state UNUSED)
{
	check("2026/11/22 15:04:05 [notice] 812#812: signal process started\n"
	      "2026/11/22 15:04:05 [emerg] 812#812: host not found in upstream \"app-1:80\" "
	      "in " LIVE "/http.conf:8\n",
	      "/u/shop/a", "host not found in upstream \"app-1:80\"");
	check("2026/11/22 15:04:05 [emerg] 812#812: *7 no in " LIVE "/http.conf:8\n", "/u/shop/a",
	      "no");
}

static void a_refusal_always_has_a_message(void **state UNUSED)
{
	check("", "", "");
	check("\n  \n", "", "");
	check("cannot run /usr/sbin/nginx: no such file", "",
	      "cannot run /usr/sbin/nginx: no such file");
	check("nginx: [warn] careful\n2026/11/22 15:04:05 [error] 1#1: init_by_lua error: x\n", "",
	      "init_by_lua error: x");
	check("nginx: [emerg] mmap(MAP_ANON|MAP_SHARED, 1) failed\n", "",
	      "mmap(MAP_ANON|MAP_SHARED, 1) failed");
	check("nginx: [emerg] ", "", "");
	check("nginx: [emerg] a\"b", "", "a\"b");
	check("nginx: [emerg] in /:1", "", "in /:1");
}

static bool is_about_the_probe(const char *output)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame blame = blame_find(a, bundle, LIVE, output);

	assert_int_equal(blame.count, 0);
	return blame.probe;
}

static void the_probe_blames_no_znode(void **state UNUSED)
{
	assert_true(is_about_the_probe("nginx: [emerg] unknown directive \"stub_status\" in " LIVE
				       "/http.conf:26\n"));
	assert_true(is_about_the_probe("2026/11/22 15:04:05 [emerg] 1#1: bind() to 127.0.0.1:9642 "
				       "failed (98: Address already in use)\n"));
	/* its words belong to no znode */
	assert_false(is_about_the_probe("nginx: [emerg] host not found \"app-9\"\n"));
	check("nginx: [emerg] unknown directive \"stub_status\" in " LIVE "/http.conf:26\n"
	      "nginx: [emerg] no in " LIVE "/http.conf:9\n",
	      "/u/shop/b", "unknown directive \"stub_status\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_ours_is_certain),
		cmocka_unit_test(a_line_of_shared_text_is_traced_by_value),
		cmocka_unit_test(a_live_directory_may_end_in_a_slash),
		cmocka_unit_test(a_value_without_a_line_is_searched),
		cmocka_unit_test(the_first_value_that_is_found_is_believed),
		cmocka_unit_test(a_variable_is_found_where_it_is_used),
		cmocka_unit_test(an_address_leads_to_every_listen),
		cmocka_unit_test(all_emergencies_count),
		cmocka_unit_test(a_clash_with_another_file_is_ours_too),
		cmocka_unit_test(the_administrators_own_mistake_is_not_ours),
		cmocka_unit_test(a_directives_name_is_no_value),
		cmocka_unit_test(a_piece_of_a_name_is_no_value),
		cmocka_unit_test(a_warning_counts_only_where_there_is_nothing_worse),
		cmocka_unit_test(the_error_log_reads_alike),
		cmocka_unit_test(a_refusal_always_has_a_message),
		cmocka_unit_test(the_probe_blames_no_znode),
	};

	return cmocka_run_group_tests_name("blame", tests, setup, teardown);
}
