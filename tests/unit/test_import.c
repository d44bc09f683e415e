/* Import: what becomes of each block of an nginx configuration, and what is written. */
#include <fnmatch.h>
#include <stdio.h>

#include "core/compose/compose.h"
#include "core/import/import.h"
#include "core/policy/policy.h"
#include "tree_fixture.h"

#define ROOT "/nginx/config"
#define OURS "    # What zknginxd renders from ZooKeeper.\n    include /live/http.conf;\n"

struct text {
	const char *path; /* relative to the directory of FILE; NULL ends the list */
	const char *text;
};

struct world {
	struct arena *arena;
	struct policy policy;
	const struct text *included;
	struct import_output out;
	struct err err;
};

static const char *const roots[] = { "/srv", NULL };
static const char *const certificates[] = { "/etc/ssl", NULL };

static int set_up(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->arena = arena_new();
	w->policy = (struct policy){ .level = POLICY_SAFE,
				     .roots = roots,
				     .certificates = certificates };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tree_unref(w->out.tree);
	arena_free(w->arena);
	test_free(w);
	return 0;
}

static int open_include(void *ctx, const char *pattern, struct import_files *found, struct err *e)
{
	const struct world *w = ctx;
	size_t before = found->count;

	for (const struct text *t = w->included; t && t->path; t++) {
		char path[128];

		snprintf(path, sizeof(path), "/etc/nginx/%s", t->path);
		if (fnmatch(pattern, t->path, FNM_PATHNAME) == 0)
			import_files_add(found,
					 &(struct import_file){ path, path + strlen("/etc/nginx/"),
								t->text, strlen(t->text) });
	}
	if (found->count == before && !strpbrk(pattern, "*?["))
		return err_set(e, ERR_INPUT, "%s: No such file or directory", pattern);
	return 0;
}

static bool is_ours(void *ctx UNUSED, const char *pattern)
{
	return strncmp(pattern, "/live/", 6) == 0;
}

static int import_bytes(struct world *w, const char *text, size_t size)
{
	struct import_file file = { "/etc/nginx/nginx.conf", NULL, text, size };
	struct import_input in = {
		.file = &file,
		.open = open_include,
		.is_ours = is_ours,
		.ctx = w,
		.policy = &w->policy,
		.root = ROOT,
		.log_directory = "/var/log/nginx",
		.http_include = "/live/http.conf",
		.stream_include = "/live/stream.conf",
	};

	tree_unref(w->out.tree);
	w->out = (struct import_output){ 0 };
	return import_run(w->arena, &in, &w->out, &w->err);
}

/* What is written has no problem in the eyes of a daemon. */
static void assert_accepted(const struct world *w)
{
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(tree_unrefp) struct tree *empty = tree_empty();
	CLEANUP(problems_fini) struct problems problems;

	problems_init(&problems);
	m = compose(&(struct compose_input){ .tree = w->out.tree,
					     .accepted = empty,
					     .good = good,
					     .root = ROOT,
					     .policy = &w->policy,
					     .sockets_are_free = true },
		    &problems, NULL);
	for (size_t i = 0; i < problems.count; i++)
		print_error("%s: %s\n", problems.items[i].znode, problems.items[i].message);
	assert_int_equal(problems.count, 0);
}

static void import(struct world *w, const char *text)
{
	if (import_bytes(w, text, strlen(text)) < 0)
		fail_msg("%s", w->err.text);
	assert_accepted(w);
}

/* The statements are those of http{}. */
static void import_http(struct world *w, const char *text)
{
	import(w, arena_printf(w->arena, "http {\n%s\n}\n", text));
}

static void assert_refused(struct world *w, const char *text, const char *error)
{
	assert_int_equal(import_bytes(w, text, strlen(text)), -1);
	assert_string_equal(w->err.text, error);
}

static const char *file(const struct world *w, const char *path)
{
	for (size_t i = 0; i < w->out.files.count; i++) {
		if (strcmp(w->out.files.items[i].path, path) == 0)
			return w->out.files.items[i].text;
	}
	fail_msg("%s was not written", path);
	return "";
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

/* "typed", "snippet" or "stays" for each block, then its reason. */
static void assert_fates(const struct world *w, const char *expected)
{
	static const char *const names[] = { "typed", "snippet", "stays" };
	char text[512] = "";

	for (size_t i = 0; i < w->out.note_count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
			 names[w->out.notes[i].fate]);
	}
	assert_string_equal(text, expected);
}

static void assert_untyped(struct world *w, const char *text, const char *why)
{
	const struct import_note *n;

	import_http(w, text);
	n = &w->out.notes[w->out.note_count - 1];
	assert_int_not_equal(n->fate, IMPORT_TYPED);
	assert_non_null(n->why_untyped);
	assert_has(n->why_untyped, why);
}

static void assert_stays(struct world *w, const char *text, const char *why)
{
	const struct import_note *n;

	import_http(w, text);
	n = &w->out.notes[w->out.note_count - 1];
	assert_int_equal(n->fate, IMPORT_STAYS);
	assert_has(n->why_stays, why);
	assert_has(w->out.main.text, text);
}

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
	assert_untyped(w, UPGRADE("$up", "'' close; default upgrade;"), "variable");
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
	assert_untyped(w, SERVER("server_name .example.com; root /srv;"), "server_names");
	assert_untyped(w, SERVER("access_log /var/log/nginx/a.log; root /srv;"), "access_log");
	assert_untyped(w, SERVER("location / { return 200 'a\"b'; }"), "quote");
	assert_untyped(w, SERVER("location / { return 302 $uri; }"), "redirect");
	import_http(w, SERVER("access_log /var/log/nginx/shop.access.log; location / { root /srv;"
			      " add_header Cache-Control x; add_header X a always; }"));
	assert_fates(w, "typed");
	assert_has(file(w, "sites/default-80.json"), "\"access_log\": \"shop\"");
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

/* --- snippets and what stays ----------------------------------------------------------------- */

static void a_snippet_is_copied_without_its_indentation(void **state)
{
	struct world *w = *state;

	import(w, "http {\n"
		  "\t# Not this one.\n\n"
		  "\t# The blog,\n\t# in two lines.\n"
		  "\tserver { # here\n"
		  "\t\tlisten 80;\n"
		  "\n"
		  "\t\tset $a \"one\n\t\ttwo # not a comment; } {\";\n"
		  "\t} # there\n"
		  "\tserver_tokens off;\n}\n");
	assert_fates(w, "snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "# The blog,\n# in two lines.\n"
			    "server { # here\n"
			    "\tlisten 80;\n"
			    "\n"
			    "\tset $a \"one\n\t\ttwo # not a comment; } {\";\n"
			    "} # there\n");
	assert_string_equal(w->out.main.text,
			    "http {\n\t# Not this one.\n\n\tserver_tokens off;\n" OURS "}\n");
}

static void everything_may_be_on_one_line(void **state)
{
	struct world *w = *state;

	import(w, "events {} http { upstream a { server a:80; } server { listen 80; set $a b; } "
		  "sendfile on; }");
	assert_fates(w, "typed snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "server { listen 80; set $a b; }\n");
	assert_string_equal(w->out.main.text,
			    "events {} http {   sendfile on;     # What zknginxd renders from "
			    "ZooKeeper.\n    include /live/http.conf;\n}\n");
}

static void comments_of_typed_objects_stay_where_they_were(void **state)
{
	struct world *w = *state;

	import(w,
	       "http {\n    # The shop.\n    upstream shop {\n        # the first\n"
	       "        server a:80 # why\n            backup;\n        server b:80;\n    }\n}\n");
	assert_fates(w, "typed");
	assert_int_equal(w->out.notes[0].comments, 3);
	assert_string_equal(w->out.main.text,
			    "http {\n    # Moved to ZooKeeper, upstreams/shop; its comments were:\n"
			    "    # The shop.\n    # the first\n    # why\n" OURS "}\n");
}

static void what_the_policy_refuses_stays_with_its_line(void **state)
{
	struct world *w = *state;

	import(w,
	       "http {\n    # PHP\n    server {\n        listen 80;\n"
	       "        location ~ x {\n            fastcgi_pass a:9000;\n        }\n    }\n}\n");
	assert_fates(w, "stays");
	assert_has(w->out.notes[0].why_untyped, "/etc/nginx/nginx.conf:5: ");
	assert_has(w->out.notes[0].why_stays, "/etc/nginx/nginx.conf:6: \"fastcgi_pass\"");
	assert_int_equal(w->out.files.count, 0);
	w->policy.level = POLICY_OFF;
	import_http(w, "map $arg_a $x { default 1; }\nserver { listen 80; set $a b; }\n"
		       "server { listen 81; return 404; }");
	assert_fates(w, "stays stays typed");
}

static void a_block_of_lua_stays_as_it_is(void **state)
{
	struct world *w = *state;
	static const char server[] =
		"server {\n    listen 80;\n    content_by_lua_block {\n"
		"        -- a comment with a } and a \" in it\n"
		"        local s = \"}\" .. '\\'}' .. [[ } ]] .. [==[ ]] } ]==]\n"
		"        --[[ a long } one\n        ]] ngx.say({ s }) -- {\n    }\n}";

	assert_stays(w, server, "content_by_lua_block");
	assert_refused(w, "http {\n  init_by_lua_block { x = \"}\" ",
		       "/etc/nginx/nginx.conf:2: the block of Lua that begins here is not closed");
	assert_refused(w, "http { a_by_lua_block { [[ } }",
		       "/etc/nginx/nginx.conf:1: the block of Lua that begins here is not closed");
}

static void what_nginx_conf_uses_itself_stays(void **state)
{
	struct world *w = *state;

	import_http(w, "log_format x \"a${kind}b\";\n"
		       "map $office $kind { default 1; }\ngeo $office { default 0; }\n"
		       "geo $remote_addr $office2 { default 0; }\n"
		       "limit_req_zone $kind zone=a:1m rate=1r/s;\n"
		       "limit_req_zone $office2 zone=b:1m rate=1r/s;\nlimit_req zone=b;");
	assert_fates(w, "stays stays stays snippet stays");
	assert_has(w->out.notes[0].why_stays, "/etc/nginx/nginx.conf:2: it is used here");
}

static void a_text_that_is_no_utf8_stays(void **state)
{
	struct world *w = *state;

	import_http(w, "upstream a { server a:80; }\nserver { listen 80; server_name \xff.test; "
		       "location / { return 404; } }");
	assert_fates(w, "typed stays");
	import_http(w, arena_printf(w->arena, "proxy_set_header X\xff y;\n%s",
				    with_app(w, "proxy_pass http://app;")));
	assert_fates(w, "typed snippet");
	import_http(w, "server { listen 80; # \xff\n location / { return 404; } }");
	assert_fates(w, "typed");
	assert_has(w->out.main.text, "# \xff\n");
}

static void a_snippet_that_is_too_large_stays(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_puts(&text, "geo $x {\n");
	for (unsigned i = 0; i < 60000; i++)
		buf_printf(&text, "10.%u.%u.%u 1;\n", i >> 16, (i >> 8) & 255, i & 255);
	buf_puts(&text, "}");
	assert_stays(w, buf_str(&text), "too large");
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

	import_http(w, "server { server_name b; fastcgi_pass a; }\n"
		       "server { listen 80; server_name a; return 404; }");
	assert_fates(w, "stays typed");
	assert_has(w->out.main.text,
		   "server { server_name b; fastcgi_pass a; listen 80 default_server;\n}");
}

static void servers_with_regular_expressions_keep_their_order(void **state)
{
	struct world *w = *state;
	const char *text;

	import_http(w, "server { listen 80; server_name ~^z; return 200 1; }\n"
		       "server { listen 80; server_name a; return 404; }\n"
		       "server { listen 80; server_name b ~^; return 200 2; }");
	assert_fates(w, "snippet typed snippet");
	text = file(w, "snippets/http/z.conf");
	assert_true(strstr(text, "~^z") < strstr(text, "~^;"));
	import_http(w, "server { listen 80; server_name ~^z; return 200 1; }\n"
		       "server { listen 80; server_name ~^; fastcgi_pass x; }");
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

/* --- includes -------------------------------------------------------------------------------- */

static void an_include_stays_unless_something_in_it_moves(void **state)
{
	struct world *w = *state;

	w->included = (const struct text[]){
		{ "conf.d/a.conf", "sendfile on;\n" },
		{ "conf.d/b.conf", "# Two.\n\nupstream b { server b:80; }\ntcp_nopush on;" },
		{ "conf.d/c d.conf", "server_tokens off;\n" },
		{ "conf.d/e.conf", "server { listen 80; return 404; }" },
		{ "mime.types", "types { text/html html; }\n" },
		{ NULL, NULL },
	};
	import(w, "http {\n    include mime.types;\n    include conf.d/*.conf; # all\n"
		  "    include none/*.conf;\n}\n");
	assert_fates(w, "typed typed");
	assert_string_equal(w->out.main.text,
			    "http {\n    include mime.types;\n    include conf.d/a.conf;\n"
			    "    # conf.d/b.conf:\n    # Two.\n\n    tcp_nopush on;\n"
			    "    include \"conf.d/c d.conf\";\n # all\n"
			    "    include none/*.conf;\n" OURS "}\n");
}

static void an_include_within_a_server_becomes_part_of_the_snippet(void **state)
{
	struct world *w = *state;

	w->included = (const struct text[]){
		{ "x.conf", "set $a b;\ninclude y.conf;\n" },
		{ "y.conf", "set $c \"d\n  e\";" },
		{ NULL, NULL },
	};
	import(w, "http {\n  server {\n    listen 80;\n    include x.conf;\n  }\n}\n");
	assert_fates(w, "snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "server {\n  listen 80;\n  # x.conf:\n  set $a b;\n  # y.conf:\n"
			    "  set $c \"d\n  e\";\n}\n");
	assert_has(w->out.notes[0].why_untyped, "/etc/nginx/x.conf:1: \"set\"");
}

static void our_own_include_is_neither_followed_nor_added_again(void **state)
{
	struct world *w = *state;
	static const char text[] = "http {\n    include /live/http.conf;\n    gzip on;\n}\n";

	import(w, text);
	assert_string_equal(w->out.main.text, text);
}

static void the_new_nginx_conf_has_nothing_more_to_move(void **state)
{
	struct world *w = *state;
	const char *first;

	import(w, "http {\n  upstream a { server a:80; }\n  server { listen 80; fastcgi_pass x; }\n"
		  "  server { listen 80; server_name b; return 404; }\n}\n");
	assert_fates(w, "typed stays typed");
	first = w->out.main.text;
	import(w, first);
	assert_fates(w, "stays");
	assert_string_equal(w->out.main.text, first);
}

/* --- hostile files --------------------------------------------------------------------------- */

static void a_file_that_nginx_would_not_read_is_refused_with_its_line(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_fini) struct buf deep = BUF_INIT;

	w->included = (const struct text[]){
		{ "self.conf", "\ninclude self.conf;" },
		{ "bad.conf", "a b;\n}" },
		{ NULL, NULL },
	};
	assert_refused(w, "a\n\"b",
		       "/etc/nginx/nginx.conf:2: unexpected end of file, expecting "
		       "\";\" or \"}\"");
	assert_refused(w, "http {\n",
		       "/etc/nginx/nginx.conf:1: the block that begins here is not "
		       "closed");
	assert_refused(w, "a;\n}",
		       "/etc/nginx/nginx.conf:2: unexpected \"}\": no block is open "
		       "here");
	assert_refused(w, "http { a }", "/etc/nginx/nginx.conf:1: unexpected \"}\"");
	assert_refused(w, "\ninclude none.conf;",
		       "/etc/nginx/nginx.conf:2: none.conf: No such file or directory");
	assert_refused(w, "include self.conf;",
		       "/etc/nginx/self.conf:2: the file that is included includes this one");
	assert_refused(w, "include bad.conf;",
		       "/etc/nginx/bad.conf:2: unexpected \"}\": no block is open here");
	assert_refused(w, "http {} http {}", "/etc/nginx/nginx.conf:1: a second http block");
	assert_int_equal(import_bytes(w, "a;\n\0b;", 6), -1);
	assert_has(w->err.text, "nginx.conf:2: contains a NUL byte");
	assert_refused(w, "\xef\xbb\xbfhttp {}",
		       "/etc/nginx/nginx.conf:1: begins with a byte order mark, which nginx does "
		       "not take");
	for (unsigned i = 0; i < 1000; i++)
		buf_puts(&deep, "a {");
	assert_refused(w, buf_str(&deep), "/etc/nginx/nginx.conf:1: blocks are nested too deep");
}

static void includes_that_multiply_end(void **state)
{
	struct world *w = *state;
	struct text *texts = arena_array(w->arena, struct text, 41);

	for (unsigned i = 0; i < 40; i++) {
		texts[i].path = arena_printf(w->arena, "%u", i);
		texts[i].text =
			i < 39 ? arena_printf(w->arena, "include %u; include %u;", i + 1, i + 1)
			       : "a;";
	}
	w->included = texts;
	assert_int_equal(import_bytes(w, "include 0;", 10), -1);
	assert_has(w->err.text, "too many files");
}

static void an_empty_file_is_a_configuration(void **state)
{
	struct world *w = *state;

	import(w, "");
	assert_string_equal(w->out.main.text, "\nhttp {\n" OURS "}\n");
	import(w, "# only a comment");
	assert_string_equal(w->out.main.text, "# only a comment\n\nhttp {\n" OURS "}\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_upstream_and_a_server_become_typed_objects),
		T(a_stream_server_becomes_a_typed_object),
		T(an_upstream_that_has_no_typed_form_says_why),
		T(a_unix_socket_keeps_its_upstream_on_the_host),
		T(a_location_that_sends_other_headers_is_not_typed),
		T(what_nginx_sends_by_itself_is_said_in_the_typed_location),
		T(only_the_map_of_a_typed_location_makes_a_websocket),
		T(answers_that_a_typed_location_would_change_are_not_typed),
		T(what_a_server_says_is_said_in_each_of_its_locations),
		T(a_limit_is_typed_where_its_zone_counts_for_one_location),
		T(tls_is_typed_where_its_parameters_are_those_of_a_site),
		T(a_snippet_is_copied_without_its_indentation),
		T(everything_may_be_on_one_line),
		T(comments_of_typed_objects_stay_where_they_were),
		T(what_the_policy_refuses_stays_with_its_line),
		T(a_block_of_lua_stays_as_it_is),
		T(what_nginx_conf_uses_itself_stays),
		T(a_text_that_is_no_utf8_stays),
		T(a_snippet_that_is_too_large_stays),
		T(the_first_server_of_an_address_stays_its_default),
		T(a_default_server_that_stays_is_marked_too),
		T(servers_with_regular_expressions_keep_their_order),
		T(two_servers_of_one_name_stay_in_their_order),
		T(names_are_readable_and_each_is_there_once),
		T(an_include_stays_unless_something_in_it_moves),
		T(an_include_within_a_server_becomes_part_of_the_snippet),
		T(our_own_include_is_neither_followed_nor_added_again),
		T(the_new_nginx_conf_has_nothing_more_to_move),
		T(a_file_that_nginx_would_not_read_is_refused_with_its_line),
		T(includes_that_multiply_end),
		T(an_empty_file_is_a_configuration),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
