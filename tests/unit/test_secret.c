/* What a message shows of a value that may be a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zknginx/err.h>
#include <zknginx/model.h>

#include "core/text/secret.h"

static void fields_that_can_hold_a_secret_are_known(void **state UNUSED)
{
	static const char *const secret[] = { "locations[0].request_headers.X-Token",
					      "locations[12].response_headers.Set-Cookie",
					      "auth_basic",
					      "tls.key",
					      "locations[0].return.text",
					      "locations[0].redirect.to",
					      "API_KEY" };
	static const char *const open[] = { "listen[0]", "server_names[1]",    "protocol",
					    "",          "locations[0].proxy", "locations[0].path",
					    "gzip" };

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(secret_is_in_field(secret[i]));
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		assert_false(secret_is_in_field(open[i]));
}

static void directives_that_can_hold_a_secret_are_known(void **state UNUSED)
{
	static const char *const secret[] = { "proxy_set_header", "add_header",
					      "auth_basic",       "fastcgi_param",
					      "secure_link_md5",  "set",
					      "proxy_pass",       "ssl_certificate_key" };
	static const char *const open[] = { "gzip", "listen", "server_name",
					    "client_max_body_size" };

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(secret_is_in_directive(secret[i]));
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		assert_false(secret_is_in_directive(open[i]));
}

static void expect_quoted(const char *field, const char *value, const char *wanted)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	secret_put_value(field, value, &out);
	assert_string_equal(buf_str(&out), wanted);
}

static void a_quarter_of_a_secret_and_at_most_4_bytes_are_shown(void **state UNUSED)
{
	expect_quoted("auth", "Basic c2VjcmV0OnNlY3JldA==;", "\"Basi…\" (23 bytes are not shown)");
	expect_quoted("auth", "12345678", "\"12…\" (6 bytes are not shown)");
	expect_quoted("auth", "abc", "\"…\" (3 bytes are not shown)");
	expect_quoted("auth", "", "\"…\" (0 bytes are not shown)");
	expect_quoted("auth", "a\xc3\xa9\xc3\xa9 0123456789", "\"a…\" (15 bytes are not shown)");
	expect_quoted("listen[0]", "8080 ssl tls", "\"8080 ssl tls\"");
}

static void expect_nginx(const char *text, const char *wanted)
{
	CLEANUP(freep) char *out = secret_mask_nginx(text);

	assert_string_equal(out, wanted);
}

static void names_paths_and_addresses_in_nginx_s_words_are_kept(void **state UNUSED)
{
	static const char *const kept[] = {
		"nginx: [emerg] unknown directive \"proxi_pass\" in /x/http.conf:3",
		"nginx: [emerg] invalid value \"maybe\" in \"gzip\" directive, it must be \"on\" "
		"or "
		"\"off\" in /x/http.conf:3",
		"nginx: [emerg] host not found in upstream \"Db-1.example.com:80\" in "
		"/x/http.conf:3",
		"nginx: [emerg] cannot load certificate \"/etc/ssl/A.crt\": BIO_new_file() failed",
		"nginx: [emerg] unknown \"Foo9x2\" variable",
		"nginx: [emerg] \"listen\" directive is not allowed here in /x/http.conf:3",
		"nginx: [warn] conflicting server name \"Www1.example2.com\" on 0.0.0.0:80, "
		"ignored",
		"nginx: [emerg] duplicate upstream \"App12\" in /x/http.conf:3",
		"nginx: [emerg] unexpected \"}\" in /x/http.conf:3",
		"nginx: [emerg] invalid rate \"rate=fast\" in /x/http.conf:3",
		"nginx: [emerg] invalid parameter \"weigth=5\" in /x/http.conf:3",
		"nginx: [emerg] invalid port in \"127.0.0.1:99999\" of the \"listen\" directive",
		"nginx: [emerg] invalid number of arguments in \"add_header\" directive in /x:1",
		"nginx: [emerg] open() \"/etc/nginx/Mime.types\" failed (2: No such file)\n"
		"nginx: configuration file /etc/nginx/nginx.conf test failed\n",
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		expect_nginx(kept[i], kept[i]);
}

static void values_in_nginx_s_words_are_masked(void **state UNUSED)
{
	expect_nginx("nginx: [emerg] invalid value \"Basic c2VjcmV0\" in \"gzip\" directive, it "
		     "must be on in /x/http.conf:3",
		     "nginx: [emerg] invalid value \"Bas…\" (11 bytes are not shown) in \"gzip\" "
		     "directive, it must be on in /x/http.conf:3");
	expect_nginx("[emerg] invalid value \"S3cr3tToken\" in \"gzip\" directive, it must be "
		     "\"on\" or \"off\" (line 1 of the znode) in /x/http.conf:3",
		     "[emerg] invalid value \"S3…\" (9 bytes are not shown) in \"gzip\" directive, "
		     "it must be \"on\" or \"off\" (line 1 of the znode) in /x/http.conf:3");
	expect_nginx("[emerg] unknown directive \"S3cr3t-Token-77\" in /x:3",
		     "[emerg] unknown directive \"S3c…\" (12 bytes are not shown) in /x:3");
	expect_nginx("[emerg] unexpected \"S3cr3t;Token\" in /x:3",
		     "[emerg] unexpected \"S3c…\" (9 bytes are not shown) in /x:3");
	expect_nginx("[emerg] invalid parameter \"token=hunter\" in /x:3",
		     "[emerg] invalid parameter \"tok…\" (9 bytes are not shown) in /x:3");
	/* the directive can hold a secret: no value is harmless */
	expect_nginx("[emerg] invalid value \"hunter\" in \"secure_link_secret\" directive",
		     "[emerg] invalid value \"h…\" (5 bytes are not shown) in "
		     "\"secure_link_secret\" directive");
}

static void a_value_with_quotes_in_it_is_masked_as_a_whole(void **state UNUSED)
{
	expect_nginx("[emerg] invalid value \"ab\"S3cr3t\"cd\" in \"gzip\" directive in /x:3",
		     "[emerg] invalid value \"ab…\" (10 bytes are not shown) in \"gzip\" directive "
		     "in /x:3");
	expect_nginx("[emerg] unexpected end of parameter \"S3cr3tToken in /x:3",
		     "[emerg] unexpected end of parameter \"S3cr…\" (15 bytes are not shown)");
}

static void a_json_error_does_not_quote_the_text(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	secret_put_json_error("'}' expected near '\"S3cr3t'", &out);
	assert_string_equal(buf_str(&out), "'}' expected");
	buf_clear(&out);
	secret_put_json_error("string or '}' expected near ','", &out);
	assert_string_equal(buf_str(&out), "string or '}' expected near ','");
	buf_clear(&out);
	secret_put_json_error("unexpected newline near end of file", &out);
	assert_string_equal(buf_str(&out), "unexpected newline near end of file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_that_can_hold_a_secret_are_known),
		cmocka_unit_test(directives_that_can_hold_a_secret_are_known),
		cmocka_unit_test(a_quarter_of_a_secret_and_at_most_4_bytes_are_shown),
		cmocka_unit_test(names_paths_and_addresses_in_nginx_s_words_are_kept),
		cmocka_unit_test(values_in_nginx_s_words_are_masked),
		cmocka_unit_test(a_value_with_quotes_in_it_is_masked_as_a_whole),
		cmocka_unit_test(a_json_error_does_not_quote_the_text),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
