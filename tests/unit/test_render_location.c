/* Render: the content of a location, and what is defined for it at the top. */
#include "render_models.h"

static void a_plain_proxy_keeps_connections(void **state UNUSED)
{
	struct location l = proxy("/");
	CLEANUP(bundle_unrefp) struct bundle *b = of_location(&l);

	assert_has(http(b), "    location / {\n"
			    "        proxy_pass http://shop;\n"
			    "        proxy_http_version 1.1;\n"
			    "        proxy_set_header Connection \"\";\n"
			    "        proxy_set_header Host $host;\n"
			    "        proxy_set_header X-Real-IP $remote_addr;\n"
			    "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
			    "        proxy_set_header X-Forwarded-Proto $scheme;\n"
			    "    }\n");
	assert_has_not(http(b), "map ");
	assert_has_not(http(b), "limit_req");
	assert_has_not(http(b), "proxy_cache");
}

static void the_sites_headers_take_the_place_of_ours(void **state UNUSED)
{
	struct header headers[] = { { .name = "host", .value = "shop.internal" },
				    { .name = "X-Note", .value = "two words" } };
	struct location l = proxy("/");
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	l.request_headers = headers;
	l.request_header_count = 2;
	b = of_location(&l);
	assert_has(http(b), "        proxy_set_header host shop.internal;\n"
			    "        proxy_set_header X-Note \"two words\";\n");
	assert_has_not(http(b), "proxy_set_header Host");
	assert_has(http(b), "proxy_set_header X-Real-IP $remote_addr;");
}

static void a_websocket_location_upgrades(void **state UNUSED)
{
	struct location l[] = { proxy("/"), proxy("/ws") };
	struct site s = site("shop", l, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	l[1].websocket = true;
	b = of_site(&s);
	assert_has(http(b), "\nmap $http_upgrade $zknginx_connection {\n"
			    "    default upgrade;\n"
			    "    '' '';\n"
			    "}\n");
	assert_has(http(b), "        proxy_set_header Upgrade $http_upgrade;\n"
			    "        proxy_set_header Connection $zknginx_connection;\n");
	assert_has(http(b), "        proxy_set_header Connection \"\";\n");
}

static void timeouts_and_retries_are_written(void **state UNUSED)
{
	struct location l = proxy("/");
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	l.timeouts = (struct timeouts){ "1s", "30s", "5s" };
	l.retry_on = "error timeout http_502";
	l.retry_tries = 2;
	b = of_location(&l);
	assert_has(http(b), "        proxy_connect_timeout 1s;\n"
			    "        proxy_read_timeout 30s;\n"
			    "        proxy_send_timeout 5s;\n"
			    "        proxy_next_upstream error timeout http_502;\n"
			    "        proxy_next_upstream_tries 2;\n");
}

static void a_cache_is_defined_once(void **state UNUSED)
{
	struct location l[] = { proxy("/"), proxy("/a"), proxy("/b") };
	struct site s = site("shop", l, 3);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	l[0].cache_zone = l[2].cache_zone = "two";
	l[1].cache_zone = "one";
	l[0].cache_valid = "200 10m";
	b = of_site(&s);
	assert_has(http(b),
		   "\n\n"
		   "proxy_cache_path /var/cache/nginx/one levels=1:2 "
		   "keys_zone=cache/one:10m max_size=1g inactive=10m use_temp_path=off;\n"
		   "proxy_cache_path /var/cache/nginx/two levels=1:2 "
		   "keys_zone=cache/two:10m max_size=1g inactive=10m use_temp_path=off;\n\n");
	assert_has(http(b), "        proxy_cache cache/two;\n"
			    "        proxy_cache_key $scheme$proxy_host$host$request_uri;\n"
			    "        proxy_cache_valid 200 10m;\n");
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 3), "/s/site");
}

/* The name of the zone that `rate=50r/s` counts in. */
static char *zone_of(const struct bundle *b)
{
	char name[128];
	const char *at = strstr(http(b), "zone=limit/");

	assert_non_null(at);
	assert_int_equal(sscanf(at, "zone=%127[^: ;]", name), 1);
	return xstrdup(name);
}

static void a_limit_has_a_zone_of_its_own(void **state UNUSED)
{
	struct location here = proxy("/api/"), there = proxy("/other/");
	CLEANUP(freep) char *a = NULL;
	CLEANUP(freep) char *b = NULL;
	CLEANUP(freep) char *c = NULL;
	struct bundle *bundle;

	here.limit_rate = there.limit_rate = "50r/s";
	bundle = of_location(&here);
	a = zone_of(bundle);
	bundle_unref(bundle);
	here.limit_rate = "60r/s";
	bundle = of_location(&here);
	b = zone_of(bundle);
	bundle_unref(bundle);
	bundle = of_location(&there);
	c = zone_of(bundle);
	bundle_unref(bundle);
	assert_int_equal(strlen(a), strlen("limit/shop_12345678"));
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
}

static void a_limit_is_written_into_its_location(void **state UNUSED)
{
	struct location l = proxy("/");
	CLEANUP(bundle_unrefp) struct bundle *a = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	l.limit_rate = "50r/s";
	a = of_location(&l);
	assert_has(http(a), "limit_req_zone $binary_remote_addr zone=limit/shop_");
	assert_has(http(a), ":10m rate=50r/s;\n");
	assert_has(http(a), ";\n        limit_req_status 429;\n        proxy_pass");
	assert_has_not(http(a), "burst");
	l.limit_burst = 100;
	l.limit_nodelay = true;
	b = of_location(&l);
	assert_has(http(b), " burst=100 nodelay;\n");
}

static void files_redirects_and_answers_are_written(void **state UNUSED)
{
	struct header headers[] = { { .name = "X-Frame-Options", .value = "DENY" } };
	struct location l[] = {
		{ .path = "/static/",
		  .kind = LOCATION_ROOT,
		  .root = "/srv/www",
		  .expires = "modified +24h",
		  .cache_control = "public, immutable",
		  .response_headers = headers,
		  .response_header_count = 1 },
		{ .path = "= /ping",
		  .kind = LOCATION_RETURN,
		  .status = 200,
		  .text = "all is well" },
		{ .path = "^~ /no", .kind = LOCATION_RETURN, .status = 444 },
		{ .path = "/empty", .kind = LOCATION_RETURN, .status = 200, .text = "" },
		{ .path = "/old/", .kind = LOCATION_REDIRECT, .status = 301, .to = "/new/" },
	};
	struct site s = site("shop", l, ARRAY_SIZE(l));
	CLEANUP(bundle_unrefp) struct bundle *b = of_site(&s);

	assert_has(http(b), "\n    location /static/ {\n"
			    "        root /srv/www;\n"
			    "        expires modified +24h;\n"
			    "        add_header Cache-Control \"public, immutable\";\n"
			    "        add_header X-Frame-Options DENY always;\n"
			    "    }\n"
			    "\n    location = /ping {\n"
			    "        default_type text/plain;\n"
			    "        return 200 \"all is well\";\n"
			    "    }\n"
			    "\n    location ^~ /no {\n"
			    "        return 444;\n"
			    "    }\n"
			    "\n    location /empty {\n"
			    "        default_type text/plain;\n"
			    "        return 200 \"\";\n"
			    "    }\n"
			    "\n    location /old/ {\n"
			    "        return 301 /new/;\n"
			    "    }\n"
			    "}\n");
}

static void a_path_with_a_blank_is_one_word(void **state UNUSED)
{
	struct location l = proxy("= /a b");
	CLEANUP(bundle_unrefp) struct bundle *b = of_location(&l);

	assert_has(http(b), "    location = \"/a b\" {\n");
}

static struct bundle *of_tls_upstream(struct location *l, const char *first, const char *second)
{
	struct server servers[] = { server("10.0.0.1:443"), server("10.0.0.2:443") };
	struct upstream u = upstream("shop", servers, 2);
	struct site s = site("shop", l, 1);
	struct model m = { .upstreams = (const struct upstream *[]){ &u },
			   .upstream_count = 1,
			   .sites = &s,
			   .site_count = 1 };

	servers[0].name = first;
	servers[1].name = second;
	u.tls = true;
	return rendered(&m);
}

static void servers_of_tls_are_asked_for_by_their_registered_name(void **state UNUSED)
{
	struct location l = proxy("/");
	CLEANUP(bundle_unrefp)
	struct bundle *same = of_tls_upstream(&l, "app.test:443", "app.test:443");
	CLEANUP(bundle_unrefp)
	struct bundle *other = of_tls_upstream(&l, "a.test:443", "b.test:443");
	CLEANUP(bundle_unrefp) struct bundle *none = of_tls_upstream(&l, NULL, NULL);

	assert_has(http(same), "        proxy_ssl_name app.test;\n"
			       "        proxy_ssl_server_name on;\n");
	assert_has_not(http(other), "proxy_ssl_name");
	assert_has_not(http(none), "proxy_ssl_name");
	assert_has(http(none), "proxy_pass https://shop;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_proxy_keeps_connections),
		cmocka_unit_test(the_sites_headers_take_the_place_of_ours),
		cmocka_unit_test(a_websocket_location_upgrades),
		cmocka_unit_test(timeouts_and_retries_are_written),
		cmocka_unit_test(a_cache_is_defined_once),
		cmocka_unit_test(a_limit_has_a_zone_of_its_own),
		cmocka_unit_test(a_limit_is_written_into_its_location),
		cmocka_unit_test(files_redirects_and_answers_are_written),
		cmocka_unit_test(a_path_with_a_blank_is_one_word),
		cmocka_unit_test(servers_of_tls_are_asked_for_by_their_registered_name),
	};

	return cmocka_run_group_tests_name("render_location", tests, NULL, NULL);
}
