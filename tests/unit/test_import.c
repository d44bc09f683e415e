/* Import: which blocks become typed objects, and what depends on their order. */
#include "import_fixture.h"

static const char APP[] = "upstream app { server 10.0.0.1; }\n";
#define HEADERS                                                                                    \
	"proxy_http_version 1.1;\nproxy_set_header Connection \"\";\n"                             \
	"proxy_set_header Host $host;\nproxy_set_header X-Real-IP $remote_addr;\n"                 \
	"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"                           \
	"proxy_set_header X-Forwarded-Proto $scheme;\n"

static const char *with_app(struct world *w, const char *location)
{
	return arena_printf(w->arena, "%s%sserver {\nlisten 80;\nlocation / {\n%s\n}\n}", APP,
			    HEADERS, location);
}

/* --- typed objects --------------------------------------------------------------------------- */

static void an_upstream_and_a_server_become_typed_objects(void **state)
{
	struct world *w = *state;

	import(w, "user www-data;\nhttp {\n    gzip on;\n\n"
		  "    upstream shop {\n        least_conn;\n"
		  "        server 10.0.0.1:8080 weight=5;\n        server [2001:db8::1] backup;\n"
		  "        keepalive 32;\n    }\n\n"
		  "    server {\n        listen 8080;\n        server_name Shop.example.com;\n"
		  "        location =/ping { return 204; }\n    }\n}\n");
	assert_fates(w, "typed typed");
	assert_string_equal(file(w, "upstreams/shop.json"),
			    "{\n  \"balance\": \"least_conn\",\n  \"keepalive\": 32\n}\n");
	assert_string_equal(file(w, "upstreams/shop/10.0.0.1:8080"), "weight=5\n");
	assert_string_equal(file(w, "upstreams/shop/[2001:db8::1]:80"), "backup\n");
	assert_string_equal(file(w, "sites/shop.example.com.json"),
			    "{\n  \"listen\": [\n    \"8080\"\n  ],\n  \"server_names\": [\n"
			    "    \"Shop.example.com\"\n  ],\n  \"locations\": [\n    {\n"
			    "      \"path\": \"= /ping\",\n      \"return\": {\n"
			    "        \"status\": 204\n      }\n    }\n  ]\n}\n");
	assert_string_equal(w->out.main.text,
			    "user www-data;\nhttp {\n    gzip on;\n\n" OURS "}\n");
	assert_int_equal(w->out.kept, 1);
}

static void a_stream_server_becomes_a_typed_object(void **state)
{
	struct world *w = *state;

	import(w, "stream {\n    upstream db { server db1:5432; }\n"
		  "    server { listen 5432; proxy_pass db; proxy_timeout 10m; }\n"
		  "    server { listen 53 udp; proxy_pass 10.0.0.1:53; }\n}\n");
	assert_fates(w, "typed typed snippet");
	assert_has(file(w, "sites/stream-5432.json"), "\"idle\": \"10m\"");
	file(w, "snippets/stream/stream-53.conf");
	assert_string_equal(w->out.main.text,
			    "stream {\n    # What zknginxd renders from ZooKeeper.\n"
			    "    include /live/stream.conf;\n}\n\nhttp {\n" OURS "}\n");
}

/* With a zone, max_conns is the limit of all workers together. */
static void an_upstream_without_a_zone_keeps_its_limits(void **state)
{
	struct world *w = *state;

	import(w, "http { upstream a { server 10.0.0.1 max_conns=9; } }\n");
	assert_string_equal(file(w, "upstreams/a.json"), "{\n  \"zone\": \"off\"\n}\n");
	import(w, "http { upstream a { zone a 64k; server 10.0.0.1 max_conns=9; } }\n");
	assert_string_equal(file(w, "upstreams/a.json"), "{\n  \"zone\": \"64k\"\n}\n");
}

static void an_upstream_that_has_no_typed_form_says_why(void **state)
{
	struct world *w = *state;

	assert_untyped(w, "upstream Shop { server a:80; }", "name of a typed upstream");
	assert_untyped(w, "upstream shop { server a:80; keepalive_requests 9; }",
		       "nginx.conf:2: \"keepalive_requests\" has no typed field");
	assert_untyped(w, "upstream shop { server a:80 slow_start=3s; }", "\"slow_start\"");
	assert_untyped(w, "upstream shop { server a:80; server A:80 weight=2; }", "twice");
	assert_untyped(w, "upstream shop { ip_hash; server 10.0.0.2; server 10.0.0.1; }", "order");
	assert_untyped(w, "upstream shop { ip_hash; server a:80; server b:80; }", "order");
	assert_untyped(w, "upstream shop { hash $arg_a; server b:80; server a:80; }", "order");
	assert_untyped(w, "upstream shop { hash $arg_a $arg_b; server 10.0.0.1; }", "hash");
	assert_untyped(w,
		       "upstream a { zone z 64k; server a:80; }\n"
		       "upstream b { zone z; server b:80; }",
		       "share");
	import_http(w, "upstream shop { hash $arg_a consistent; server 10.0.0.2:80; server "
		       "10.0.0.1:80; }\n"
		       "upstream two { ip_hash; server 10.0.0.1; server 10.0.0.2; }");
	assert_fates(w, "typed typed");
	assert_untyped(w, "upstream shop { hash $arg_a consistent; server 10.0.0.1; }", "names");
	assert_untyped(w, "upstream shop { hash $arg_a consistent; server a:80; }", "names");
}

static void a_unix_socket_keeps_its_upstream_on_the_host(void **state)
{
	struct world *w = *state;

	assert_stays(w, "upstream php { server unix:/run/php.sock; }", "Unix socket");
	assert_untyped(w, "upstream php { server unix:/run/php.sock; }", "Unix socket");
}

static void a_location_that_sends_other_headers_is_not_typed(void **state)
{
	struct world *w = *state;

	import_http(w, with_app(w, "proxy_pass http://app;"));
	assert_fates(w, "typed typed");
	import_http(
		w,
		with_app(w, "proxy_pass http://app; proxy_set_header host $proxy_host;" HEADERS));
	assert_fates(w, "typed snippet"); /* Host is set twice */
	assert_untyped(w, with_app(w, "proxy_pass http://app; proxy_set_header X-A b;"),
		       "X-Real-IP");
	assert_untyped(w, with_app(w, "proxy_pass http://app; proxy_http_version 1.0;"), "1.1");
	assert_untyped(w, with_app(w, "proxy_pass http://app/;"), "without a URI");
	assert_untyped(w, with_app(w, "proxy_pass https://app;"), "without a URI");
	assert_untyped(w, with_app(w, "proxy_pass http://10.0.0.1;"), "typed upstream");
	assert_untyped(w, with_app(w, "proxy_pass http://app; proxy_buffering off;"),
		       "proxy_buffering");
	assert_untyped(w, with_app(w, "proxy_pass http://app; if ($arg_a) { return 403; }"), "if");
}

static void words_of_http_that_are_no_utf8_keep_a_server_untyped(void **state)
{
	struct world *w = *state;

	import_http(w, arena_printf(w->arena, "proxy_set_header X\xff y;\n%s",
				    with_app(w, "proxy_pass http://app;")));
	assert_fates(w, "typed snippet");
}

static void what_nginx_sends_by_itself_is_said_in_the_typed_location(void **state)
{
	struct world *w = *state;
	const char *json;

	import_http(w, with_app(w, "proxy_pass http://app; proxy_set_header X-Real-IP '';"
				   "proxy_set_header X-Forwarded-For a;"
				   "proxy_set_header X-Forwarded-Proto $scheme;"));
	assert_fates(w, "typed typed");
	json = file(w, "sites/default-80.json");
	assert_has(json, "\"Host\": \"$proxy_host\"");
	assert_has(json, "\"Connection\": \"close\"");
	assert_has(json, "\"X-Real-IP\": \"\"");
	assert_lacks(json, "X-Forwarded-Proto");
}

static void only_the_map_of_a_typed_location_makes_a_websocket(void **state)
{
	struct world *w = *state;
#define UPGRADE(connection, map)                                                                   \
	"map $http_upgrade $up { " map " }\n"                                                      \
	"proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"                          \
	"proxy_set_header Connection " connection "; proxy_set_header Host $host;"                 \
	"proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;"     \
	"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"                             \
	"upstream app { server a:80; } server { listen 80; location / { proxy_pass http://app; } " \
	"}"

	import_http(w, UPGRADE("$up", "'' ''; default upgrade;"));
	assert_fates(w, "stays typed typed");
	assert_has(file(w, "sites/default-80.json"), "\"websocket\": true");
	assert_lacks(file(w, "sites/default-80.json"), "request_headers");
	import_http(w, UPGRADE("upgrade", "'' ''; default upgrade;"));
	assert_fates(w, "snippet typed typed");
	assert_has(file(w, "sites/default-80.json"), "\"Connection\": \"upgrade\"");
	import_http(w, UPGRADE("$up", "'' close; default upgrade;"));
	assert_fates(w, "stays typed typed");
	assert_has(file(w, "sites/default-80.json"), "\"Connection\": \"$up\"");
}

static void a_typed_location_may_use_variables_that_others_define(void **state)
{
	struct world *w = *state;

#define MAP "map $uri $colour { default blue; } "
#define USES(value) "server { listen 80; location / { return 200 '" value "'; } }"
	import_http(w, MAP USES("a $Colour"));
	assert_fates(w, "snippet typed");
	assert_has(file(w, "sites/default-80.json"), "\"a $Colour\"");
	import_http(w,
		    MAP USES("${colour}") "server { listen 81; set $mine 1; return 200 $mine; }");
	assert_fates(w, "snippet typed snippet");
	/* what stays needs the map: nginx.conf keeps it, and the typed location finds it there */
	import_http(w, MAP "add_header X $COLOUR; " USES("$colour"));
	assert_fates(w, "stays typed");
	assert_untyped(w, USES("$colour"), "neither a variable that nginx has");
}

static void answers_that_a_typed_location_would_change_are_not_typed(void **state)
{
	struct world *w = *state;

#define SERVER(text) "server { listen 80; " text " }"
	assert_untyped(w, SERVER("location / { root /srv; add_header X a; }"), "always");
	assert_untyped(w, SERVER("add_header X a always; root /srv;"), "no location");
	assert_untyped(w,
		       SERVER("location / { return 200 a; } location = /b { return 200 b; }"
			      " default_type text/html;"),
		       "text/plain");
	assert_untyped(w, SERVER("return 301 /x; location / { root /srv; }"), "beside locations");
	assert_untyped(w, SERVER("default_type a/b; location / { root /srv; }"), "default_type");
	assert_untyped(w, SERVER("default_type a/b; location /a/ { return 404; }"), "default_type");
	assert_untyped(w, SERVER("default_type a/b; location = /a { root /srv; }"), "default_type");
	assert_untyped(w, SERVER("location ~ x { root /srv; }"), "prefix");
	assert_untyped(w, SERVER("location @x { root /srv; }"), "prefix");
	assert_untyped(w, SERVER("root /srv; index index.php;"), "index");
	assert_untyped(w, SERVER("root /srv; expires 1d; location /a/ { return 404; }"), "expires");
	assert_untyped(w, SERVER("location / { root /srv; try_files $uri =404; }"), "try_files");
	assert_untyped(w, "server { location / { return 404; } }", "listen");
	assert_untyped(w, SERVER("server_name ~^a$; root /srv;"), "server_names");
	assert_untyped(w, SERVER("access_log /var/log/nginx/a.log; root /srv;"), "access_log");
	assert_untyped(w, SERVER("location / { return 302 $uri; }"), "redirect");
	import_http(w, SERVER("access_log /var/log/nginx/shop.access.log; location / { root /srv;"
			      " add_header Cache-Control x; add_header X a always; }"));
	assert_fates(w, "typed");
	assert_has(file(w, "sites/default-80.json"), "\"access_log\": \"shop\"");
	import_http(w, SERVER("location / { return 200 'a\"b;$host\\n'; }"));
	assert_fates(w, "typed");
	assert_has(file(w, "sites/default-80.json"), "\"a\\\"b;$host\\n\"");
}

static void what_a_server_says_is_said_in_each_of_its_locations(void **state)
{
	struct world *w = *state;
	const char *json;

	import_http(w, SERVER("root /srv; expires 1d; location /a/ { } location /b/ { expires 2d; "
			      "root /srv/b; }"));
	assert_fates(w, "typed");
	json = file(w, "sites/default-80.json");
	assert_has(json,
		   "\"path\": \"/a/\",\n      \"root\": \"/srv\",\n      \"expires\": \"1d\"");
	assert_has(json,
		   "\"path\": \"/b/\",\n      \"root\": \"/srv/b\",\n      \"expires\": \"2d\"");
	assert_has(json, "\"path\": \"/\",\n      \"root\": \"/srv\",\n      \"expires\": \"1d\"");
}

static void a_limit_is_typed_where_its_zone_counts_for_one_location(void **state)
{
	struct world *w = *state;
#define ZONE "limit_req_zone $binary_remote_addr zone=a:10m rate=5r/s;\nlimit_req_status 429;\n"

	import_http(w, ZONE SERVER("location / { root /srv; limit_req zone=a burst=3; }"));
	assert_fates(w, "snippet typed");
	assert_has(file(w, "sites/default-80.json"), "\"rate\": \"5r/s\"");
	assert_untyped(w,
		       ZONE SERVER("location / { root /srv; limit_req zone=a; }"
				   "location /b/ { root /srv; limit_req zone=a; }"),
		       "one location alone");
	assert_untyped(w, ZONE SERVER("location / { root /srv; limit_req zone=b; }"), "zone");
	assert_untyped(w, ZONE SERVER("location / { root /srv; limit_req zone=a delay=2; }"),
		       "limit_req");
	assert_untyped(w,
		       ZONE SERVER("limit_req_status 503; location / { root /srv; limit_req "
				   "zone=a; }"),
		       "429");
}

#define CERTIFICATE "ssl_certificate /etc/ssl/a.crt; ssl_certificate_key /etc/ssl/a.key;"

static void tls_is_typed_where_its_parameters_are_those_of_a_site(void **state)
{
	struct world *w = *state;
#define TLS                                                                                        \
	"ssl_protocols TLSv1.3 TLSv1.2; ssl_session_timeout 24h; ssl_session_tickets off;"         \
	"ssl_session_cache shared:SSL:10m;\n"
#define HTTPS(text) "server { listen 443 ssl; " text " location / { root /srv; } }"

	import_http(w, TLS HTTPS(CERTIFICATE));
	assert_fates(w, "typed");
	assert_untyped(w, HTTPS(CERTIFICATE), "ssl_protocols");
	assert_untyped(w, TLS HTTPS(CERTIFICATE "ssl_session_timeout 5m;"), "nginx.conf:3: ");
	assert_untyped(w, TLS HTTPS(CERTIFICATE "ssl_ciphers HIGH;"), "ssl_ciphers");
	assert_untyped(w, TLS HTTPS(CERTIFICATE CERTIFICATE), "twice");
	assert_stays(w, TLS HTTPS("ssl_certificate a.crt; ssl_certificate_key a.key;"),
		     "ssl_certificate");
}

/* --- order ----------------------------------------------------------------------------------- */

static void the_first_server_of_an_address_stays_its_default(void **state)
{
	struct world *w = *state;

	import_http(w, "server { listen 80; listen [::]:80; server_name b; return 404; }\n"
		       "server { listen *:80; server_name a; set $a b; }\n"
		       "server { listen 81; server_name c; set $a b; }\n"
		       "server { listen 0.0.0.0:82; server_name d; set $a b; }\n"
		       "server { listen 82 default_server; server_name e; set $a b; }\n"
		       "server { listen [::]:80 ipv6only=on; server_name f; set $a b; }");
	assert_fates(w, "typed snippet snippet snippet snippet snippet");
	assert_has(file(w, "sites/b.json"), "\"80 default_server\"");
	assert_has(file(w, "sites/b.json"), "\"[::]:80 default_server\"");
	assert_lacks(file(w, "snippets/http/a.conf"), "default");
	assert_lacks(file(w, "snippets/http/c.conf"), "default");
	assert_lacks(file(w, "snippets/http/d.conf"), "default");
	assert_has(file(w, "snippets/http/e.conf"), "82 default_server;");
}

static void a_default_server_that_stays_is_marked_too(void **state)
{
	struct world *w = *state;

	import_http(w, "server { server_name b; scgi_pass a; }\n"
		       "server { listen 80; server_name a; return 404; }");
	assert_fates(w, "stays typed");
	assert_has(w->out.main.text,
		   "server { server_name b; scgi_pass a; listen 80 default_server;\n}");
	/* nginx takes no such block */
	import_http(w, "server { listen 80 { } listen 80; server_name a; }\n"
		       "server { listen 80; server_name b; return 404; }");
	assert_has(file(w, "snippets/http/a.conf"), "listen 80 { } listen 80 default_server;");
}

static void servers_with_regular_expressions_keep_their_order(void **state)
{
	struct world *w = *state;
	const char *text;

	import_http(w, "server { listen 80; server_name ~^z; return 200 1; }\n"
		       "server { listen 80; server_name a; return 404; }\n"
		       "server { listen 80; server_name b ~^; return 200 2; }");
	assert_fates(w, "snippet typed snippet");
	assert_has(w->out.notes[2].why_untyped, "in their order");
	text = file(w, "snippets/http/z.conf");
	assert_true(strstr(text, "~^z") < strstr(text, "~^;"));
	import_http(w, "server { listen 80; server_name ~^z; return 200 1; }\n"
		       "server { listen 80; server_name ~^; scgi_pass x; }");
	assert_fates(w, "stays stays");
}

static void two_servers_of_one_name_stay_in_their_order(void **state)
{
	struct world *w = *state;

	import_http(w, "server { listen 80; server_name a; return 404; }\n"
		       "server { listen 80; server_name A; return 405; }");
	assert_fates(w, "stays stays");
	assert_has(w->out.notes[0].why_stays, "already taken");
}

static void names_are_readable_and_each_is_there_once(void **state)
{
	struct world *w = *state;

	import_http(w, "server { listen 80; server_name a.test; return 404; }\n"
		       "server { listen 81; server_name a.test; return 404; }\n"
		       "server { listen 82; server_name *.b.test; return 404; }\n"
		       "server { listen 83; server_name _; return 404; }\n"
		       "server { listen 127.0.0.1:84; return 404; }\n"
		       "server { listen 127.0.0.2:84; return 404; }\n"
		       "server { listen 85; server_name \"~^(?<Long>.+)/x\"; return 404; }");
	file(w, "sites/a.test-80.json");
	file(w, "sites/a.test-81.json");
	file(w, "sites/b.test.json");
	file(w, "sites/default-83.json");
	file(w, "sites/default-84-84.json");
	file(w, "sites/default-84-84-2.json");
	assert_int_equal(w->out.note_count, 7);
	import_http(w, "map $arg_a $x { default 1; }\nupstream Up { server a:80; }\n"
		       "server { listen 80; server_name map-x; set $a b; }\n"
		       "server { listen 80; server_name upstream-up; set $a b; }");
	assert_fates(w, "snippet snippet snippet snippet");
	assert_has(file(w, "snippets/http/map-x.conf"), "map $arg_a");
	assert_has(file(w, "snippets/http/map-x-2.conf"), "server_name map-x");
	assert_has(file(w, "snippets/http/upstream-up-2.conf"), "server_name upstream-up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_upstream_and_a_server_become_typed_objects),
		T(a_stream_server_becomes_a_typed_object),
		T(an_upstream_without_a_zone_keeps_its_limits),
		T(an_upstream_that_has_no_typed_form_says_why),
		T(a_unix_socket_keeps_its_upstream_on_the_host),
		T(a_location_that_sends_other_headers_is_not_typed),
		T(words_of_http_that_are_no_utf8_keep_a_server_untyped),
		T(what_nginx_sends_by_itself_is_said_in_the_typed_location),
		T(only_the_map_of_a_typed_location_makes_a_websocket),
		T(a_typed_location_may_use_variables_that_others_define),
		T(answers_that_a_typed_location_would_change_are_not_typed),
		T(what_a_server_says_is_said_in_each_of_its_locations),
		T(a_limit_is_typed_where_its_zone_counts_for_one_location),
		T(tls_is_typed_where_its_parameters_are_those_of_a_site),
		T(the_first_server_of_an_address_stays_its_default),
		T(a_default_server_that_stays_is_marked_too),
		T(servers_with_regular_expressions_keep_their_order),
		T(two_servers_of_one_name_stay_in_their_order),
		T(names_are_readable_and_each_is_there_once),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
