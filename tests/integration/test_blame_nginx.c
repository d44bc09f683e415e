/* The errors of a real nginx about a bad bundle lead to the bad znode. */
#include <stdio.h>
#include <string.h>

#include "core/deploy/blame.h"
#include "rig.h"
#include "rig_check.h"

/* A bundle of "PATH|LINE" lines, each with an origin of its own. */
static struct bundle *bundle_of(const char *text)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	while (*text) {
		size_t path = strcspn(text, "|"), size = strcspn(text, "\n");
		char znode[64];

		snprintf(znode, sizeof(znode), "%.*s", (int)path, text);
		bundle_builder_origin(&b, BUNDLE_HTTP, znode);
		bundle_builder_line(&b, BUNDLE_HTTP, text + path + 1, size - path - 1);
		text += size + (text[size] == '\n');
	}
	return bundle_builder_finish(&b);
}

/* nginx refuses it; `znodes`, separated by spaces, are the cause. */
static void check(const char *text, const char *znodes, const char *message)
{
	CLEANUP(bundle_unrefp) struct bundle *b = bundle_of(text);
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf found = BUF_INIT;
	struct blame blame;
	char *output;

	assert_int_not_equal(rig_check(bundle_text(b, BUNDLE_HTTP)->data, "", &output), 0);
	blame = blame_find(a, b, rig_check_live(), output);
	for (size_t i = 0; i < blame.count; i++)
		buf_printf(&found, "%s%s", i ? " " : "", blame.znodes[i]);
	if (strcmp(buf_str(&found), znodes) != 0 || !strstr(blame.message, message))
		fail_msg("blamed \"%s\", \"%s\" for %s", buf_str(&found), blame.message, output);
	assert_null(strstr(blame.message, "emerg"));
	assert_null(strstr(blame.message, "http.conf"));
}

static void a_bad_statement_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|upstream a { server 127.0.0.1:80; }\n"
	      "/b|upstream b { server 127.0.0.1:99999; }\n",
	      "/b", "invalid port in upstream \"127.0.0.1:99999\"");
	check("/a|map $host $x { default 1; }\n"
	      "/b|sever { }\n",
	      "/b", "unknown directive \"sever\"");
	check("/a|map $host $x { default 1; }\n"
	      "/b|server {\n",
	      "/b", "unexpected end of file");
}

static void a_missing_certificate_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|server { listen 127.0.0.1:1 ssl; ssl_certificate /nowhere/a.crt; "
	      "ssl_certificate_key /nowhere/a.key; }\n"
	      "/b|server { listen 127.0.0.1:1; server_name b; }\n",
	      "/a", "cannot load certificate \"/nowhere/a.crt\"");
}

static void an_address_of_another_host_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|server { listen 192.0.2.1:8000; }\n"
	      "/b|server { listen 192.0.2.1:8001; }\n",
	      "/a", "bind() to 192.0.2.1:8000 failed");
}

static void an_undefined_variable_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|upstream nothing { server 127.0.0.1:80; }\n"
	      "/b|log_format x '$remote_addr $nothing';\n",
	      "/b", "unknown \"nothing\" variable");
}

static void an_undefined_zone_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|upstream a { server 127.0.0.1:80; }\n"
	      "/b|limit_req zone=missing;\n",
	      "/b", "zero size shared memory zone \"missing\"");
	check("/a|upstream a { server 127.0.0.1:80; }\n"
	      "/b|proxy_cache missing;\n",
	      "/b", "zero size shared memory zone \"missing\"");
}

static void a_log_that_cannot_be_opened_is_traced_to_its_znode(void **state UNUSED)
{
	check("/a|server { listen 127.0.0.1:1; }\n"
	      "/b|access_log /nowhere/b.log;\n",
	      "/b", "open() \"/nowhere/b.log\" failed");
}

static void a_clash_with_the_administrators_file_is_traced_to_its_znode(void **state UNUSED)
{
	rig_check_other("upstream shop { server 127.0.0.1:80; }\n");
	check("/a|upstream shop { server 127.0.0.1:80; }\n"
	      "/b|server { listen 127.0.0.1:1; server_name shop; }\n",
	      "/a", "duplicate upstream \"shop\"");
	rig_check_other("server { listen 81 default_server; }\n");
	check("/a|server { listen 81 default_server; }\n"
	      "/b|server { listen 81; server_name b; }\n",
	      "/a", "a duplicate default server for 0.0.0.0:81");
	rig_check_other("");
}

static void the_administrators_own_mistake_is_traced_to_no_znode(void **state UNUSED)
{
	rig_check_other("shop { }\n");
	check("/a|upstream shop { server 127.0.0.1:80; }\n", "", "unknown directive \"shop\"");
	rig_check_other("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_statement_is_traced_to_its_znode),
		cmocka_unit_test(a_missing_certificate_is_traced_to_its_znode),
		cmocka_unit_test(an_address_of_another_host_is_traced_to_its_znode),
		cmocka_unit_test(an_undefined_variable_is_traced_to_its_znode),
		cmocka_unit_test(an_undefined_zone_is_traced_to_its_znode),
		cmocka_unit_test(a_log_that_cannot_be_opened_is_traced_to_its_znode),
		cmocka_unit_test(a_clash_with_the_administrators_file_is_traced_to_its_znode),
		cmocka_unit_test(the_administrators_own_mistake_is_traced_to_no_znode),
	};
	int failed;

	rig_check_setup();
	failed = cmocka_run_group_tests_name("blame_nginx", tests, NULL, NULL);
	rig_clean();
	return failed;
}
