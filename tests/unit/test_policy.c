/* What snippets and paths may do under each policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

static const char *const roots[] = { "/srv", "/etc/nginx/", NULL };
static const char *const certificates[] = { "/etc/ssl/", NULL };
static const char *const inner[] = { "/etc/ssl/", "/srv/tls", NULL };
static const struct policy safe = { .level = POLICY_SAFE,
				    .roots = roots,
				    .certificates = certificates };
static const struct policy walled = { .level = POLICY_SAFE, .roots = roots, .certificates = inner };
static const struct policy all = { .level = POLICY_ALL,
				   .roots = roots,
				   .certificates = certificates };
static const struct policy off = { .level = POLICY_OFF,
				   .roots = roots,
				   .certificates = certificates };

static bool allows(const struct policy *p, const char *text)
{
	struct violation v;
	bool ok = policy_check(p, text, strlen(text), &v);

	assert_int_equal(ok, !v.text[0]);
	return ok;
}

static void expect_all(const char *const *texts, size_t count, bool allowed)
{
	for (size_t i = 0; i < count; i++) {
		if (allows(&safe, texts[i]) != allowed)
			fail_msg("%s: %s", allowed ? "refused" : "allowed", texts[i]);
	}
}

static void useful_snippets_are_allowed(void **state)
{
	static const char *const texts[] = {
		"gzip on; gzip_types text/css;",
		"map $http_upgrade $c { default upgrade; '' close; \"~^a{2}$\" b; }",
		"geo $g { ranges; 10.0.0.0-10.0.0.255 a; default b; }",
		"split_clients $remote_addr $v { 50% a; * b; }",
		"types { text/html html; }",
		"limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;",
		"upstream u { least_conn; server 10.0.0.1:80 weight=2; keepalive 4; }",
		"server { listen 80; server_name ~^a$; location / { proxy_pass "
		"http://u/x$is_args$args; } }",
		"server { listen [::]:443 ssl; ssl_certificate /etc/ssl/a.crt; ssl_certificate_key "
		"/etc/ssl/a.key; }",
		"location / { root /srv/www; try_files $uri $uri/ /index.html?$args; }",
		"location / { root /srv/www; try_files $uri @x; }",
		"location / { root /srv/www; try_files $uri $uri.html =404; }",
		"location /a/ { alias /srv/b/; }",
		"location = /a { alias /srv/b; }",
		"location ~ ^/a { alias /srv/b; }",
		"rewrite ^/a/(.*)$ /b/$1 last;",
		"rewrite ^(.*)$ https://$host$1 permanent;",
		"rewrite ^/u/([0-9]+)/(.*)$ /user/$1.html?rest=$2&a=$arg_x last;",
		"rewrite ^ $uri/ permanent;",
		"error_page 500 502 /50x.html; error_page 404 = @x; error_page 403 "
		"http://a/$arg_b;",
		"if ($http_x = \"a b\") { return 403; } if (!-f $request_filename) { return 404; }",
		"access_log off;",
		"resolver 10.0.0.1 [::1]:53 valid=10s;",
		"log_format a '$remote_addr \"$request\"';",
		"add_header X \"a;b\" always; index index.html a.txt; set $x $arg_y;",
		"auth_basic a; auth_basic_user_file /etc/ssl/htpasswd; allow 10.0.0.0/8; deny all;",
		"proxy_ssl_certificate_key /etc/ssl/a.key;",
		"# only a comment\n",
	};

	(void)state;
	expect_all(texts, ARRAY_SIZE(texts), true);
}

static void dangerous_snippets_are_refused(void **state)
{
	static const char *const texts[] = {
		"include /etc/passwd;",
		"\"include\" /etc/passwd;",
		"in\\clude x;",
		"load_module x.so;",
		"proxy_temp_path /etc;",
		"client_body_temp_path /root;",
		"proxy_cache_path /etc keys_zone=a:1m;",
		"proxy_store on;",
		"dav_methods PUT;",
		"perl_set $a x;",
		"init_by_lua 'os.execute()';",
		"content_by_lua_block { x }",
		"access_log /etc/cron.d/x;",
		"access_log off /x;",
		"error_log off;",
		"ssl_engine x;",
		"ssl_certificate_key engine:/tmp/x.so:k;",
		"ssl_certificate data:$a;",
		"proxy_ssl_certificate_key engine:x:y;",
		"ssl_certificate /srv/$host.crt;",
		"server { listen unix:/tmp/x; }",
		"upstream u { server unix:/var/run/docker.sock; }",
		"location / { proxy_pass http://unix:/var/run/docker.sock:/; }",
		"location / { proxy_pass HTTP://UNIX:/x; }",
		"location / { proxy_pass http://$arg_x; }",
		"location / { proxy_pass $x; }",
		"proxy_pass unix:/x;",
		"resolver dns.example.com;",
		"map $a $b { include /etc/passwd; }",
		"map $a $b { \"include\" /etc/passwd; }",
		"geo $a { include /etc/passwd; }",
		"types { include /etc/passwd; }",
		"map $a $b { x { y z; } }",
		"ssl_conf_command Certificate /etc/shadow;",
		"js_import /x;",
		"user root;",
		"constructed_name x;",
	};

	(void)state;
	expect_all(texts, ARRAY_SIZE(texts), false);
}

static void files_outside_of_the_roots_are_refused(void **state)
{
	static const char *const texts[] = {
		"root /etc;",
		"root /srv/../etc;",
		"root srv;",
		"root /srv/$host;",
		"root /srvx;",
		"location / { alias /srv/a/; } location /a { alias /srv/b/; }",
		"location /a/ { alias /srv/b; }",
		"location /a { alias /srv/; }",
		"alias /srv/a/;",
		"auth_basic_user_file /etc/passwd;",
		"try_files $arg_x =404;",
		"try_files /../../etc/passwd =404;",
		"try_files $uri$arg_x =404;",
		"try_files @/../x =404;",
		"try_files ${uri} =404;",
		"rewrite ^ $arg_x break;",
		"rewrite ^ /../../etc/passwd break;",
		"rewrite ^ -secret/x break;",
		"rewrite ^/x(.*)$ /$1 break;",
		"rewrite ^/(..)(.*)$ /$2 break;",
		"rewrite (?m)^(.*)$ /$1 break;",
		"rewrite \\^(.*)$ /$1 break;",
		"rewrite ^/(.) /$1. break;",
		"rewrite ^/(.) /$1$1 break;",
		"rewrite ^/(.) /.$1 break;",
		"rewrite ^/[x(]y(.*) /$1 break;",
		"rewrite ^ /a$args break;",
		"error_page 404 $arg_x;",
		"error_page 404 /../../etc/passwd;",
		"index ../../etc/passwd;",
		"index $arg_x;",
		"if (-f $arg_x) { return 200; }",
		"if (!-e /etc/shadow) { return 200; }",
		"if ( -d /etc ) { return 200; }",
	};

	(void)state;
	expect_all(texts, ARRAY_SIZE(texts), false);
}

/* Each of them served /etc/passwd, or revealed that it exists, before captures were checked. */
static void captures_that_climb_are_refused(void **state)
{
	static const char *const texts[] = {
		"rewrite ^/(..) /$1/$1/etc/passwd break;",
		"rewrite ^/x/(..)$ /$1/$1/etc/passwd break;",
		"rewrite (..)$ /$1/$1/etc/passwd break;",
		"rewrite ^/(..)*$ /$1/etc/passwd break;",
		"rewrite ^/(a|..)b /$1/etc/passwd break;",
		"rewrite ^/(.+?)b /$1/etc/passwd break;",
		"rewrite ^/(.*)b /$1/etc/passwd break;",
		"rewrite ^/([.]+) /$1/etc/passwd break;",
		"rewrite ^/([^/]+)x /$1/etc/passwd break;",
		"rewrite ^/(\\.{2}) /$1/etc/passwd break;",
		"rewrite ^/(\\W\\W) /$1/etc/passwd break;",
		"rewrite ^/(?:(..)|y) /$1/etc/passwd break;",
		"rewrite ^/(?<n>..) /$1/etc/passwd break;",
		"rewrite ^/(?i:(..))x /$1/etc/passwd break;",
		"rewrite \"^/a\\Q[\\E(..)]x$\" /$1/etc/passwd break;",
		"rewrite ^/a\\K(..) /$1/etc/passwd break;",
		"rewrite ^(?=/(..)) /$1/etc/passwd break;",
		"rewrite ^/(?|(..)x|y) /$1/etc/passwd break;",
		"rewrite ^/(?#()(..)x /$1/etc/passwd break;",
		"rewrite (?x)^/(..)x /$1/etc/passwd break;",
		"rewrite (*ANYCRLF)^/(..)$ /$1/etc/passwd break;",
		"rewrite ^/(\\x2e\\x2e)x /$1/etc/passwd break;",
		"rewrite ^/([[:punct:]]+)x /$1/etc/passwd break;",
		"rewrite ^/(.)\\1x /$1$1/etc/passwd break;",
		"rewrite ^/(.)(.) /$1$2/etc/passwd break;",
		"rewrite ^/([a-z]*)(.)x /.$2/etc/passwd break;",
		"rewrite ^/([a-z]*) /.$1./etc/passwd break;",
		"rewrite ^/([a-z])?x /.$1./etc/passwd break;",
		"rewrite ^/(?:([a-z])|b)x /.$1./etc/passwd break;",
		"rewrite ^/x(/.*)$ $1-secret/../etc/passwd break;",
		"rewrite ^/x/(.*)$ $1 break;",
		"rewrite ^/([a-z]+)$ /$2/x break;",
		"rewrite ^/([a-z]+)$ /$1?x=$mapped break;",
		"rewrite ^/([a-z]+)$ /$n/x break;",
		"if ($arg_x ~ (..)) { rewrite ^ /$1/etc/passwd break; }",
		"map $arg_a $http_b { ~(..) x; }",
		"split_clients $arg_a $args { * x; }",
	};

	(void)state;
	expect_all(texts, ARRAY_SIZE(texts), false);
}

/* nginx's `.` and `$` leave out a line feed, so that (.*)$ may capture the ".." of "/..%0a". */
static void a_capture_that_a_line_feed_escapes_is_refused(void **state)
{
	static const char *const bad[] = {
		"rewrite ^/x/(.*)$ /$1/etc/passwd break;",
		"rewrite ^/x/(.*) /$1/etc/passwd break;",
		"rewrite ^/x/([^/]+)/?$ /$1/index.html break;",
		"server { rewrite ^/x/(.*)$ /$1; location / { try_files $uri $uri/ =404; } }",
		"server { location / { rewrite ^/x/(.*)$ /$1 break; try_files $uri/a =404; } }",
		"server { location / { rewrite ^/x/(.*)$ /$1 break; error_page 404 @x; } "
		"location @x { try_files $uri/etc/passwd =404; } }",
		"server { error_page 404 = $uri; location / { try_files $uri/etc/passwd =404; } }",
		"server { location / { try_files /x $uri; } location /y { try_files $uri/z =404; } "
		"}",
		"error_page 404 = /x$uri;",
	};
	static const char *const good[] = {
		"rewrite ^/x/(.*)\\z /$1/etc/passwd break;",
		"rewrite ^/x/([a-z0-9_-]+)$ /$1/index.html break;",
		"server { rewrite ^/x/(.*)\\z /$1; location / { try_files $uri $uri/ =404; } }",
		"server { rewrite ^/x/(.*)$ /$1; location / { try_files $uri =404; } }",
		"server { location /x/ { rewrite ^/x/(.*)$ /$1 break; proxy_ignore_headers "
		"X-Accel-Redirect; proxy_pass http://u; } location / { root /srv; try_files $uri "
		"$uri/ =404; } }",
	};

	(void)state;
	expect_all(bad, ARRAY_SIZE(bad), false);
	expect_all(good, ARRAY_SIZE(good), true);
}

static void captures_that_stay_below_are_allowed(void **state)
{
	static const char *const texts[] = {
		"rewrite ^/api(/.*)$ $1 break;",
		"rewrite ^/api/(.*) /$1 break;",
		"rewrite ^/old/(.*)$ /new/$1 permanent;",
		"rewrite ^/(..) /$1/$1 redirect;",
		"rewrite ^/(..)x https://a/$1;",
		"rewrite ^/(.*)$ /index.php?q=$1&$args last;",
		"rewrite ^/(.*)\\.v[0-9]+\\.(css|js)$ /$1.$2 last;",
		"rewrite ^/(?:de|en)/(.*)$ /$1 last;",
		"rewrite \"^/u/([a-z]{2,4})/([^/]*)/x$\" /$1/$2/y last;",
		"rewrite ^/(?<year>\\d+)-(\\w+)$ /.$1/$2.$1 last;",
		"rewrite ^/(a(b)?)+x /$1/$2/y last;",
		"rewrite ^/([a-z])x /.$1./y last;",
		"rewrite ^/a/([^.]+)$ /$1/x last;",
		"rewrite (?i)^/x/(.*)$ /$1 last;",
		"location / { try_files /$host$uri /$host/x =404; }",
		"location / { auth_request /auth; mirror /mirror; }",
		"location / { auth_request off; mirror off; }",
	};

	(void)state;
	expect_all(texts, ARRAY_SIZE(texts), true);
}

/* X-Accel-Redirect: "/..?" is a URI that ends in "..". */
static void a_redirect_of_an_upstream_cannot_climb(void **state)
{
	static const char *const bad[] = {
		"server { location /p { proxy_pass http://u; } location / { root /srv; try_files "
		"$uri $uri/ =404; } }",
		"server { location /p { grpc_pass u; } root /srv; try_files $uri/etc/passwd =404; "
		"}",
		"server { proxy_ignore_headers X-Accel-Redirect; location /p { "
		"proxy_ignore_headers "
		"Vary; proxy_pass http://u; } location / { root /srv; try_files $uri $uri/ =404; } "
		"}",
		"server { location /p { proxy_pass http://u; } location / { try_files $uri/ =404; "
		"} }",
		"server { root /srv/a; location /p { proxy_pass http://u; } location / { try_files "
		"$uri $uri/ =404; } location /x/ { alias /srv/; } }",
		"server { root /srv/a; location /p { proxy_pass http://u; } rewrite ^/(.*)/b$ "
		"/$1/$1/$1/etc/passwd; location / { try_files $uri $uri/ =404; } }",
		"server { root /srv/./; location /p { proxy_pass http://u; } location / { "
		"try_files "
		"$uri $uri/ =404; } }",
	};
	static const char *const good[] = {
		"server { location /p { proxy_pass http://u; } location / { root /srv/a; try_files "
		"$uri $uri/ =404; } }",
		"server { location /p/ { rewrite ^/p/(.*)$ /$1 break; proxy_pass http://u; } "
		"location / { root /srv/a; try_files $uri $uri/ /index.html; } }",
		"server { location /p { proxy_ignore_headers Vary X-Accel-Redirect; proxy_pass "
		"http://u; } location / { root /srv; try_files $uri $uri/ =404; } }",
		"server { location /p { proxy_pass http://u; } location / { root /srv; } }",
	};

	(void)state;
	expect_all(bad, ARRAY_SIZE(bad), false);
	expect_all(good, ARRAY_SIZE(good), true);
}

/* A snippet of a few kilobytes must not block the daemon for minutes. */
static void the_effort_for_one_snippet_is_limited(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < 150; i++) {
		buf_printf(&text, "rewrite ^/a%d/([a-z]+)(.*[.]?)*b /$1", i);
		for (int k = 0; k < 1000; k++)
			buf_puts(&text, "$1");
		buf_puts(&text, ";\n");
	}
	assert_false(allows(&safe, text.data));
	buf_clear(&text);
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "rewrite ^/old%d/(.*)$ /new/$1; rewrite ^/%d$ /a;\n", i, i);
	assert_true(allows(&safe, text.data));
	buf_fini(&text);
}

static void names_that_become_paths_are_checked(void **state)
{
	static const char *const bad[] = {
		"server { server_name /../..; }",
		"server { server_name ~^/..; }",
		"server { server_name ..; }",
		"server { server_name a ...; }",
		"location / { try_files @x =404; }",
		"location / { try_files /a =404 /b; }",
		"location / { try_files /.$host. =404; }",
		"location / { try_files $host/x =404; }",
		"location / { auth_request /../x; }",
		"location / { auth_request x; }",
		"location / { mirror /a/../../x; }",
		"location / { auth_request /$arg_x; }",
		"location / { try_files /x/?$args /b; }",
	};
	static const char *const good[] = {
		"server { server_name ~^(?<n>..)\\.example\\.com$ .example.com \"\" _; }",
		"location ^ { root /srv; }",
	};

	(void)state;
	expect_all(bad, ARRAY_SIZE(bad), false);
	expect_all(good, ARRAY_SIZE(good), true);
}

static void the_directories_of_certificates_are_not_served(void **state)
{
	static const char *const bad[] = { "root /etc/ssl;", "root /etc/ssl/private;",
					   "root /srv/tls/a;", "root /srv;",
					   "location /a/ { alias /etc/ssl/; }" };
	static const char *const good[] = { "ssl_certificate /etc/ssl/a.crt;",
					    "auth_basic_user_file /srv/tls/htpasswd;",
					    "ssl_certificate_key /srv/www/a.key;", "root /srv/www;",
					    "root /etc/nginx;" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(allows(&walled, bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(allows(&walled, good[i]));
}

static void a_refusal_names_the_capture_and_the_remedy(void **state)
{
	static const char text[] = "server {\n\trewrite ^/(..)(.*)$ /x/$2 last;\n}\n";
	struct violation v;

	(void)state;
	assert_false(policy_check(&safe, text, sizeof(text) - 1, &v));
	assert_int_equal(v.line, 2);
	assert_non_null(strstr(v.text, "rewrite"));
	assert_non_null(strstr(v.text, "$2"));
	assert_non_null(strstr(v.text, "/old/(.*)$"));
	assert_false(policy_check(&safe, "rewrite ^/(.*)$ /$1/x;", 22, &v));
	assert_non_null(strstr(v.text, "\\z"));
}

static void a_refusal_quotes_no_value(void **state)
{
	static const char *const texts[] = { "Password:hunter2 x;",
					     "rewrite ^/(..)hunter2 /$1/hunter2;", "root /hunter2;",
					     "try_files /../hunter2 =404;" };
	struct violation v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(policy_check(&safe, texts[i], strlen(texts[i]), &v));
		assert_null(strstr(v.text, "hunter2"));
	}
}

static void unbalanced_braces_are_refused(void **state)
{
	static const char *const texts[] = {
		"}",
		"} http {",
		"server {",
		"server { } }",
		"server { listen 80; ",
		"gzip on",
		"gzip \"on",
		"gzip on; }",
		";",
		"server { } } server {",
		"a \"b\"c;",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(allows(&safe, texts[i]));
		assert_false(allows(&all, texts[i]));
	}
}

static void each_level_allows_what_it_says(void **state)
{
	(void)state;
	assert_true(
		allows(&all, "include /etc/passwd; lua_package_path x; map $a $b { include x; }"));
	assert_false(allows(&all, "content_by_lua_block { x; }"));
	assert_false(allows(&off, "gzip on;"));
}

static void the_depth_of_blocks_is_limited(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < 17; i++)
		buf_puts(&text, "location / {");
	for (int i = 0; i < 17; i++)
		buf_puts(&text, "}");
	assert_false(allows(&safe, text.data));
	assert_true(allows(&safe, "server{location /{location /a{limit_except GET{deny all;}}}}"));
	buf_fini(&text);
}

static void control_characters_are_refused(void **state)
{
	struct violation v;

	(void)state;
	assert_false(policy_check(&safe, "gzip\0 on;", 9, &v));
	assert_false(allows(&all, "gzip\x01 on;"));
	assert_false(allows(&safe, "gzip on;\x7f"));
	assert_true(allows(&safe, "gzip\ton;\r\n"));
}

static void a_violation_names_its_line_and_its_directive(void **state)
{
	static const char text[] = "gzip on;\n\nserver {\n  lua_thing x;\n}\n";
	struct violation v;

	(void)state;
	assert_false(policy_check(&safe, text, sizeof(text) - 1, &v));
	assert_int_equal(v.line, 4);
	assert_non_null(strstr(v.text, "lua_thing"));
	assert_null(strstr(v.text, "line")); /* the problem has the line in a field of its own */
	assert_false(policy_check(&safe, "a\xff\x1b[1m x;", 9, &v));
	assert_null(strchr(v.text, '\x1b'));
	assert_false(policy_check(&safe, "\n server { ", 11, &v));
	assert_int_equal(v.line, 2);
}

/* What people read is "line N: " and the text (problem_print). */
static void the_line_of_a_conflict_is_said_once(void **state)
{
	static const char one[] = "server { rewrite ^/a/(.*)$ /b/$1 last; location / { root "
				  "/srv/www; try_files $uri $uri/ =404; } }";
	static const char two[] = "server { rewrite ^/a/(.*)$ /b/$1 last;\nlocation / { root "
				  "/srv/www; try_files $uri $uri/ =404; } }";
	struct violation v;

	(void)state;
	assert_false(policy_check(&safe, one, sizeof(one) - 1, &v));
	assert_int_equal(v.line, 1);
	assert_null(strstr(v.text, "line 1"));
	assert_false(policy_check(&safe, two, sizeof(two) - 1, &v));
	assert_int_equal(v.line, 1);
	assert_null(strstr(v.text, "line 1"));
	assert_non_null(strstr(v.text, "(on line 2)"));
	assert_null(strstr(v.text, "line 2:"));
}

static void only_paths_below_the_roots_are_allowed(void **state)
{
	static const char *const good[] = { "/srv", "/srv/", "/srv/a/b", "/etc/ssl/a.crt",
					    "/srv/a..b" };
	static const char *const bad[] = {
		"",          "/",         "srv/a",         "/srvx",       "/etc/passwd",
		"/etc/sslx", "/srv/..",   "/srv/../a",     "/srv/a/../b", "/srv/$a",
		"/srv/a;b",  "/srv/a\nb", "engine:/srv/x", "/srv/a\""
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(policy_allows_path(&safe, good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(policy_allows_path(&safe, bad[i]));
	assert_true(policy_allows_path(&all, "/opt/x"));
	assert_false(policy_allows_path(&all, "/opt/../x"));
	assert_false(policy_allows_path(&all, "opt"));
	assert_true(policy_allows_path(&(struct policy){ .level = POLICY_SAFE,
							 .roots = (const char *[]){ "/", NULL },
							 .certificates = NULL },
				       "/opt"));
	assert_false(policy_allows_path(
		&(struct policy){ .level = POLICY_SAFE, .roots = NULL, .certificates = NULL },
		"/opt"));
}

static void the_upstreams_of_a_snippet_are_found(void **state)
{
	static const char text[] =
		"upstream own { server 10.0.0.1:80; }\n"
		"server { location / { proxy_pass http://Shop/x; }\n"
		"location /a { proxy_pass https://api$request_uri; }\n"
		"location /b { grpc_pass grpc://rpc; proxy_pass http://own; }\n"
		"location /c { proxy_pass http://10.0.0.1; proxy_pass_header X; }\n"
		"location /d { proxy_pass http://host:8080/; proxy_pass http://shop; } }\n"
		"server { proxy_pass tcp-one; }\n";
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char **names;
	size_t count;

	(void)state;
	names = policy_upstreams(a, text, sizeof(text) - 1, &count);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], "shop");
	assert_string_equal(names[1], "rpc");
	assert_string_equal(names[2], "tcp-one");
	assert_null(names[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(useful_snippets_are_allowed),
		cmocka_unit_test(dangerous_snippets_are_refused),
		cmocka_unit_test(files_outside_of_the_roots_are_refused),
		cmocka_unit_test(captures_that_climb_are_refused),
		cmocka_unit_test(a_capture_that_a_line_feed_escapes_is_refused),
		cmocka_unit_test(captures_that_stay_below_are_allowed),
		cmocka_unit_test(a_redirect_of_an_upstream_cannot_climb),
		cmocka_unit_test(the_effort_for_one_snippet_is_limited),
		cmocka_unit_test(names_that_become_paths_are_checked),
		cmocka_unit_test(the_directories_of_certificates_are_not_served),
		cmocka_unit_test(a_refusal_names_the_capture_and_the_remedy),
		cmocka_unit_test(a_refusal_quotes_no_value),
		cmocka_unit_test(unbalanced_braces_are_refused),
		cmocka_unit_test(each_level_allows_what_it_says),
		cmocka_unit_test(the_depth_of_blocks_is_limited),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(a_violation_names_its_line_and_its_directive),
		cmocka_unit_test(the_line_of_a_conflict_is_said_once),
		cmocka_unit_test(only_paths_below_the_roots_are_allowed),
		cmocka_unit_test(the_upstreams_of_a_snippet_are_found),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
