/* Clashes: which objects can be on one nginx together, and which one gets a claim. */
#include "clash_fixture.h"

#define P "\"127.0.0.1:8080\""
#define HTTP(text) "http {\n" text "\n}\n"

#define CACHED                                                                                     \
	UPSTREAM("u")                                                                              \
	ROOT "/sites/cached\n\t{\"listen\":[\"88\"],\"locations\":[{\"path\":\"/\",\"proxy\":"     \
	     "\"u\",\"websocket\":true,\"cache\":{\"zone\":\"c\"},\"limit\":{\"rate\":\"5r/"       \
	     "s\"}}]}\n"

/* An object that loses, and its problem. */
struct loser {
	const char *znode;
	enum serving serving;
	const char *words[3];
};

static const struct clash_case {
	const char *what;
	struct push push;
	struct loser loser; /* znode NULL: no object loses */
} cases[] = {
	/* --- names --- */
	{ "a newcomer takes no name of a live site",
	  { .live = SITE("z", P),
	    .pushed = SITE("z", P) SITE_WITH("a", "", P, NAMES("\"z.test\"")) },
	  { "sites/a", SERVING_ABSENT, { "\"z.test\" on 127.0.0.1:8080", ROOT "/sites/z" } } },
	{ "nor does a snippet (D2)",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P)
		    SNIPPET("s", "server { listen 127.0.0.1:8080; server_name A.test; }") },
	  { "snippets/http/s",
	    SERVING_ABSENT,
	    { "\"a.test\" on 127.0.0.1:8080", ROOT "/sites/a" } } },
	{ "nor a site one of a live snippet",
	  { .live = SNIPPET("s", "server { listen 127.0.0.1:8080; server_name a.test; }"),
	    .pushed = SNIPPET("s", "server { listen 127.0.0.1:8080; server_name a.test; }")
		    SITE("a", P) },
	  { "sites/a", SERVING_ABSENT, { ROOT "/snippets/http/s (line 1)" } } },
	{ "a name that nginx.conf has (D2)",
	  { .live = "",
	    .pushed = SITE("a", P),
	    .host = HTTP("server { listen 127.0.0.1:8080;\nserver_name a.test; }") },
	  { "sites/a", SERVING_ABSENT, { "/etc/nginx/nginx.conf:2" } } },
	{ "a live name that nginx.conf has as well is said, and stays",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P),
	    .host = HTTP("server { listen 127.0.0.1:8080; server_name a.test; }") },
	  { "sites/a", SERVING_PREVIOUS, { "/etc/nginx/nginx.conf:2", "one of them" } } },
	{ "a dot before a name is that name and all below it",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P)
		    SNIPPET("s", "server { listen 127.0.0.1:8080; server_name .a.test; }") },
	  { "snippets/http/s", SERVING_ABSENT, { "\"a.test\"" } } },
	{ "two servers without a name",
	  { .live = SITE_WITH("a", "", P, ""),
	    .pushed = SITE_WITH("a", "", P, "") SITE_WITH("b", "", P, "") },
	  { "sites/b",
	    SERVING_ABSENT,
	    { "127.0.0.1:8080 already has a server without a name", ROOT "/sites/a" } } },
	{ "a server without a listen is on port 80",
	  { .live = SITE("a", "\"80\""),
	    .pushed = SITE("a", "\"80\"") SNIPPET("s", "server { server_name a.test; }") },
	  { "snippets/http/s", SERVING_ABSENT, { "\"a.test\" on *:80" } } },
	{ "the redirect to TLS listens on port 80 as well",
	  { .live = SITE("a", "\"80\""),
	    .pushed = SITE("a", "\"80\"")
		    SITE_WITH("t", "", "\"443 ssl\"", TLS_REDIRECT NAMES("\"a.test\"")) },
	  { "sites/t", SERVING_ABSENT, { "\"a.test\" on *:80", ROOT "/sites/a" } } },
	{ "one name on two addresses is none",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P) SITE_WITH("b", "", "\"127.0.0.1:8081\"", NAMES("\"a.test\"")) },
	  { .znode = NULL } },
	{ "other names on one address are none",
	  { .live = SITE("a", P), .pushed = SITE("a", P) SITE("b", P) },
	  { .znode = NULL } },
	/* --- ssl, proxy_protocol, http2 --- */
	{ "TLS on the port of plain sites (A2)",
	  { .live = SITE("a", P) SITE("b", P),
	    .pushed = SITE("a", P) SITE("b", P) TLS_SITE("t", "\"127.0.0.1:8080 ssl\"") },
	  { "sites/t",
	    SERVING_ABSENT,
	    { "127.0.0.1:8080 has ssl", ROOT "/sites/", "without it" } } },
	{ "a plain site on the port of TLS sites (D3)",
	  { .live = TLS_SITE("t", "\"127.0.0.1:8080 ssl\""),
	    .pushed = TLS_SITE("t", "\"127.0.0.1:8080 ssl\"") SITE("a", P) },
	  { "sites/a", SERVING_ABSENT, { "127.0.0.1:8080 has no ssl", ROOT "/sites/t" } } },
	{ "proxy_protocol beside a site without it (D1)",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P) SITE("b", "\"127.0.0.1:8080 proxy_protocol\"") },
	  { "sites/b", SERVING_ABSENT, { "has proxy_protocol", ROOT "/sites/a" } } },
	{ "a snippet's listen counts as well",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P) SNIPPET("s", "server { listen 127.0.0.1:8080 proxy_protocol; "
						"server_name s; }") },
	  { "snippets/http/s", SERVING_ABSENT, { "has proxy_protocol", ROOT "/sites/a" } } },
	{ "and so does one of nginx.conf",
	  { .live = "",
	    .pushed = TLS_SITE("t", "\"443 ssl\""),
	    .host = HTTP("server { listen 443; server_name x; }") },
	  { "sites/t", SERVING_ABSENT, { "*:443 has ssl", "/etc/nginx/nginx.conf:2" } } },
	{ "a live address that is switched to TLS as a whole",
	  { .live = SITE("a", P) SITE("b", P),
	    .pushed = TLS_SITE("a", "\"127.0.0.1:8080 ssl\"")
		    TLS_SITE("b", "\"127.0.0.1:8080 ssl\"") },
	  { .znode = NULL } },
	{ "a live address that is switched to TLS in part",
	  { .live = SITE("a", P) SITE("b", P),
	    .pushed = TLS_SITE("a", "\"127.0.0.1:8080 ssl\"") SITE("b", P) },
	  { "sites/a", SERVING_PREVIOUS, { "has ssl", ROOT "/sites/b" } } },
	{ "http2 where a live site listens without",
	  { .live = TLS_SITE("a", "\"443 ssl\""),
	    .pushed = TLS_SITE("a", "\"443 ssl\"") TLS_SITE("b", "\"443 ssl http2\"") },
	  { "sites/b", SERVING_ABSENT, { "*:443 has http2", ROOT "/sites/a" } } },
	{ "no http2 where a live site has it",
	  { .live = TLS_SITE("a", "\"443 ssl http2\""),
	    .pushed = TLS_SITE("a", "\"443 ssl http2\"") TLS_SITE("b", "\"443 ssl\"") },
	  { .znode = NULL } },
	{ "http2 beside another newcomer without it",
	  { .live = "", .pushed = TLS_SITE("a", "\"443 ssl\"") TLS_SITE("b", "\"443 ssl http2\"") },
	  { .znode = NULL } },
	{ "live servers that differ about ssl go on, and may have a third with it",
	  { .live = SNIPPET("s",
			    "server { listen 443 ssl; server_name s; }\n\tserver { listen 443; "
			    "server_name t; }"),
	    .pushed = SNIPPET("s",
			      "server { listen 443 ssl; server_name s; }\n\tserver { listen 443; "
			      "server_name t; }") TLS_SITE("b", "\"443 ssl\"") },
	  { .znode = NULL } },
	/* --- socket options --- */
	{ "two that set reuseport (A3)",
	  { .live = SITE("b", "\"127.0.0.1:8080 reuseport\""),
	    .pushed = SITE("b", "\"127.0.0.1:8080 reuseport\"")
		    SITE("a", "\"127.0.0.1:8080 reuseport\"") },
	  { "sites/a", SERVING_ABSENT, { "socket options of 127.0.0.1:8080", ROOT "/sites/b" } } },
	{ "any two options clash",
	  { .live = SITE("b", "\"127.0.0.1:8080 reuseport\""),
	    .pushed = SITE("b", "\"127.0.0.1:8080 reuseport\"")
		    SNIPPET("s", "server { listen 127.0.0.1:8080 backlog=9; server_name s; }") },
	  { "snippets/http/s", SERVING_ABSENT, { "socket options", ROOT "/sites/b" } } },
	{ "one that sets them beside others that do not",
	  { .live = SITE("b", P),
	    .pushed = SITE("b", P) SITE("a", "\"127.0.0.1:8080 reuseport\"") },
	  { .znode = NULL } },
	{ "an address with options beside its port's wildcard",
	  { .live = SITE("b", "\"8080\""),
	    .pushed = SITE("b", "\"8080\"") SITE("a", "\"127.0.0.1:8080 reuseport\"") },
	  { "sites/a",
	    SERVING_ABSENT,
	    { "127.0.0.1:8080 cannot listen together with *:8080", ROOT "/sites/b" } } },
	{ "an address without options beside its port's wildcard",
	  { .live = SITE("b", "\"8080\""), .pushed = SITE("b", "\"8080\"") SITE("a", P) },
	  { .znode = NULL } },
	/* --- http and stream --- */
	{ "a stream site on the port of http sites (A1)",
	  { .live = SITE("a", P) SITE("b", P),
	    .pushed = SITE("a", P) SITE("b", P) TCP STREAM("db", P) },
	  { "sites/db", SERVING_ABSENT, { "of stream", "of http", ROOT "/sites/" } } },
	{ "an http site on the port of a stream site (A7)",
	  { .live = TCP STREAM("db", P), .pushed = TCP STREAM("db", P) SITE("a", P) },
	  { "sites/a", SERVING_ABSENT, { "of http cannot listen", ROOT "/sites/db" } } },
	{ "a wildcard of stream over an address of http",
	  { .live = SITE("a", P), .pushed = SITE("a", P) TCP STREAM("db", "\"8080\"") },
	  { "sites/db", SERVING_ABSENT, { "127.0.0.1:8080", ROOT "/sites/a" } } },
	{ "an address of stream below a wildcard of http, in nginx.conf",
	  { .live = "", .pushed = TCP STREAM("db", P), .host = HTTP("server { listen 8080; }") },
	  { "sites/db", SERVING_ABSENT, { "*:8080", "/etc/nginx/nginx.conf:2" } } },
	{ "UDP on a port of http",
	  { .live = SITE("a", P),
	    .pushed = SITE("a", P) TCP STREAM("db", "\"127.0.0.1:8080 udp\"") },
	  { .znode = NULL } },
	{ "TCP and UDP of stream on one port",
	  { .live = TCP STREAM("a", "\"53\""),
	    .pushed = TCP STREAM("a", "\"53\"") STREAM("b", "\"53 udp\"") },
	  { .znode = NULL } },
	{ "two stream sites on one address",
	  { .live = TCP STREAM("a", "\"53\""),
	    .pushed = TCP STREAM("a", "\"53\"") STREAM("b", "\"*:53\"") },
	  { "sites/b", SERVING_ABSENT, { "*:53 is already taken by " ROOT "/sites/a" } } },
	/* --- default servers --- */
	{ "two default servers (A4)",
	  { .live = SITE("dflt", "\"127.0.0.1:8080 default_server\""),
	    .pushed = SITE("dflt", "\"127.0.0.1:8080 default_server\"") SNIPPET(
		    "s", "server { listen 127.0.0.1:8080 default_server; server_name s; }") },
	  { "snippets/http/s",
	    SERVING_ABSENT,
	    { "default_server on 127.0.0.1:8080", ROOT "/sites/dflt" } } },
	{ "two that say default",
	  { .live = SITE_WITH("a", "", P, "\"default\":true," NAMES("\"a\"")),
	    .pushed = SITE_WITH("a", "", P, "\"default\":true," NAMES("\"a\""))
		    SITE_WITH("b", "", P, "\"default\":true," NAMES("\"b\"")) },
	  { "sites/b", SERVING_ABSENT, { "default_server on 127.0.0.1:8080", ROOT "/sites/a" } } },
	{ "a default server where nginx.conf has one",
	  { .live = "",
	    .pushed = SITE_WITH("a", "", "\"80\"", "\"default\":true," NAMES("\"a\"")),
	    .host = HTTP("server { listen 80 default_server; server_name _; }") },
	  { "sites/a", SERVING_ABSENT, { "/etc/nginx/nginx.conf:2" } } },
	/* --- upstreams, zones, formats, variables --- */
	{ "an upstream of a snippet beside a live one",
	  { .live = UPSTREAM("pay"),
	    .pushed = UPSTREAM("pay") SNIPPET("legacy", "upstream Pay { server 127.0.0.1:1; }") },
	  { "snippets/http/legacy",
	    SERVING_ABSENT,
	    { "upstream \"pay\" of http", ROOT "/upstreams/pay" } } },
	{ "an upstream that a live snippet defines",
	  { .live = SNIPPET("legacy", "upstream pay { server 127.0.0.1:1; }"),
	    .pushed = UPSTREAM("pay") SNIPPET("legacy", "upstream pay { server 127.0.0.1:1; }") },
	  { "upstreams/pay",
	    SERVING_ABSENT,
	    { "upstream \"pay\"", ROOT "/snippets/http/legacy (line 1)" } } },
	{ "an upstream that nginx.conf defines",
	  { .live = "",
	    .pushed = UPSTREAM("pay"),
	    .host = HTTP("upstream pay { server 127.0.0.1:1; }") },
	  { "upstreams/pay", SERVING_ABSENT, { "/etc/nginx/nginx.conf:2" } } },
	{ "upstreams of http and of stream have names of their own",
	  { .live = UPSTREAM("pay"),
	    .pushed = UPSTREAM("pay") STREAM_SNIPPET("s", "upstream pay { server 127.0.0.1:1; }") },
	  { .znode = NULL } },
	{ "a zone that another snippet defines (A6)",
	  { .live = SNIPPET("z", "limit_req_zone $binary_remote_addr zone=per_ip:1m rate=5r/s;"),
	    .pushed = SNIPPET("a", "limit_req_zone $server_name zone=per_ip:1m rate=5r/s;")
		    SNIPPET("z", "limit_req_zone $binary_remote_addr zone=per_ip:1m rate=5r/s;") },
	  { "snippets/http/a",
	    SERVING_ABSENT,
	    { "zone \"per_ip\"", ROOT "/snippets/http/z (line 1)" } } },
	{ "zones of http and stream share their names",
	  { .live = SNIPPET("z", "limit_conn_zone $binary_remote_addr zone=c:1m;"),
	    .pushed = SNIPPET("z", "limit_conn_zone $binary_remote_addr zone=c:1m;")
		    STREAM_SNIPPET("a", "limit_conn_zone $binary_remote_addr zone=c:1m;") },
	  { "snippets/stream/a", SERVING_ABSENT, { "zone \"c\"", ROOT "/snippets/http/z" } } },
	{ "a cache's zone",
	  { .live = SNIPPET("z", "proxy_cache_path /srv/c keys_zone=c:1m;"),
	    .pushed = SNIPPET("z", "proxy_cache_path /srv/c keys_zone=c:1m;")
		    SNIPPET("a", "fastcgi_cache_path /srv/d levels=1 keys_zone=c:1m;") },
	  { "snippets/http/a", SERVING_ABSENT, { "zone \"c\"" } } },
	{ "a session cache is shared by those who say the same size",
	  { .live = SNIPPET("z", "ssl_session_cache shared:S:10m;"),
	    .pushed = SNIPPET("z", "ssl_session_cache shared:S:10m;")
		    SNIPPET("a", "server { listen 81; ssl_session_cache shared:S:10240k; }") },
	  { .znode = NULL } },
	{ "a session cache of another size is not",
	  { .live = SNIPPET("z", "ssl_session_cache shared:S:10m;"),
	    .pushed = SNIPPET("z", "ssl_session_cache shared:S:10m;")
		    SNIPPET("a", "server { listen 81; ssl_session_cache shared:S:5m; }") },
	  { "snippets/http/a", SERVING_ABSENT, { "zone \"S\"" } } },
	{ "zones of ours are no one else's",
	  { .live = CACHED,
	    .pushed = CACHED SNIPPET("z", "proxy_cache_path /srv/c keys_zone=cache/c:1m;") },
	  { "snippets/http/z", SERVING_ABSENT, { "zone \"cache/c\"", ROOT "/sites/cached" } } },
	{ "nor is a limit's",
	  { .live = CACHED,
	    .pushed = CACHED SNIPPET("z", "limit_req_zone $uri zone=limit/x:1m rate=1r/s;") },
	  { "snippets/http/z", SERVING_ABSENT, { "zone \"limit/", ROOT "/sites/cached" } } },
	{ "a session cache of ours may be shared",
	  { .live = TLS_SITE("t", "\"443 ssl\""),
	    .pushed = TLS_SITE("t", "\"443 ssl\"")
		    SNIPPET("z", "ssl_session_cache shared:tls/zknginx:10m;") },
	  { .znode = NULL } },
	{ "a variable of ours",
	  { .live = CACHED, .pushed = CACHED SNIPPET("z", "map $uri $zknginx_connection { }") },
	  { "snippets/http/z", SERVING_ABSENT, { "$zknginx_connection", ROOT "/sites/cached" } } },
	{ "a log_format",
	  { .live = SNIPPET("z", "log_format f '$uri';"),
	    .pushed = SNIPPET("a", "log_format f '$host';") SNIPPET("z", "log_format f '$uri';") },
	  { "snippets/http/a", SERVING_ABSENT, { "log_format \"f\"", ROOT "/snippets/http/z" } } },
	{ "a variable that two define",
	  { .live = SNIPPET("z", "map $uri $v { default 1; }"),
	    .pushed = SNIPPET("a", "geo $v { default 2; }")
		    SNIPPET("z", "map $uri $v { default 1; }") },
	  { "snippets/http/a", SERVING_ABSENT, { "variable $v", ROOT "/snippets/http/z" } } },
	{ "a variable in a comment, a value or a location is none",
	  { .live = SNIPPET("z", "map $uri $v { default 1; }"),
	    .pushed = SNIPPET("a", "# map $uri $v { }\n\tmap $uri $w { map $v; }")
		    SNIPPET("z", "map $uri $v { default 1; }") },
	  { .znode = NULL } },
};

static bool says_all(const char *message, const char *const words[3])
{
	for (size_t i = 0; i < 3 && words[i]; i++) {
		if (!strstr(message, words[i]))
			return false;
	}
	return true;
}

static bool is_as_expected(const struct outcome *o, const struct loser *l)
{
	char path[128];
	const struct problem *p;

	if (!l->znode)
		return o->problems.count == 0;
	snprintf(path, sizeof(path), ROOT "/%s", l->znode);
	p = problem_of(o, path);
	return o->problems.count == 1 && p && p->serving == l->serving &&
	       says_all(p->message, l->words) &&
	       is_served(o, l->znode) == (l->serving == SERVING_PREVIOUS);
}

static void what_goes_together_and_what_does_not(void **state UNUSED)
{
	unsigned failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o = push(&cases[i].push);

		if (!is_as_expected(&o, &cases[i].loser)) {
			print_error("%s: not as expected; problems:\n", cases[i].what);
			show_problems(&o);
			failed++;
		}
		outcome_fini(&o);
	}
	assert_int_equal(failed, 0);
}

static void of_two_newcomers_the_older_znode_wins(void **state UNUSED)
{
	struct push p = { .live = "",
			  .pushed = SITE_WITH("a", " czxid=0x9", P, NAMES("\"x\""))
				  SITE_WITH("b", " czxid=0x5", P, NAMES("\"x\"")) };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "sites/b"));
	assert_non_null(strstr(problem_of(&o, ROOT "/sites/a")->message, ROOT "/sites/b"));
	outcome_fini(&o);
}

static void a_claim_moves_from_one_live_object_to_another(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"80 default_server\"") SITE("b", "\"80\""),
			  .pushed = SITE("a", "\"80\"") SITE("b", "\"80 default_server\"") };
	struct outcome o = push(&p);

	assert_int_equal(o.problems.count, 0);
	assert_string_equal(model_site(o.next, "b")->listens[0].options, "default_server");
	outcome_fini(&o);
}

/* b would get what a gives up; but a's new form is refused, and its last good form still has it. */
static void a_claim_stays_with_one_that_falls_back(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"80 default_server\"") SITE("b", "\"80\"")
				  SITE("c", "\"80\""),
			  .pushed = SITE_WITH("a", " czxid=0x9", "\"80\"", NAMES("\"c.test\""))
				  SITE_WITH("b", " czxid=0x5", "\"80 default_server\"",
					    NAMES("\"b.test\"")) SITE("c", "\"80\"") };
	struct outcome o = push(&p);

	assert_int_equal(model_site(o.next, "a")->server_names[0][0], 'a');
	assert_string_equal(model_site(o.next, "a")->listens[0].options, "default_server");
	assert_string_equal(model_site(o.next, "b")->listens[0].options, "");
	assert_true(is_served(&o, "sites/c"));
	assert_int_equal(problem_of(&o, ROOT "/sites/a")->serving, SERVING_PREVIOUS);
	assert_int_equal(problem_of(&o, ROOT "/sites/b")->serving, SERVING_PREVIOUS);
	assert_null(problem_of(&o, ROOT "/sites/c"));
	outcome_fini(&o);
}

static void a_changed_snippet_that_clashes_keeps_its_last_good_form(void **state UNUSED)
{
	struct push p = { .live = SNIPPET("a", "map $uri $a { }") SNIPPET("b", "map $uri $b { }"),
			  .pushed = SNIPPET("a", "map $uri $a { }\n\tmap $host $b { }")
				  SNIPPET("b", "map $uri $b { }") };
	struct outcome o = push(&p);

	assert_string_equal(model_snippet(o.next, PROTOCOL_HTTP, "a")->text, "map $uri $a { }\n");
	assert_int_equal(problem_of(&o, ROOT "/snippets/http/a")->serving, SERVING_PREVIOUS);
	assert_int_equal(problem_of(&o, ROOT "/snippets/http/a")->line, 2);
	outcome_fini(&o);
}

/* B1: the upstream that is live keeps its sites and its servers. */
static void a_loser_drags_nobody_along(void **state UNUSED)
{
	struct push p = { .live = SNIPPET("legacy", "upstream pay { server 127.0.0.1:1; }")
				  SITE("a", P),
			  .pushed = SNIPPET("legacy", "upstream pay { server 127.0.0.1:1; }")
				  UPSTREAM("pay") UPSTREAM("new") ROOT
			  "/sites/pay\n\t{\"listen\":[\"81\"],\"locations\":[{\"path\":\"/\","
			  "\"proxy\":\"pay\"}]}\n" ROOT
			  "/sites/new\n\t{\"listen\":[\"82\"],\"locations\":[{\"path\":\"/\","
			  "\"proxy\":\"new\"}]}\n" SITE("a", P) };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "sites/a"));
	assert_true(is_served(&o, "sites/new"));
	assert_true(is_served(&o, "snippets/http/legacy"));
	assert_false(is_served(&o, "upstreams/pay"));
	assert_non_null(strstr(problem_of(&o, ROOT "/sites/pay")->message, ROOT "/upstreams/pay"));
	outcome_fini(&o);
}

static void a_deleted_upstream_that_a_site_needs_keeps_its_name(void **state UNUSED)
{
#define PAY                                                                                        \
	ROOT "/sites/pay\n\t{\"listen\":[\"81\"],\"locations\":[{\"path\":\"/\",\"proxy\":"        \
	     "\"pay\"}]}\n"
	struct push p = { .live = UPSTREAM("pay") PAY,
			  .pushed = PAY SNIPPET("legacy", "upstream pay { server 127.0.0.1:1; }") };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "sites/pay"));
	assert_true(is_served(&o, "upstreams/pay"));
	assert_false(is_served(&o, "snippets/http/legacy"));
	outcome_fini(&o);
}

/* An earlier version accepted both, and nginx only warned: a restart must not remove one. */
static void what_is_live_together_stays_together(void **state UNUSED)
{
	static const char both[] = SITE("a", P)
		SITE_WITH("b", "", "\"127.0.0.1:8080 proxy_protocol\"", NAMES("\"a.test\""))
			SNIPPET("m", "map $uri $v { }") SNIPPET("n", "map $host $v { }");
	struct push p = { .live = both, .pushed = both };
	struct outcome o = push(&p);

	assert_int_equal(o.problems.count, 0);
	assert_int_equal(o.next->site_count, 2);
	assert_int_equal(o.next->snippet_count, 2);
	outcome_fini(&o);
}

static void nothing_is_checked_against_an_nginx_conf_that_is_not_known(void **state UNUSED)
{
	struct push p = { .live = "", .pushed = SITE("a", "\"80\"") };
	struct outcome o = push(&p);

	assert_int_equal(o.problems.count, 0);
	outcome_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_together_and_what_does_not),
		cmocka_unit_test(of_two_newcomers_the_older_znode_wins),
		cmocka_unit_test(a_claim_moves_from_one_live_object_to_another),
		cmocka_unit_test(a_claim_stays_with_one_that_falls_back),
		cmocka_unit_test(a_changed_snippet_that_clashes_keeps_its_last_good_form),
		cmocka_unit_test(a_loser_drags_nobody_along),
		cmocka_unit_test(a_deleted_upstream_that_a_site_needs_keeps_its_name),
		cmocka_unit_test(what_is_live_together_stays_together),
		cmocka_unit_test(nothing_is_checked_against_an_nginx_conf_that_is_not_known),
	};

	return cmocka_run_group_tests_name("clash", tests, NULL, NULL);
}
