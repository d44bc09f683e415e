/*
 * Two objects that claim the same thing, on a real nginx: the live one loses not a single request,
 * the problem of the newcomer names the other one, everything pushed with it goes live at once, and
 * the problem ends when the newcomer is corrected or deleted.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig_host.h"
#include "rig_visitor.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int ports[3]; /* $P, $Q and $R in the texts below */

struct object {
	const char *path; /* below the config */
	const char *data;
};

#define ANSWER(text)                                                                               \
	"\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"" text "\"}}]"
#define SITE(name, listen)                                                                         \
	{                                                                                          \
		"sites/" name, "{\"listen\":[\"" listen "\"],\"server_names\":[\"" name            \
			       ".test\"]," ANSWER(name) "}"                                        \
	}
#define TLS_SITE(name, listen)                                                                     \
	{                                                                                          \
		"sites/" name,                                                                     \
			"{\"listen\":[\"" listen "\"],\"server_names\":[\"" name ".test\"],"       \
			"\"tls\":{\"certificate\":\"$D/cert.pem\",\"key\":\"$D/"                   \
			"key.pem\"}," ANSWER(name) "}"                                             \
	}
#define P "127.0.0.1:$P"
#define TCP                                                                                        \
	{ "upstreams/tcp", "{\"protocol\":\"stream\"}" },                                          \
	{                                                                                          \
		"upstreams/tcp/127.0.0.1:$Q", ""                                                   \
	}
#define DB                                                                                         \
	{                                                                                          \
		"sites/db", "{\"protocol\":\"stream\",\"listen\":[\"" P "\"],\"proxy\":\"tcp\"}"   \
	}

static const struct clash {
	const char *name;
	struct object live[6], pushed[3];
	const char *visit, *answer; /* of the live ones: host name, body */
	bool tls;
	const char *loser, *words[2]; /* one of `pushed`, and its problem */
	const char *http_text;        /* in nginx.conf */
} clashes[] = {
	{ .name = "A1_a_stream_site_on_the_port_of_http_sites",
	  .live = { SITE("a", P), SITE("b", P), SITE("c", P), SITE("d", P), SITE("e", P) },
	  .pushed = { TCP, DB },
	  .visit = "e.test",
	  .answer = "e",
	  .loser = "sites/db",
	  .words = { CONFIG "/sites/", "of http" } },
	{ .name = "A2_TLS_on_the_port_of_plain_sites",
	  .live = { SITE("a", P), SITE("b", P), SITE("c", P), SITE("d", P), SITE("e", P) },
	  .pushed = { TLS_SITE("t", P " ssl") },
	  .visit = "b.test",
	  .answer = "b",
	  .loser = "sites/t",
	  .words = { CONFIG "/sites/", "without" } },
	{ .name = "A3_socket_options_of_two_sites",
	  .live = { SITE("b", P " reuseport") },
	  .pushed = { SITE("a", P " reuseport") },
	  .visit = "b.test",
	  .answer = "b",
	  .loser = "sites/a",
	  .words = { CONFIG "/sites/b", "socket options" } },
	{ .name = "A4_two_default_servers",
	  .live = { SITE("dflt", P " default_server") },
	  .pushed = { { "snippets/http/s",
			"server { listen " P " default_server; return 200 s; }" } },
	  .visit = "unknown.test",
	  .answer = "dflt",
	  .loser = "snippets/http/s",
	  .words = { CONFIG "/sites/dflt", "default_server" } },
	{ .name = "A6_a_zone_of_two_snippets",
	  .live = { { "snippets/http/z",
		      "limit_req_zone $binary_remote_addr zone=per_ip:1m rate=5r/s;" },
		    SITE("a", P) },
	  .pushed = { { "snippets/http/a",
			"limit_req_zone $server_name zone=per_ip:1m rate=5r/s;" } },
	  .visit = "a.test",
	  .answer = "a",
	  .loser = "snippets/http/a",
	  .words = { CONFIG "/snippets/http/z", "per_ip" } },
	{ .name = "A7_an_http_site_on_the_port_of_a_stream_site",
	  .live = { { "upstreams/tcp", "{\"protocol\":\"stream\"}" },
		    { "upstreams/tcp/127.0.0.1:$N", "" },
		    DB },
	  .pushed = { SITE("a", P) },
	  .visit = "any.test",
	  .answer = "rig",
	  .loser = "sites/a",
	  .words = { CONFIG "/sites/db", "of stream" } },
	{ .name = "B1_an_upstream_that_a_snippet_defines_again",
	  .live = { { "upstreams/pay", "" },
		    { "upstreams/pay/127.0.0.1:$N", "" },
		    { "sites/pay", "{\"listen\":[\"" P "\"],\"locations\":[{\"path\":\"/\","
				   "\"proxy\":\"pay\"}]}" } },
	  .pushed = { { "snippets/http/legacy", "upstream pay { server 127.0.0.1:1; }" } },
	  .visit = "any.test",
	  .answer = "rig",
	  .loser = "snippets/http/legacy",
	  .words = { CONFIG "/upstreams/pay", "\"pay\"" } },
	{ .name = "D1_proxy_protocol_beside_a_site_without",
	  .live = { SITE("a", P) },
	  .pushed = { SITE("b", P " proxy_protocol") },
	  .visit = "a.test",
	  .answer = "a",
	  .loser = "sites/b",
	  .words = { CONFIG "/sites/a", "proxy_protocol" } },
	{ .name = "D2_a_snippet_with_the_name_of_a_site",
	  .live = { SITE("a", P) },
	  .pushed = { { "snippets/http/s",
			"server { listen " P "; server_name a.test; return 200 snippet; }" } },
	  .visit = "a.test",
	  .answer = "a",
	  .loser = "snippets/http/s",
	  .words = { CONFIG "/sites/a", "\"a.test\"" } },
	{ .name = "D2_a_site_with_a_name_of_nginx_conf",
	  .http_text = "server { listen " P "; server_name a.test; return 200 host; }",
	  .live = { SITE("b", P) },
	  .pushed = { SITE("a", P) },
	  .visit = "a.test",
	  .answer = "host",
	  .loser = "sites/a",
	  .words = { "/nginx.conf:", "\"a.test\"" } },
	{ .name = "D3_a_plain_site_on_the_port_of_a_TLS_site",
	  .live = { TLS_SITE("t", P " ssl") },
	  .pushed = { SITE("a", P) },
	  .visit = "t.test",
	  .answer = "t",
	  .tls = true,
	  .loser = "sites/a",
	  .words = { CONFIG "/sites/t", "has no ssl" } },
	{ .name = "an_upstream_of_nginx_conf",
	  .http_text = "upstream pay { server 127.0.0.1:1; }",
	  .live = { SITE("a", P) },
	  .pushed = { { "upstreams/pay", "" }, { "upstreams/pay/127.0.0.1:$N", "" } },
	  .visit = "a.test",
	  .answer = "a",
	  .loser = "upstreams/pay",
	  .words = { "/nginx.conf:", "\"pay\"" } },
};

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static void make_certificate(void)
{
	char *key = rig_path("key.pem"), *certificate = rig_path("cert.pem"), *output;
	char *argv[] = { "openssl", "req",    "-x509",     "-newkey",  "rsa:2048",
			 "-nodes",  "-batch", "-subj",     "/CN=test", "-keyout",
			 key,       "-out",   certificate, NULL };

	if (rig_run(&output, argv) != 0)
		fail_msg("openssl: %s", output);
}

/* $P, $Q, $R: ports; $N: that of nginx.conf's own server; $D: the test's directory. */
static const char *filled_in(const char *text)
{
	static char texts[4][1024];
	static unsigned turn;
	char *out = texts[turn++ % 4], *at = out, *end = out + sizeof(texts[0]) - 1;

	for (; *text && at < end; text++) {
		const char *known = text[0] == '$' && text[1] ? strchr("PQR", text[1]) : NULL;
		size_t room = (size_t)(end - at);

		if (known)
			at += snprintf(at, room, "%d", ports[known - "PQR"]);
		else if (text[0] == '$' && text[1] == 'N')
			at += snprintf(at, room, "%d", host.nginx.port);
		else if (text[0] == '$' && text[1] == 'D')
			at += snprintf(at, room, "%s", rig_directory());
		else
			*at++ = *text;
		text += known || (text[0] == '$' && (text[1] == 'N' || text[1] == 'D'));
	}
	*at = '\0';
	return out;
}

static void write_object(const struct object *o)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIG "/%s", filled_in(o->path));
	rig_zk_set(host.zk, path, filled_in(o->data));
}

static void write_objects(const struct object *list, size_t count)
{
	for (size_t i = 0; i < count && list[i].path; i++)
		write_object(&list[i]);
}

static bool answers(int port, const char *name, const char *text)
{
	const char *body;

	return rig_nginx_get(port, "/", name, &body) == 200 && strcmp(body, text) == 0;
}

static bool has_problem(const char *znode, const char *serving, const char *words)
{
	char path[128];

	snprintf(path, sizeof(path), CONFIG "/%s", znode);
	return rig_host_has_problem(&host, path, "field", serving, words);
}

static bool is_well(void)
{
	return rig_host_is_with(&host, "applied", 0);
}

static void write_other(const char *text)
{
	char data[256];

	snprintf(data, sizeof(data), "{\"listen\":[\"127.0.0.1:$R\"]," ANSWER("%s") "}", text);
	write_object(&(struct object){ "sites/other", data });
}

/* It serves for a while, and has lost no request. */
static void end_visit(struct rig_visitor *v)
{
	unsigned long some = rig_visitor_count(v) + 20;

	eventually(NULL, rig_visitor_count(v) > some);
	rig_visitor_stop(v);
}

static void the_newcomer_stays_out_and_nobody_notices(void **state)
{
	const struct clash *c = *state;
	struct rig_visitor *v;
	char path[128];

	if (c->tls)
		make_certificate();
	if (c->http_text)
		host.nginx.http_text = strdup(filled_in(c->http_text));
	rig_nginx_configure(&host.nginx);
	write_objects(c->live, ARRAY_SIZE(c->live));
	rig_host_start(&host);
	eventually(NULL, is_well());
	v = rig_visitor_start(ports[0], c->tls, c->visit, c->answer);
	eventually(NULL, rig_visitor_count(v) > 3);

	write_objects(c->pushed, ARRAY_SIZE(c->pushed));
	write_other("one");
	eventually(NULL, answers(ports[2], "other", "one"));
	eventually(NULL, has_problem(c->loser, "absent", c->words[0]));
	assert_true(has_problem(c->loser, "absent", c->words[1]));
	eventually(NULL, rig_host_is_with(&host, "degraded", 1));

	/* meanwhile other objects come and go as usual */
	write_other("two");
	eventually(NULL, answers(ports[2], "other", "two"));
	snprintf(path, sizeof(path), CONFIG "/%s", c->loser);
	rig_zk_delete_all(host.zk, path);
	eventually(NULL, is_well());
	end_visit(v);
	free((char *)host.nginx.http_text);
}

static void a_corrected_newcomer_goes_live(void **state UNUSED)
{
	struct rig_visitor *v;

	write_object(&(struct object)SITE("b", P " reuseport"));
	rig_host_start(&host);
	eventually(NULL, is_well());
	v = rig_visitor_start(ports[0], false, "b.test", "b");
	write_object(&(struct object)SITE("a", P " reuseport"));
	eventually(NULL, has_problem("sites/a", "absent", CONFIG "/sites/b"));
	write_object(&(struct object)SITE("a", P));
	eventually(NULL, answers(ports[0], "a.test", "a"));
	eventually(NULL, is_well());
	end_visit(v);
}

/* When the live object gives the claim up, the one that waited gets it. */
static void the_loser_follows_when_the_winner_goes(void **state UNUSED)
{
	write_object(&(struct object)SITE("b", P));
	rig_host_start(&host);
	eventually(NULL, answers(ports[0], "b.test", "b"));
	write_object(&(struct object){ "sites/a", "{\"listen\":[\"" P "\"],\"server_names\":"
						  "[\"b.test\"]," ANSWER("a") "}" });
	eventually(NULL, has_problem("sites/a", "absent", CONFIG "/sites/b"));
	rig_zk_delete(host.zk, CONFIG "/sites/b");
	eventually(NULL, answers(ports[0], "b.test", "a"));
	eventually(NULL, is_well());
}

static void D4_the_default_server_is_no_accident_of_names(void **state UNUSED)
{
	struct rig_visitor *v;

	write_object(&(struct object)SITE("shop", P));
	rig_host_start(&host);
	eventually(NULL, is_well());
	v = rig_visitor_start(ports[0], false, "unknown.test", "shop");
	write_object(&(struct object)SITE("admin", P));
	eventually(NULL, answers(ports[0], "admin.test", "admin"));
	write_object(&(struct object){ "snippets/http/s",
				       "server { listen " P "; server_name s.test; "
				       "return 200 s; }" });
	eventually(NULL, answers(ports[0], "s.test", "s"));
	eventually(NULL, is_well());

	rig_host_stop_daemon(&host, SIGTERM);
	write_object(&(struct object)SITE("about", P));
	rig_host_start_daemon(&host);
	eventually(NULL, answers(ports[0], "about.test", "about"));
	end_visit(v);

	/* the site with "default" is it; then the oldest that remains */
	write_object(&(struct object){ "sites/about",
				       "{\"listen\":[\"" P "\"],\"default\":true,"
				       "\"server_names\":[\"about.test\"]," ANSWER("about") "}" });
	eventually(NULL, answers(ports[0], "unknown.test", "about"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/s");
	rig_zk_delete(host.zk, CONFIG "/sites/about");
	eventually(NULL, answers(ports[0], "unknown.test", "shop"));
}

#define LISTENING(listen)                                                                          \
	{                                                                                          \
		"sites/a", "{\"listen\":[\"" listen "\"]," ANSWER("a") "}"                         \
	}

static void D5_a_wildcard_and_an_address_are_exchanged_in_two_steps(void **state UNUSED)
{
	struct rig_visitor *v;

	write_object(&(struct object)LISTENING("$P"));
	rig_host_start(&host);
	eventually(NULL, is_well());
	v = rig_visitor_start(ports[0], false, "a", "a");
	write_object(&(struct object)LISTENING(P));
	write_other("one");
	eventually(NULL, answers(ports[2], "other", "one"));
	eventually(NULL, has_problem("sites/a", "previous", "two steps"));
	end_visit(v);
	assert_int_equal(rig_host_status_number(&host, "deployments.rolled_back"), 0);

	/* the remedy in the message works */
	write_object(&(struct object)LISTENING("127.0.0.1:$Q"));
	eventually(NULL, answers(ports[1], "a", "a"));
	eventually(NULL, is_well());
	write_object(&(struct object)LISTENING(P));
	eventually(NULL, answers(ports[0], "a", "a"));
	eventually(NULL, is_well());

	/* and back; nginx is stopped this time */
	write_object(&(struct object)LISTENING("$P"));
	eventually(NULL, has_problem("sites/a", "previous", "two steps"));
	rig_nginx_stop(&host.nginx);
	/* published: an nginx that started with the old files would need the two steps again */
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), filled_in("listen $P")));
	eventually(NULL, rig_host_problem_count(&host) == 0);
	rig_nginx_start(&host.nginx);
	eventually(NULL, is_well());
	assert_true(answers(ports[0], "a", "a"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), filled_in("listen $P")));
	assert_int_equal(rig_host_status_number(&host, "deployments.rolled_back"), 0);
}

static void an_edit_of_nginx_conf_is_noticed(void **state UNUSED)
{
	struct rig_visitor *v;
	char *text =
		strdup(filled_in("upstream pay { server 127.0.0.1:1; }\n"
				 "server { listen " P "; server_name b.test; return 200 host; }"));

	write_object(&(struct object)SITE("b", P));
	rig_host_start(&host);
	eventually(NULL, is_well());
	v = rig_visitor_start(ports[0], false, "b.test", "b");
	host.nginx.http_text = text;
	rig_nginx_configure(&host.nginx);
	/* nginx accepts both, and b is live: that is only reported */
	eventually(NULL, has_problem("sites/b", "previous", "nginx.conf:"));
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "b.test"));
	write_object(&(struct object){ "upstreams/pay", "" });
	eventually(NULL, has_problem("upstreams/pay", "absent", "nginx.conf:"));
	host.nginx.http_text = NULL;
	rig_nginx_configure(&host.nginx);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "upstream pay"));
	eventually(NULL, !has_problem("sites/b", "previous", ""));
	end_visit(v);
	free(text);
}

/* The two halves of a move from nginx.conf to ZooKeeper: the new nginx.conf cannot pass a test
 * before the upstream is deployed, and the old one must not keep it out. */
static void what_nginx_conf_has_given_up_is_deployed(void **state UNUSED)
{
	char *before = strdup(filled_in("upstream pay { server 127.0.0.1:$N; }\n"
					"server { listen " P "; server_name pay.test;\n"
					" location / { proxy_pass http://pay; } }")),
	     *after = strdup(filled_in("server { listen " P "; server_name pay.test;\n"
				       " location / { proxy_pass http://pay; } }"));

	host.nginx.http_text = before;
	rig_nginx_configure(&host.nginx);
	rig_host_start(&host);
	eventually(NULL, answers(ports[0], "pay.test", "rig"));
	write_object(&(struct object){ "upstreams/pay", "" });
	write_object(&(struct object){ "upstreams/pay/127.0.0.1:$N", "" });
	eventually(NULL, has_problem("upstreams/pay", "absent", "nginx.conf:"));
	host.nginx.http_text = after;
	rig_nginx_configure(&host.nginx);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "upstream pay"));
	eventually(NULL, is_well());
	assert_true(answers(ports[0], "pay.test", "rig"));
	free(before);
	free(after);
}

/* nginx -T prints such a line before each file; one in a snippet must not count. */
static void a_snippet_cannot_pass_for_a_file_of_the_host(void **state UNUSED)
{
	char *text = strdup(filled_in("include $D/extra/*.conf;"));

	host.nginx.http_text = text;
	rig_nginx_configure(&host.nginx);
	write_object(&(struct object)SITE("a", P));
	write_object(&(struct object){ "snippets/http/s",
				       "log_format before x;\n"
				       "# configuration file $D/extra/x.conf:\n"
				       "server { listen " P " default_server; server_name s.test; "
				       "return 200 s; }\n" });
	rig_host_start(&host);
	eventually(NULL, answers(ports[0], "s.test", "s"));
	write_other("one");
	eventually(NULL, answers(ports[2], "other", "one"));
	eventually(NULL, is_well());
	free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest others[] = {
		TEST(a_corrected_newcomer_goes_live),
		TEST(the_loser_follows_when_the_winner_goes),
		TEST(D4_the_default_server_is_no_accident_of_names),
		TEST(D5_a_wildcard_and_an_address_are_exchanged_in_two_steps),
		TEST(an_edit_of_nginx_conf_is_noticed),
		TEST(what_nginx_conf_has_given_up_is_deployed),
		TEST(a_snippet_cannot_pass_for_a_file_of_the_host),
	};
	struct CMUnitTest tests[ARRAY_SIZE(clashes) + ARRAY_SIZE(others)];

	for (size_t i = 0; i < ARRAY_SIZE(clashes); i++)
		tests[i] = (struct CMUnitTest){ clashes[i].name,
						the_newcomer_stays_out_and_nobody_notices, setup,
						teardown, (void *)&clashes[i] };
	memcpy(tests + ARRAY_SIZE(clashes), others, sizeof(others));
	return cmocka_run_group_tests_name("clashes", tests, NULL, NULL);
}
