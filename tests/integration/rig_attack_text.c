/*
 * Hostile snippets and requests: the known tricks, and a generator that combines regular
 * expressions, uses of their captures, the directives to use them in, and requests.
 */
#include <string.h>

#include "rig_attack.h"

/* splitmix64: the same seed makes the same attack everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned attack_random(struct attack *a, unsigned n)
{
	return (unsigned)(next_random(&a->random) % n);
}

#define PICK(a, list) (list)[attack_random((a), ARRAY_SIZE(list))]

/* --- known tricks ---------------------------------------------------------------------------- */

#define GET(path) "GET " path " HTTP/1.0\r\n\r\n"

const struct attack_trick attack_tricks[] = {
	{ "root %R; location / { rewrite ^/(..) /$1/$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/(..)$ /$1/canary break; }", GET("/..%0a") },
	{ "root %R; location / { rewrite ^/(..)* /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/(a|..)b /$1/canary break; }", GET("/..b") },
	{ "root %R; location / { rewrite ^/(.+?)b /$1/canary break; }", GET("/..b") },
	{ "root %R; location / { rewrite ^/([.]+) /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite \"^/a\\Q[\\E(..)]x$\" /$1/canary break; }",
	  GET("/a[..]x") },
	{ "root %R; location / { rewrite ^/x(.*)$ /$1/canary break; }", GET("/x..%0a") },
	{ "root %R; location / { rewrite ^/x/(.*)$ /$1/canary break; }", GET("/x/..%0a") },
	{ "root %R; location / { rewrite ^/x/(.*) /$1/canary break; }", GET("/x/..%0ay") },
	{ "root %R; location / { rewrite ^/x/(.*)$ /$1 break; try_files $uri/canary =404; }",
	  GET("/x/..%0a") },
	{ "root %R; rewrite ^/x/(.*)$ /$1; location / { try_files $uri $uri/ =404; }",
	  GET("/x/..%0a") },
	{ "root %R; location / { rewrite ^/(.) /$1$1/canary break; }", GET("/.x") },
	{ "root %R; location / { rewrite ^/(.) /.$1/canary break; }", GET("/.x") },
	{ "root %R; location / { rewrite ^/r/(.)$ /$1/canary?x=$mapped break; }",
	  GET("/r/b?q=..") },
	{ "root %R; location / { rewrite ^/(?<n>..) /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/(?=(..)) /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/(?|(..)x|y) /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/\\K(..) /$1/canary break; }", GET("/..x") },
	{ "root %R; location / { rewrite ^/(.)\\1x /$1$1/canary break; }", GET("/..x") },
	{ "root %R; location / { if ($arg_q ~ (..)) { rewrite ^ /$1/canary break; } }",
	  GET("/?q=..") },
	{ "root %R; location ~ ^/(?<n>..) { rewrite ^ /$n/canary break; }", GET("/..x") },
	{ "root %R; location ~ ^/(..) { try_files /$1/canary =404; }", GET("/..x") },
	{ "root %R; location / { set $s $arg_q; rewrite ^ /$s/canary break; }", GET("/?q=..") },
	{ "root %R; location / { try_files /$mapped/canary =404; }", GET("/?q=..") },
	{ "root %R; location / { try_files /$cookie_c/canary =404; }",
	  "GET / HTTP/1.0\r\nCookie: c=..\r\n\r\n" },
	{ "root %R; location / { error_page 404 /$arg_q/canary; }", GET("/n?q=..") },
	{ "root %R; error_page 404 = $uri; location / { try_files $uri/canary =404; }",
	  GET("/..%3f") },
	{ "server_name /../..; root %R; location / { rewrite ^ /$host/canary break; }", GET("/") },
	{ "server_name ~/../; root %R; location / { try_files /$host/canary =404; }", GET("/") },
	{ "server_name ..; root %R; location / { try_files /$host/canary =404; }", GET("/") },
	{ "location /p { proxy_pass http://127.0.0.1:%U; } location / { root %R; try_files $uri "
	  "$uri/canary =404; }",
	  GET("/p?r=/..?") },
	{ "location /p { proxy_pass http://127.0.0.1:%U; } location / { root %R; try_files $uri "
	  "$uri/ =404; }",
	  GET("/p?r=/..?") },
	{ "location /p { proxy_pass http://127.0.0.1:%U; } location / { root %D; rewrite "
	  "^/(.*)/x$ /$1/$1/canary break; try_files $uri $uri/ =404; index x; }",
	  GET("/p?r=/..?") },
	{ "root %R; location /x { rewrite ^/x/(.*)$ /$1 break; proxy_ignore_headers "
	  "X-Accel-Redirect; proxy_pass http://127.0.0.1:9; error_page 502 @y; } location @y { "
	  "try_files $uri/canary =404; }",
	  GET("/x/..%0a") },
	{ "root %R; location / { rewrite ^/([a-z])?x /.$1./canary break; }", GET("/x") },
	{ "root %R; location / { auth_request /../canary; }", GET("/") },
	{ "root %R; location / { mirror /../canary; error_page 404 /; }", GET("/") },
	{ "root %R; location /b/ { alias %R/; rewrite ^/b/(..)x$ /bb$1/canary break; }",
	  GET("/b/..x") },
	{ "root %R; location / { rewrite ^/(.*)\\.(.*)x /.$1/.$2/canary break; }",
	  GET("/..%2f..x") },
	{ "root %R; location / { rewrite (*CRLF)^/(.*)$ /$1/canary break; }", GET("/..%0d%0a") },
	{ "root %R; location / { rewrite (?m)^(.*)$ /$1/canary break; }", GET("/a%0a..") },
	{ "root %R; location / { rewrite ^/a([^b]*)b /$1/canary break; }", GET("/a..b") },
	{ "root %R; location / { try_files @canary =404; }", GET("/") },
	{ "root %R; location / { rewrite ^ -secret/canary break; }", GET("/") },
	{ "location ~ ^/b { alias %R; try_files -secret/canary =404; }", GET("/b") },
	{ "root %R; location / { rewrite ^/(.*) $1-secret/canary break; }", GET("/") },
	{ "root %R; location ~ ^/(?<args>..) { try_files /b$is_args$args/canary =404; }",
	  GET("/..x") },
	{ "root %R; location ~ ^/x(?<args>/.*)$ { try_files /none /b/x$is_args$args; }",
	  GET("/x/..%0a") },
	{ "root %R; location ~ ^/(?<args>.*)b$ { try_files $uri /$is_args$args/canary; }",
	  GET("/..b") },
	{ "root %R; location / { try_files /x /b$args; }", GET("/y?/../../canary") },
	{ "root %R; location / { try_files /b$is_args$args =404; }", GET("/y?/../../../canary") },
	{ "root %R; location / { rewrite ^ /b$is_args$args break; }", GET("/y?/../../../canary") },
	{ "root %R; merge_slashes off; location / { rewrite ^/(..)/ /$1/$1/canary break; }",
	  GET("/..//") },
	{ "root %R; location / { fastcgi_split_path_info ^/(..)()x; try_files "
	  "/$fastcgi_script_name/canary =404; }",
	  GET("/..x") },
	{ "root %R; location / { fastcgi_split_path_info ^/x(.*)()$; try_files "
	  "$fastcgi_script_name/canary =404; }",
	  GET("/x/..%0a") },
	{ "root %R; location / { fastcgi_split_path_info ^(.*)(x.*)$; try_files "
	  "$fastcgi_script_name/canary =404; }",
	  GET("/..x") },
};
const size_t attack_trick_count = ARRAY_SIZE(attack_tricks);

void attack_fill(const struct attack *a, const char *body, struct buf *out)
{
	for (const char *s = body; *s; s++) {
		if (s[0] != '%' || !s[1] || !strchr("RDU", s[1])) {
			buf_putc(out, *s);
			continue;
		}
		s++;
		if (*s == 'U')
			buf_printf(out, "%d", a->upstream);
		else
			buf_printf(out, "%s/a/b/pub%s", a->nginx.root, *s == 'D' ? "/www" : "");
	}
}

/* --- regular expressions --------------------------------------------------------------------- */

static const char *const heads[] = {
	"^/",   "^/",           "^/",     "^",    "^/x/",   "^/x",   "",    "/",    "^/.",
	"^/b/", "^/(?:a|b|x)/", "^(?i)/", "\\A/", "^/[x(]", "^/.*/", "^/?", "\\G/", "^/(a|b)?"
};
static const char *const bodies[] = {
	"..",     ".*",    ".*",           ".+",     ".+?",    ".*?",      "[^/]+",   "[^/]*",
	"[.]+",   "[^a]*", "\\.\\.",       "a|..",   "..|a",   "\\W+",     "[a-z.]+", "[a-z0-9_-]+",
	"[^.]+",  ".{2}",  ".{1,3}",       "[!-/]+", "\\.{2}", "(?:\\.)+", "(.)(.)",  "(.)*",
	"x?..",   "\\S+",  "[^x/]+",       "[.a]*",  "/.*",    "/..",      "[^x]+",   ".",
	"\\x2e+", "\\D*",  "[[:punct:]]+", "(..)|x", "[^/.]*", ".+/",      "[\\W]*",  "(?s).*",
};
static const char *const opens[] = { "(", "(", "(", "(", "(?<n>", "((", "(?:(", "(x?(", "(?>(" };
static const char *const repeats[] = { "", "", "", "", "", "*", "+", "?", "{1,2}", "+?", "*+" };
static const char *const tails[] = { "",      "$",      "$",       "$",   "\\z",    "x",
				     "x$",    "/",      "/$",      "/x$", "b",      "/?$",
				     "(.*)$", "/(.*)$", "(?:/|$)", "\\b", "[^/]*$", "\\.html$",
				     "(?=x)", "\\Z",    "\\n$" };

void attack_regex(struct attack *a, struct buf *out)
{
	const char *open = PICK(a, opens);

	buf_printf(out, "%s%s%s", PICK(a, heads), open, PICK(a, bodies));
	for (const char *s = open; *s; s++) {
		if (*s == '(')
			buf_putc(out, ')');
	}
	buf_printf(out, "%s%s", PICK(a, repeats), PICK(a, tails));
}

static void put_regex(struct attack *a, struct buf *out)
{
	buf_putc(out, '"');
	attack_regex(a, out);
	buf_putc(out, '"');
}

static const char *const replacements[] = {
	"/$1/canary",
	"/$1/canary",
	"/$1/$1/canary",
	"/$1/$1/$1/canary",
	"/$1",
	"$1",
	"$1/canary",
	"/$1$2/canary",
	"/.$1/canary",
	"/.$1./canary",
	"/$1./canary",
	"/$1.$2/canary",
	"/$2/canary",
	"/b/$1/canary",
	"/b/$1/$1/canary",
	"/b/$1/../../canary",
	"$1-secret/canary",
	"$1/../canary",
	"/$1canary",
	"/b/$1",
	"/$1/c/canary",
	"$uri/canary",
	"$uri",
	"/$host/canary",
	"/.$host./canary",
	"/$1?x=$mapped",
	"/$1/canary?$args",
	"/$1/canary?x=$mapped",
	"$uri$1/canary",
	"/b$1/canary",
	"/$1/$2/canary",
	"/b/x/$1/$1/$1/canary",
	"/$scheme/$1/canary",
	"/$1$1/canary",
	"$1$1/canary",
	"/$arg_q/canary",
	"/$request_uri",
	"/$1.html",
	"/$3/canary",
	"$document_uri$2/canary",
};
static const char *const flags[] = { "break", "break", "last", "", "permanent" };

const char *attack_replacement(struct attack *a)
{
	return PICK(a, replacements);
}

static void put_rewrite(struct attack *a, struct buf *out)
{
	buf_puts(out, "rewrite ");
	put_regex(a, out);
	buf_printf(out, " %s %s; ", PICK(a, replacements), PICK(a, flags));
	if (attack_random(a, 6) == 0)
		buf_puts(out, "break; ");
}

/* --- servers --------------------------------------------------------------------------------- */

static const char *const files[] = {
	"",
	"",
	"try_files $uri =404; ",
	"try_files $uri $uri/ =404; ",
	"try_files $uri $uri/ /index.html; ",
	"try_files $uri/canary =404; ",
	"try_files $uri $uri/canary $uri/ =404; ",
	"try_files /none $uri; ",
	"try_files $uri /b$uri; ",
	"try_files $uri.html =404; ",
	"try_files /$host/canary =404; ",
	"try_files /.$host$uri /b/$host/canary =404; ",
	"try_files $uri @x; ",
	"try_files $uri$arg_q/canary =404; ",
	"try_files @canary $uri /x; ",
	"try_files $uri /x.html$is_args$args; ",
	"try_files $uri /none$is_args$query_string; ",
	"try_files $uri$is_args$args /canary$args; ",
	"try_files $fastcgi_script_name =404; ",
	"fastcgi_split_path_info ^(.+\\.html)(/.*)$; try_files $fastcgi_script_name =404; ",
	"fastcgi_split_path_info ^(.*)(x.*)$; try_files $fastcgi_script_name/canary =404; ",
	"fastcgi_split_path_info ^(/[^/]*)(.*)$; try_files $fastcgi_script_name/x =404; ",
	"if (-f $request_filename) { return 418; } ",
	"if (-e $request_filename) { return 418; } ",
	"autoindex on; ",
	"index canary index.html; ",
};
static const char *const extras[] = {
	"",
	"",
	"",
	"",
	"error_page 404 = $uri; ",
	"error_page 404 /b$uri; ",
	"error_page 404 502 @x; ",
	"error_page 404 /x.html$is_args$args; ",
	"merge_slashes off; ",
	"location ~ ^/(?<args>.*)$ { try_files /b$is_args$args/canary $uri =404; } ",
	("location /f { fastcgi_pass 127.0.0.1:9; fastcgi_param SCRIPT_FILENAME "
	 "$document_root$fastcgi_script_name; error_page 502 @x; } "),
	"location /m { memcached_pass 127.0.0.1:9; error_page 404 502 = @x; } ",
	"include snippets/fastcgi-php.conf; ",
	"include /etc/passwd; ",
	"error_page 403 404 /$host/canary; ",
	"proxy_ignore_headers X-Accel-Redirect; ",
	"server_name ..; ",
	"server_name /../; ",
	"server_name ~^.*/../..; ",
	"server_name a..b; ",
	"location @x { try_files $uri/canary $uri =404; } ",
	"location @x { proxy_pass http://127.0.0.1:%U; } ",
	"location @x { root %R; rewrite ^(.*)$ $1/canary break; } ",
	"location /p { proxy_pass http://127.0.0.1:%U; } ",
	"location /p { proxy_pass http://127.0.0.1:%U; } ",
	"location /p { rewrite ^/p/(.*)$ /$1 break; proxy_pass http://127.0.0.1:%U; } ",
	"location /d { proxy_pass http://127.0.0.1:9; } ",
	"location = /au { auth_request /../canary; } ",
	"location = /au { auth_request /b/../../canary; } ",
	"location /b/ { alias %R/; try_files $uri $uri/ =404; } ",
	"location /b { alias %D; } ",
	"location = /b { alias %D; rewrite ^ /b-secret/canary break; } ",
	"location ~ ^/b/(..) { alias %D; try_files /$1/canary $uri =404; } ",
};

static void put_extra(struct attack *a, struct buf *out)
{
	attack_fill(a, PICK(a, extras), out);
}

static void put_if(struct attack *a, struct buf *out)
{
	static const char *const subjects[] = { "$uri", "$arg_q", "$request_uri", "$cookie_c" };

	buf_printf(out, "if (%s ~ ", PICK(a, subjects));
	put_regex(a, out);
	buf_puts(out, ") { ");
	if (attack_random(a, 2))
		buf_printf(out, "rewrite ^ %s break; ", PICK(a, replacements));
	else
		put_rewrite(a, out);
	buf_puts(out, "} ");
}

static void put_statements(struct attack *a, struct buf *out)
{
	for (unsigned n = 1 + attack_random(a, 2); n; n--) {
		if (attack_random(a, 5) == 0)
			put_if(a, out);
		else
			put_rewrite(a, out);
	}
}

/* Some of `files` are two statements, which no string of `directives` may be. */
void attack_statement(struct attack *a, struct buf *out)
{
	if (attack_random(a, 3) == 0)
		buf_puts(out, PICK(a, files));
	else if (attack_random(a, 3) == 0)
		put_if(a, out);
	else
		put_rewrite(a, out);
}

void attack_snippet(struct attack *a, struct buf *out)
{
	bool outer = attack_random(a, 3) == 0;

	if (attack_random(a, 8) == 0) {
		attack_fill(a, attack_tricks[attack_random(a, (unsigned)attack_trick_count)].body,
			    out);
		return;
	}
	attack_fill(a, attack_random(a, 2) ? "root %R; " : "root %D; ", out);
	if (outer)
		put_statements(a, out);
	buf_puts(out, "location / { ");
	if (!outer || attack_random(a, 4) == 0)
		put_statements(a, out);
	buf_printf(out, "%s} ", PICK(a, files));
	for (unsigned n = attack_random(a, 3); n; n--)
		put_extra(a, out);
}

/* --- requests -------------------------------------------------------------------------------- */

static const char *const segments[] = {
	"..x",   "..%0a",    "..%3f",  "..",     "...",    ".",        "x",     "b",
	"a",     "..b",      ".x",     "canary", "%2e%2e", "..%0a%0a", "..%2f", ".%2e",
	"..%00", "..%0d%0a", "x..",    "..;",    "xx",     "..canary", "a..b",  "..x..b",
	"..%5c", "",         "..%3fx", "..%0ax", "r",      "c",        ".html",
};
static const char *const hosts[] = { "",
				     "",
				     "Host: ..\r\n",
				     "Host: .\r\n",
				     "Host: a\r\n",
				     "Host: .a\r\n",
				     "Host: ../..\r\n",
				     "Host: a.?..\r\n",
				     "Host: .?a\r\n" };
static const char *const arguments[] = { "",    "",       "?q=..", "?q=../..", "?q=%2e%2e",
					 "?..", "?q=...", "?/..",  "?q=..x" };
static const char *const redirects[] = { "/p?r=/..?",     "/p?r=/b/..?",    "/p?r=/x/..?",
					 "/p?r=/..%0a",   "/p?r=/../x",     "/p?r=/x/..%0a",
					 "/p?r=/%2e%2e?", "/p?r=/..%2f..?", "/p?r=@x",
					 "/p/..%0a",      "/d/..%0a",       "/au",
					 "/p?r=/p/..?",   "/p?r=/..%3f" };

static void put_path(struct attack *a, struct buf *out)
{
	static const char *const first[] = { "", "", "", "/x", "/b", "/x/", "//" };

	if (attack_random(a, 6) == 0) {
		buf_puts(out, PICK(a, redirects));
		return;
	}
	buf_puts(out, PICK(a, first));
	for (unsigned n = 1 + attack_random(a, 3); n; n--)
		buf_printf(out, "/%s", PICK(a, segments));
	buf_puts(out, PICK(a, arguments));
}

void attack_request(struct attack *a, struct buf *out)
{
	if (attack_random(a, 10) == 0) {
		buf_puts(out,
			 attack_tricks[attack_random(a, (unsigned)attack_trick_count)].request);
		return;
	}
	buf_puts(out, "GET ");
	put_path(a, out);
	buf_printf(out, " HTTP/1.0\r\n%sCookie: c=..\r\nX-Q: ../..\r\n\r\n", PICK(a, hosts));
}
