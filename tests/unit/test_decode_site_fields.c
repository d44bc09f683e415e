/* Decode: the fields of a site and its locations that nginx would refuse, or a client abuse. */
#include "core/data/clauses.h"
#include "site_fixture.h"

#define TLS "\"certificate\":\"/srv/c\",\"key\":\"/srv/k\""

static void a_bad_field_of_a_server_is_named(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"headers\":{\"Content-Type\":\"a/b\"}", "headers.Content-Type" },
		{ "\"headers\":{\"A\":{\"always\":true}}", "headers.A.value" },
		{ "\"headers\":{\"A\":\"$uri\"}", "headers.A" },
		{ "\"redirect\":{\"status\":301,\"to\":\"/x\"}", "redirect" },
		{ "\"redirect\":{\"status\":200,\"to\":\"/x\"}", "redirect.status" },
		{ "\"real_ip\":{\"header\":\"X-Real-IP\"}", "real_ip.from" },
		{ "\"real_ip\":{\"from\":\"all\"}", "real_ip.from" },
		{ "\"access\":{\"allow\":[\"10.0.0.1/8\"]}", "access.allow[0]" },
		{ "\"access\":{}", "access" },
		{ "\"basic_auth\":{\"users\":\"/etc/passwd\"}", "basic_auth.users" },
		{ "\"basic_auth\":{\"users\":\"/srv/u\",\"realm\":\"off\"}", "basic_auth.realm" },
		{ "\"auth_request\":\"/$arg_x\"", "auth_request" },
		{ "\"auth_request\":{\"path\":\"/a\",\"set\":{\"uri\":\"x\"}}",
		  "auth_request.set.uri" },
		{ "\"error_pages\":{\"200\":\"/x\"}", "error_pages.200" },
		{ "\"error_pages\":{\"499\":\"/x\"}", "error_pages.499" },
		{ "\"error_pages\":{\"404\":\"@nobody\"}", "error_pages.404" },
		{ "\"error_pages\":{\"404\":\"/$arg_x\"}", "error_pages.404" },
		{ "\"root\":\"/etc\"", "root" },
		{ "\"index\":\"../x\"", "index" },
		{ "\"try_files\":[\"$uri\"]", "try_files" },
		{ "\"try_files\":[\"=404\",\"/x\"]", "try_files" },
		{ "\"mirror\":\"http://x\"", "mirror" },
		{ "\"rewrite\":[{\"from\":\"(\",\"to\":\"/x\"}]", "rewrite[0].from" },
		{ "\"rewrite\":[{\"from\":\"a\",\"to\":\"/x\",\"flag\":\"stop\"}]",
		  "rewrite[0].flag" },
		{ "\"keepalive_timeout\":\"1 s\"", "keepalive_timeout" },
		{ "\"keepalive_requests\":0", "keepalive_requests" },
		{ "\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\"}", "headers.x-a" },
		{ "\"header_buffers\":{\"count\":1}", "header_buffers.size" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (site_with(f, bad[i].fields))
			fail_msg("%s: no problem", bad[i].fields);
		expect_field(f, bad[i].fields, bad[i].field);
	}
}

static void a_bad_member_of_tls_is_named(void **state)
{
	static const struct {
		const char *tls, *field;
	} bad[] = {
		{ "\"hsts\":{\"preload\":true}", "tls.hsts.preload" },
		{ "\"verify\":\"on\"", "tls.verify" },
		{ "\"verify\":\"maybe\"", "tls.verify" },
		{ "\"client_ca\":\"/etc/passwd\"", "tls.client_ca" },
		{ "\"crl\":\"/srv/crl\"", "tls.crl" },
		{ "\"protocols\":[\"SSLv3\"]", "tls.protocols[0]" },
		{ "\"ciphers\":\"a; b\"", "tls.ciphers" },
		{ "\"more\":[{\"certificate\":\"/srv/c\"}]", "tls.more[0].key" },
		{ "\"sessions\":{\"timeout\":\"1ms\"}", "tls.sessions.timeout" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(site(f, arena_printf(f->arena,
						  "{\"listen\":[\"443 ssl\"],\"root\":\"/srv\","
						  "\"tls\":{" TLS ",%s}}",
						  bad[i].tls)));
		expect_field(f, bad[i].tls, bad[i].field);
	}
	assert_false(site(f, "{\"listen\":[\"80\",\"443 ssl\"],\"root\":\"/srv\",\"tls\":{" TLS
			     ",\"hsts\":true}}"));
	expect_field(f, "HSTS over plain HTTP", "tls.hsts");
}

#define FASTCGI(name, value)                                                                       \
	"\"path\":\"/\",\"fastcgi\":\"a\",\"params\":{\"" name "\":\"" value "\"}"

static void a_bad_field_of_a_location_is_named(void **state)
{
#define PROXY "\"path\":\"/\",\"proxy\":\"a\","
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"path\":\"/api\",\"proxy\":\"a/\"", ".proxy" },
		{ "\"path\":\"~ x\",\"proxy\":\"a/\"", ".proxy" },
		{ "\"path\":\"/x/\",\"alias\":\"/srv/x\"", ".alias" },
		{ "\"path\":\"@x\",\"alias\":\"/srv/x/\"", ".alias" },
		{ "\"path\":\"~ (?<a>b)\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"~ ^/(.*)$\",\"redirect\":{\"status\":308,\"to\":\"/$1\"}",
		  ".redirect.status" },
		{ "\"path\":\"~ ^/(.*)$\",\"redirect\":{\"status\":301,\"to\":\"/$1$uri\"}",
		  ".redirect.to" },
		{ PROXY "\"proxy_tls\":{}", ".proxy_tls" },
		{ PROXY "\"proxy_redirect\":\"off\"", ".proxy_redirect" },
		{ PROXY "\"proxy_redirect\":[]", ".proxy_redirect" },
		{ PROXY "\"proxy_redirect\":[{\"from\":\"/a\"}]", ".proxy_redirect[0].to" },
		{ PROXY "\"proxy_redirect\":[{\"from\":\"/a\",\"to\":\"/$1\"}]",
		  ".proxy_redirect[0].to" },
		{ PROXY "\"proxy_redirect\":[{\"from\":\"~^/(a\",\"to\":\"/\"}]",
		  ".proxy_redirect[0].from" },
		{ PROXY "\"proxy_redirect\":[{\"from\":\"~(?<args>a)\",\"to\":\"/\"}]",
		  ".proxy_redirect[0].from" },
		{ PROXY "\"proxy_redirect\":[{\"from\":\"/\",\"to\":\"$uri\"}]",
		  ".proxy_redirect[0].to" },
		{ PROXY "\"cookie\":{\"flags\":[\"Secure\"]}", ".cookie.flags[0]" },
		{ PROXY "\"cookie\":{\"flags\":[{\"name\":\"a b\",\"set\":\"secure\"}]}",
		  ".cookie.flags[0].name" },
		{ PROXY "\"cookie\":{\"flags\":[{\"name\":\"a\"}]}", ".cookie.flags[0].set" },
		{ PROXY "\"cookie\":{\"path\":{\"from\":\"/\",\"to\":\"/\"}}", ".cookie.path" },
		{ PROXY "\"limit\":{\"rate\":\"1r/s\",\"delay\":3}", ".limit.delay" },
		{ PROXY "\"limit\":{\"rate\":\"1r/s\",\"burst\":9,\"delay\":3,\"nodelay\":true}",
		  ".limit.delay" },
		{ "\"path\":\"/\",\"fastcgi\":\"a\",\"cache\":{\"zone\":\"a\",\"key\":\"$host\"}",
		  ".cache.key" },
		{ "\"path\":\"/"
		  "\",\"uwsgi\":\"a\",\"cache\":{\"zone\":\"a\",\"stale\":\"http_502\"}",
		  ".cache.stale" },
		{ "\"path\":\"/\",\"grpc\":\"a\",\"cookie\":{\"flags\":\"secure\"}", ".cookie" },
		{ PROXY "\"proxy_tls\":{\"verify\":false,\"key\":\"/srv/k\"}", ".proxy_tls" },
		{ PROXY "\"buffers\":{\"size\":\"4k\",\"header\":\"64k\"}", ".buffers" },
		{ PROXY "\"cache\":{\"zone\":\"a\",\"key\":\"x\"}", ".cache.key" },
		{ PROXY "\"cache\":{\"zone\":\"a\",\"stale\":\"error\",\"background_update\":true}",
		  ".cache.background_update" },
		{ PROXY "\"cors\":{\"origins\":\"*\",\"credentials\":true}", ".cors.credentials" },
		{ PROXY "\"cors\":{\"origins\":[\"https://a/b\"]}", ".cors.origins[0]" },
		{ PROXY "\"cors\":{\"origins\":[\"*\",\"https://a\"]}", ".cors.origins" },
		{ PROXY "\"limit\":{\"rate\":\"1r/s\",\"key\":\"x\"}", ".limit.key" },
		{ PROXY "\"split\":{\"to\":[]}", ".split.to" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\"}]}", ".split.to[0]" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\",\"percent\":100}]}",
		  ".split.to[0].percent" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\",\"percent\":0.001}]}",
		  ".split.to[0].percent" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\",\"percent\":60},{\"proxy\":\"c\","
			"\"percent\":40}]}",
		  ".split.to" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\",\"cookie\":\"a;b\"}]}",
		  ".split.to[0].cookie" },
		{ PROXY "\"split\":{\"to\":[{\"proxy\":\"b\",\"percent\":1}],\"key\":\"x\"}",
		  ".split.key" },
		{ PROXY "\"internal\":1", ".internal" },
		{ "\"path\":\"/\",\"grpc\":\"a\",\"websocket\":true", ".websocket" },
		{ "\"path\":\"/\",\"fastcgi\":\"a\",\"params\":{\"SCRIPT_FILENAME\":\"$arg_a\"}",
		  ".params.SCRIPT_FILENAME" },
		{ "\"path\":\"/\",\"fastcgi\":\"a\",\"params\":{\"PHP_VALUE\":\"$host\"}",
		  ".params.PHP_VALUE" },
		{ PROXY "\"error_pages\":{\"404\":\"/a\",\"403 404\":\"/b\"}",
		  ".error_pages.403 404" },
		{ PROXY "\"limit\":{\"connections\":1,\"nodelay\":true}", ".limit.rate" },
		{ PROXY "\"limit\":{}", ".limit.rate" },
		{ PROXY "\"rewrite\":[{\"from\":\"^/a(?:b)(c)$\",\"to\":\"/$1$2\"}]",
		  ".rewrite[0].to" },
		{ "\"path\":\"~ ^/a/(.*)$\",\"redirect\":{\"status\":301,\"to\":\"/b/$2\"}",
		  ".redirect.to" },
		{ FASTCGI("SCRIPT_FILENAME", "/etc/passwd"), ".params.SCRIPT_FILENAME" },
		{ FASTCGI("SCRIPT_FILENAME", "$fastcgi_script_name"), ".params.SCRIPT_FILENAME" },
		{ FASTCGI("SCRIPT_FILENAME", "/etc$fastcgi_script_name"),
		  ".params.SCRIPT_FILENAME" },
		{ FASTCGI("SCRIPT_FILENAME", "/srv/../etc/passwd"), ".params.SCRIPT_FILENAME" },
		{ FASTCGI("DOCUMENT_ROOT", "$document_root/../x"), ".params.DOCUMENT_ROOT" },
		{ FASTCGI("DOCUMENT_ROOT", "$document_root$$x"), ".params.DOCUMENT_ROOT" },
		{ FASTCGI("PHP_VALUE", "memory_limit=1M\\nauto_prepend_file=x.jpg"),
		  ".params.PHP_VALUE" },
		{ FASTCGI("PHP_ADMIN_VALUE", "mail.log=/srv/www/x.php"),
		  ".params.PHP_ADMIN_VALUE" },
		{ FASTCGI("PHP_VALUE", "session.save_path=tcp:x"), ".params.PHP_VALUE" },
		{ "\"path\":\"/\",\"uwsgi\":\"a\",\"params\":{\"UWSGI_FILE\":\"/tmp/a.py\"}",
		  ".params.UWSGI_FILE" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"locations\":[{\"path\":\"/\"}]", "?" },
		{ "\"path\":\"/a/\",\"root\":\"/srv\",\"locations\":[{\"path\":\"/b\"}]",
		  ".locations[0].path" },
		{ "\"path\":\"= /a\",\"root\":\"/srv\",\"locations\":[{\"path\":\"/a/b\"}]",
		  ".locations[0].path" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"locations\":[{\"path\":\"/b\"}]",
		  ".locations[0]" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (bad[i].field[0] == '?') { /* the same path, but within the other */
			assert_true(location(f, bad[i].fields));
			continue;
		}
		assert_false(location(f, bad[i].fields));
		expect_field(f, bad[i].fields,
			     arena_printf(f->arena, "locations[0]%s", bad[i].field));
	}
}

static void locations_within_others_follow_them(void **state)
{
	struct fixture *f = *state;

	assert_true(site(f, "{\"listen\":[80],\"root\":\"/srv\",\"locations\":["
			    "{\"path\":\"/a/\",\"locations\":[{\"path\":\"/a/b/\",\"locations\":["
			    "{\"path\":\"~ c\"}]},{\"path\":\"/a/d\"}]},{\"path\":\"/e\"}]}"));
	assert_int_equal(f->site.location_count, 5);
	assert_int_equal(f->site.locations[1].parent, 1);
	assert_int_equal(f->site.locations[2].parent, 2);
	assert_int_equal(f->site.locations[3].parent, 1);
	assert_int_equal(f->site.locations[4].parent, 0);
	assert_string_equal(f->site.locations[2].field, "locations[0].locations[0].locations[0]");
	assert_int_equal(f->site.locations[2].kind, LOCATION_FILES);
}

static void a_listen_may_be_an_object(void **state)
{
	struct fixture *f = *state;

	assert_true(site(f, "{\"listen\":[{\"address\":8080,\"backlog\":512,\"deferred\":true,"
			    "\"reuseport\":false,\"so_keepalive\":true}],\"root\":\"/srv\"}"));
	assert_string_equal(f->site.listens[0].address, "8080");
	assert_string_equal(f->site.listens[0].options, "backlog=512 deferred so_keepalive=on");
	assert_false(site(f, "{\"listen\":[{\"address\":80,\"backlok\":1}],\"root\":\"/srv\"}"));
	expect_field(f, "an unknown member", "listen[0].backlok");
	assert_false(site(f, "{\"listen\":[{\"ssl\":true}],\"root\":\"/srv\"}"));
	expect_field(f, "no address", "listen[0].address");
	assert_false(site(f, "{\"listen\":[\"80 rcvbuf=1g\"],\"root\":\"/srv\"}"));
	expect_field(f, "a size with g", "listen[0]");
}

static void clauses_are_in_one_order_whatever_that_of_the_fields(void **state)
{
	struct fixture *f = *state;
	const struct clause *line;

	assert_true(site_with(f, "\"send_timeout\":\"1s\",\"autoindex\":true,\"etag\":false"));
	assert_int_equal(f->site.common.lines.count, 3);
	assert_string_equal(f->site.common.lines.items[0].directive, "autoindex");
	assert_string_equal(f->site.common.lines.items[2].directive, "send_timeout");
	line = clauses_find(&f->site.common.lines, "etag");
	assert_string_equal(line->words[0], "off");
	assert_string_equal(line->field, "etag");
}

static void parameters_of_safe_files_and_settings_are_accepted(void **state)
{
	static const char *const good[] = {
		FASTCGI("SCRIPT_FILENAME", "$document_root$fastcgi_script_name"),
		FASTCGI("SCRIPT_FILENAME", "${realpath_root}/index.php"),
		FASTCGI("SCRIPT_FILENAME", "/srv/www$fastcgi_script_name"),
		FASTCGI("PATH_TRANSLATED", "$document_root$fastcgi_path_info"),
		FASTCGI("DOCUMENT_ROOT", "/srv/www"),
		FASTCGI("PHP_VALUE",
			"upload_max_filesize=64M\\ndate.timezone=Europe/Vienna\\nmemory_limit=1G"),
		FASTCGI("UWSGI_SCHEME", "https"),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!location(f, good[i]))
			fail_msg("%s", good[i]);
	}
}

static void a_realm_with_quotes_stays_one_string_of_the_header(void **state)
{
	struct fixture *f = *state;

	assert_true(location(f, PROXY "\"basic_auth\":{\"users\":\"/etc/ssl/u\",\"realm\":"
				      "\"a \\\"b\\\" \\\\\"}"));
	assert_string_equal(
		clauses_find(&f->site.locations[0].common.lines, "auth_basic")->words[0],
		"a \\\"b\\\" \\\\");
}

static void a_key_may_have_every_variable(void **state)
{
	static const char *const good[] = {
		PROXY "\"limit\":{\"rate\":\"1r/s\",\"key\":\"$binary_remote_addr$uri\"}",
		PROXY "\"cache\":{\"zone\":\"a\",\"valid\":\"1m\",\"key\":\"$host$uri\","
		      "\"bypass\":[\"$uri\"],\"no_store\":\"$document_uri\"}",
		PROXY "\"split\":{\"key\":\"$uri\",\"to\":[{\"proxy\":\"b\",\"percent\":5}]}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!location(f, good[i]))
			fail_msg("%s", good[i]);
	}
	assert_false(location(f, PROXY "\"limit\":{\"rate\":\"1r/s\",\"key\":\"$1\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_may_have_every_variable),
		TEST(a_realm_with_quotes_stays_one_string_of_the_header),
		TEST(parameters_of_safe_files_and_settings_are_accepted),
		TEST(a_bad_field_of_a_server_is_named),
		TEST(a_bad_member_of_tls_is_named),
		TEST(a_bad_field_of_a_location_is_named),
		TEST(locations_within_others_follow_them),
		TEST(a_listen_may_be_an_object),
		TEST(clauses_are_in_one_order_whatever_that_of_the_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
