/*
 * ui: the page of zknginxctl at the level of HTTP, on a fleet of daemons: what it shows and when,
 * who may read it and act by it, and what each action does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>

#include "core/text/base64.h"
#include "rig_fleet.h"
#include "rig_ui.h"

#define SETTINGS(f) ((f)->hosts[0].host.settings)
#define OVERRIDE CLUSTER "/overrides/app"
#define ACTIONS "--allow-actions"

/* Nothing of the fleet runs: its settings alone are written. */
static void start_ui(struct rig_ui *u, struct rig_fleet *f, const char *option)
{
	rig_fleet_settings(f, 0);
	rig_ui_start(u, SETTINGS(f), option);
}

/* --- the page --------------------------------------------------------------------------------- */

/* " 'sha256-…'" of what is between the tags of this name. */
static char *hash_of(const char *page, const char *tag)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *begin = strstr(page, rig_text("<%s>", tag)), *end;
	struct digest d;

	assert_non_null(begin);
	begin += strlen(tag) + 2;
	end = strstr(begin, rig_text("</%s>", tag));
	assert_non_null(end);
	d = digest_of(begin, (size_t)(end - begin));
	base64_print(d.bytes, sizeof(d.bytes), &text);
	return rig_text("%s-src 'sha256-%s';", tag, buf_str(&text));
}

static void the_page_is_one_file_whose_policy_allows_its_own_script_alone(void **state)
{
	static const char *const headers[] = {
		"Content-Type: text/html; charset=utf-8\r\n",
		"Content-Security-Policy: default-src 'none'; ",
		"frame-ancestors 'none'",
		"form-action 'none'",
		"base-uri 'none'",
		"trusted-types 'none'",
		"X-Content-Type-Options: nosniff\r\n",
		"X-Frame-Options: DENY\r\n",
		"Referrer-Policy: no-referrer\r\n",
		"Cache-Control: no-store\r\n",
		"Cross-Origin-Resource-Policy: same-origin\r\n",
	};
	static const char *const forbidden[] = {
		"unsafe-inline",  "unsafe-eval",    "innerHTML",   "outerHTML",
		"insertAdjacent", "document.write", "<script src", "<link rel=\"sty",
		" style=\"",      "https://",       " onclick",    "eval("
	};
	struct rig_ui u;
	const char *reply;

	start_ui(&u, *state, NULL);
	reply = rig_ui_get(&u, "/");
	assert_int_equal(rig_ui_status(reply), 200);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		assert_says(reply, headers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		assert_says_not(reply, forbidden[i]);
	assert_says(reply, hash_of(rig_ui_body(reply), "script"));
	assert_says(reply, hash_of(rig_ui_body(reply), "style"));
	assert_string_equal(u.token, ""); /* nothing secret is needed to look */
	rig_ui_stop(&u);
}

static void only_its_paths_and_methods_exist(void **state)
{
	struct rig_ui u;
	const char *reply;

	start_ui(&u, *state, NULL);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/index.html")), 404);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/../etc/passwd")), 404);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/action")), 405);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/host?name=none")), 404);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/upstream?name=none")), 404);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/upstream")), 404);
	assert_int_equal(rig_ui_status(rig_ui_ask(&u, "DELETE", "/", "", NULL)), 405);
	reply = rig_ui_ask(&u, "HEAD", "/", "", NULL);
	assert_int_equal(rig_ui_status(reply), 200);
	assert_string_equal(rig_ui_body(reply), "");
	for (int i = 0; i < 40; i++) { /* none of them stays open, or there were too many */
		reply = rig_ui_ask(&u, "HEAD", "/events", "", NULL);
		assert_int_equal(rig_ui_status(reply), 200);
		assert_string_equal(rig_ui_body(reply), "");
	}
	rig_ui_stop(&u);
}

/* --- live ------------------------------------------------------------------------------------- */

static void a_new_page_gets_the_whole_state_and_then_each_change(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;
	struct rig_page p;
	size_t size;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_ui_start(&u, SETTINGS(f), NULL);
	eventually(NULL, strstr(rig_ui_get(&u, "/upstream?name=app"), "\"servers\""));
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "event: all\ndata: {\"actions\":false"));
	eventually(NULL, rig_page_shows(&p, 0, "\"web3\":{"));
	assert_true(rig_page_shows(&p, 0, "text/event-stream"));
	assert_true(rig_page_shows(&p, 0, "\"phase\":\"idle\""));
	size = p.text.size;
	rig_zk_create(f->zk, CONFIG "/upstreams/new", "{\"balance\": \"least_conn\"}");
	rig_zk_create(f->zk, CONFIG "/upstreams/new/127.0.0.1:7", "weight=5");
	eventually(NULL, rig_page_shows(&p, size, "event: change\n"));
	eventually(NULL, rig_page_shows(&p, size, "\"new\":{"));
	eventually(NULL, strstr(rig_ui_get(&u, "/upstream?name=new"), "127.0.0.1:7"));
	assert_says(rig_ui_get(&u, "/upstream?name=new"), "\"weight\":5");
	assert_says(rig_ui_get(&u, "/host?name=web1"), "\"present\":true");
	/* Only what has changed is sent. */
	assert_false(rig_page_shows(&p, size, "event: all"));
	size = p.text.size;
	rig_zk_delete_all(f->zk, CONFIG "/upstreams/new");
	eventually(NULL, rig_page_shows(&p, size, "\"gone\":[\"new\"]"));
	rig_page_close(&p);
	rig_ui_stop(&u);
}

static void a_problem_is_shown_with_its_znode_and_field(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;
	struct rig_page p;

	rig_fleet_start(f, 0);
	rig_ui_start(&u, SETTINGS(f), NULL);
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "\"web3\":{"));
	rig_zk_set(f->zk, CONFIG "/upstreams/broken", "{\n\"balance\": 7,\n\"</script>\": 1}");
	eventually(NULL,
		   rig_page_shows(&p, 0, "\"problems\":{\"set\":{\"" CONFIG "/upstreams/broken"));
	eventually(NULL, rig_page_shows(&p, 0, "\"usable\":false"));
	rig_page_close(&p);
	rig_zk_delete_all(f->zk, CONFIG "/upstreams/broken");
	rig_ui_stop(&u);
}

static void while_zookeeper_is_away_the_last_data_stay_and_are_marked(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_page p, late;
	struct rig_ui u;
	size_t size;

	rig_fleet_start(f, 0);
	rig_ui_start(&u, SETTINGS(f), NULL);
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "\"web3\":{"));
	eventually(NULL, rig_page_shows(&p, 0, "\"connected\":true"));
	size = p.text.size;
	rig_zookeeper_kill(f->zookeeper);
	eventually(NULL, rig_page_shows(&p, size, "\"connected\":false"));
	assert_false(rig_page_shows(&p, size, "\"gone\":[\"web"));
	rig_page_open(&late, &u); /* a page that is opened now has the old data, too */
	eventually(NULL, rig_page_shows(&late, 0, "\"connected\":false"));
	eventually(NULL, rig_page_shows(&late, 0, "\"web3\":{"));
	assert_true(rig_page_shows(&late, 0, "\"answered\":true"));
	size = p.text.size;
	rig_zookeeper_restart(f->zookeeper);
	eventually(NULL, rig_page_shows(&p, size, "\"connected\":true"));
	rig_page_close(&p);
	rig_page_close(&late);
	rig_ui_stop(&u);
}

static void without_any_answer_the_page_says_so(void **state UNUSED)
{
	char *settings = rig_path("away.conf");
	struct rig_page p;
	struct rig_ui u;

	rig_write(settings, "zookeeper: { hosts = \"127.0.0.1:%d\"; };\n", rig_port());
	rig_ui_start(&u, settings, NULL);
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "\"answered\":false"));
	assert_true(rig_page_shows(&p, 0, "\"connected\":false"));
	rig_page_close(&p);
	rig_ui_stop(&u);
}

/* --- history ---------------------------------------------------------------------------------- */

static void two_revisions_are_compared_as_diff_does(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_page p;
	struct rig_ui u;
	const char *reply, *old, *new;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	old = rig_fleet_digest(f, "1");
	new = rig_fleet_digest(f, "2");
	rig_ui_start(&u, SETTINGS(f), NULL);
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "\"history\":{\""));
	reply = rig_ui_get(&u, rig_text("/diff?old=%s&new=%s", old, new));
	assert_says(reply, "\"code\":1");
	assert_says(reply, FLEET_SNIPPET);
	assert_says(reply, "\"change\":\"changed\"");
	reply = rig_ui_get(&u, rig_text("/diff?old=%s", new)); /* against ZooKeeper */
	assert_says(reply, "\"same\":true");
	reply = rig_ui_get(&u, rig_text("/diff?new=%s", old)); /* what it changed */
	assert_says(reply, "\"change\":\"created\"");
	reply = rig_ui_get(&u, rig_text("/diff?old=%064d&new=%s", 0, new));
	assert_says(reply, "the history has no entry");
	rig_page_close(&p);
	rig_ui_stop(&u);
}

static void a_word_that_is_no_revision_starts_no_command(void **state)
{
	static const char *const queries[] = {
		"/diff",
		"/diff?old=conf&new=conf",
		"/diff?old=--nginx",
		"/diff?old=1&new=2",
		"/diff?old=/etc",
	};
	struct rig_ui u;

	start_ui(&u, *state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
		assert_int_equal(rig_ui_status(rig_ui_get(&u, queries[i])), 400);
	rig_ui_stop(&u);
}

/* --- who may read, and who may act ------------------------------------------------------------ */

static void a_name_that_leads_to_this_host_reads_nothing(void **state)
{
	static const char *const paths[] = { "/", "/events", "/host?name=web1", "/action", "/x" };
	static const char *const bad[] = { "evil.example",
					   "evil.example:9643",
					   "localhost.evil.example",
					   "127.0.0.1.evil",
					   "[::1",
					   "127.0.0.1:9643x",
					   "" };
	static const char *const good[] = { "localhost", "127.0.0.1", "[::1]:9643",
					    "localhost:9643" };
	struct rig_ui u;

	start_ui(&u, *state, ACTIONS);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
			assert_int_equal(
				rig_ui_status(rig_ui_ask(&u, "GET", paths[i],
							 rig_text("Host: %s\r\n", bad[k]), NULL)),
				403);
	}
	for (size_t k = 0; k < ARRAY_SIZE(good); k++)
		assert_int_equal(rig_ui_status(rig_ui_ask(&u, "GET", "/",
							  rig_text("Host: %s\r\n", good[k]), NULL)),
				 200);
	rig_ui_stop(&u);
}

static void a_page_of_another_origin_reads_no_data(void **state)
{
	static const char *const paths[] = { "/events", "/host?name=x", "/upstream?name=x",
					     "/diff?old=x" };
	static const char *const bad[] = { "Origin: http://evil.example\r\n", "Origin: null\r\n",
					   "Origin: http://127.0.0.1:1\r\n",
					   "Sec-Fetch-Site: cross-site\r\n",
					   "Sec-Fetch-Site: same-site\r\n" };
	struct rig_ui u;

	start_ui(&u, *state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
			assert_int_equal(
				rig_ui_status(rig_ui_ask(&u, "GET", paths[i], bad[k], NULL)), 403);
	}
	assert_int_equal(rig_ui_status(rig_ui_ask(&u, "GET", "/host?name=x",
						  rig_text("Origin: http://127.0.0.1:%d\r\n"
							   "Sec-Fetch-Site: same-origin\r\n",
							   u.port),
						  NULL)),
			 404);
	rig_ui_stop(&u);
}

#define PAUSE "{\"action\": \"pause\"}"
#define TYPE "Content-Type: application/json\r\n"

static int status_of_action(const struct rig_ui *u, const char *headers)
{
	return rig_ui_status(rig_ui_ask(u, "POST", "/action", headers, PAUSE));
}

static void an_action_needs_the_origin_the_type_and_the_token(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;
	char *origin, *token;

	start_ui(&u, f, ACTIONS);
	assert_int_equal(strlen(u.token), 32);
	origin = rig_text("Origin: http://127.0.0.1:%d\r\n", u.port);
	token = rig_text("X-Zknginx-Token: %s\r\n", u.token);
	assert_int_equal(status_of_action(&u, ""), 403);
	assert_int_equal(status_of_action(&u, rig_text("%s%s", TYPE, token)), 403);
	assert_int_equal(status_of_action(&u, rig_text("%s%s", origin, token)), 403);
	assert_int_equal(status_of_action(&u, rig_text("%s%s", origin, TYPE)), 403);
	assert_int_equal(
		status_of_action(&u, rig_text("%s%sX-Zknginx-Token: %032d\r\n", origin, TYPE, 0)),
		403);
	assert_int_equal(status_of_action(&u, rig_text("%s%sX-Zknginx-Token: \r\n", origin, TYPE)),
			 403);
	assert_int_equal(
		status_of_action(&u, rig_text("Origin: http://evil.example\r\n%s%s", TYPE, token)),
		403);
	assert_int_equal(
		status_of_action(&u, rig_text("%sContent-Type: text/plain\r\n%s", origin, token)),
		403);
	assert_int_equal(status_of_action(&u, rig_text("Host: evil.example\r\nOrigin: "
						       "http://evil.example\r\n%s%s",
						       TYPE, token)),
			 403);
	assert_false(rig_zk_exists(f->zk, CLUSTER "/request"));
	rig_ui_stop(&u);
}

static void a_read_only_page_cannot_act(void **state)
{
	struct rig_ui u;

	start_ui(&u, *state, NULL);
	assert_int_equal(status_of_action(&u, rig_text("Origin: http://127.0.0.1:%d\r\n%s"
						       "X-Zknginx-Token: \r\n",
						       u.port, TYPE)),
			 403);
	assert_int_equal(status_of_action(&u, ""), 403);
	rig_ui_stop(&u);
}

static void what_is_no_action_starts_no_command(void **state)
{
	static const char *const bodies[] = {
		"",
		"[]",
		"{}",
		"{\"action\": 7}",
		"{\"action\": \"push\"}",
		"{\"action\": \"pause\", \"force\": true}",
		"{\"action\": \"pause\", \"revision\": 7}",
		"{\"action\": \"drain\", \"upstream\": \"app\"}",
		"{\"action\": \"rollback\"}",
		"{\"action\": \"pause\", \"action\": \"abort\"}",
	};
	struct rig_ui u;
	char *headers, *long_body;

	start_ui(&u, *state, ACTIONS);
	headers = rig_text("Origin: http://127.0.0.1:%d\r\n%sX-Zknginx-Token: %s\r\n", u.port, TYPE,
			   u.token);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		assert_int_equal(
			rig_ui_status(rig_ui_ask(&u, "POST", "/action", headers, bodies[i])), 400);
	long_body = rig_text("{\"action\": \"pause\", \"revision\": \"%05000d\"}", 0);
	assert_int_equal(rig_ui_status(rig_ui_ask(&u, "POST", "/action", headers, long_body)), 413);
	rig_ui_stop(&u);
}

static void actions_on_another_address_than_loopback_are_refused(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_settings(f, 0);
	r = rig_ctl(SETTINGS(f), "ui", "--listen", "0.0.0.0:0", ACTIONS, NULL);
	rig_ctl_assert_code(&r, 2);
	assert_says(r.err, "--allow-actions needs a loopback address");
	r = rig_ctl(SETTINGS(f), "ui", "--listen", "localhost:9643", NULL);
	rig_ctl_assert_code(&r, 2);
	assert_says(r.err, "\"localhost:9643\" is not a numeric address and a port");
	r = rig_ctl(SETTINGS(f), "ui", "--listen",
		    rig_text("127.0.0.1:%d", rig_zookeeper_port(f->zookeeper)), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "in use");
}

/* A diff waits for ZooKeeper, which is away; so do as many as a page may run. */
static void what_only_reads_leaves_a_place_for_actions(void **state UNUSED)
{
	char *settings = rig_path("away.conf");
	struct rig_page reading[8], acting;
	struct rig_ui u;

	rig_write(settings, "zookeeper: { hosts = \"127.0.0.1:%d\"; };\n", rig_port());
	rig_ui_start(&u, settings, ACTIONS);
	for (size_t i = 0; i < ARRAY_SIZE(reading); i++) {
		reading[i] = (struct rig_page){ .fd = rig_ui_connect(&u) };
		dprintf(reading[i].fd, "GET /diff?old=%064d HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
			0);
	}
	eventually(NULL, rig_page_shows(&reading[7], 0, "503"));
	acting = (struct rig_page){ .fd = rig_ui_connect(&u) };
	dprintf(acting.fd,
		"POST /action HTTP/1.0\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\n%s"
		"X-Zknginx-Token: %s\r\nContent-Length: %zu\r\n\r\n%s",
		u.port, u.port, TYPE, u.token, strlen(PAUSE), PAUSE);
	eventually(NULL, rig_page_shows(&acting, 0, "\"code\":3"));
	for (size_t i = 0; i < ARRAY_SIZE(reading); i++)
		rig_page_close(&reading[i]);
	rig_page_close(&acting);
	rig_ui_stop(&u);
}

/* --- what the actions do ---------------------------------------------------------------------- */

static void assert_done(const struct rig_ui *u, const char *body)
{
	json_t *j = rig_ui_act(u, body);

	if (json_integer_value(json_object_get(j, "code")) != 0)
		fail_msg("%s: %s", body, json_string_value(json_object_get(j, "messages")));
	assert_non_null(json_object_get(j, "result"));
	json_decref(j);
}

static bool is_done(const struct rig_ui *u, const char *body)
{
	json_t *j = rig_ui_act(u, body);
	bool done = json_integer_value(json_object_get(j, "code")) == 0;

	json_decref(j);
	return done;
}

/* The last request in the plan. */
static void assert_request(struct rig_fleet *f, const char *action)
{
	assert_string_equal(rig_fleet_field(f, "plan", "request.action"), action);
	assert_string_equal(rig_fleet_field(f, "plan", "request.result"), "done");
}

static void the_rollout_is_steered_from_the_page(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_ui_start(&u, SETTINGS(f), ACTIONS);
	assert_done(&u, PAUSE);
	assert_request(f, "pause");
	assert_string_equal(rig_fleet_field(f, "plan", "paused"), "true");
	assert_done(&u, rig_text("{\"action\": \"resume\", \"revision\": \"%s\"}",
				 rig_fleet_digest(f, "2")));
	assert_request(f, "resume");
	f->promoted = true;
	eventually(NULL, is_done(&u, "{\"action\": \"promote\", \"all\": true}"));
	rig_fleet_await_accepted(f, "2");
	rig_fleet_push(f, "3");
	fleet_eventually(f, rig_fleet_is(f, "canary", "3"));
	assert_done(&u, "{\"action\": \"abort\"}");
	assert_request(f, "abort");
	rig_ui_stop(&u);
}

static void an_old_revision_is_written_back_from_the_page(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	rig_ui_start(&u, SETTINGS(f), ACTIONS);
	assert_done(&u, rig_text("{\"action\": \"rollback\", \"revision\": \"%s\"}",
				 rig_fleet_digest(f, "1")));
	eventually(NULL, rig_fleet_all_serve(f, "1"));
	rig_ui_stop(&u);
}

static void servers_are_drained_and_confirmed_from_the_page(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ui u;
	const char *server;

	rig_fleet_start(f, 0);
	rig_ui_start(&u, SETTINGS(f), ACTIONS);
	server = rig_text("127.0.0.1:%d", f->hosts[1].host.nginx.port);
	assert_done(&u,
		    rig_text("{\"action\": \"drain\", \"upstream\": \"app\", \"server\": \"%s\", "
			     "\"for\": \"1h\"}",
			     server));
	assert_says(rig_zk_get(f->zk, OVERRIDE), server);
	eventually(NULL, strstr(rig_ui_get(&u, "/upstream?name=app"), "\"drained\":true"));
	assert_done(&u, rig_text("{\"action\": \"undrain\", \"upstream\": \"app\", \"server\": "
				 "\"%s\"}",
				 server));
	assert_false(rig_zk_exists(f->zk, OVERRIDE));
	assert_done(&u, "{\"action\": \"confirm\", \"upstream\": \"app\"}");
	assert_says(rig_zk_get(f->zk, OVERRIDE), "confirm");
	rig_ui_stop(&u);
}

/* The command says why, and the page is given its words. */
static void a_refusal_is_answered_with_the_words_of_the_command(void **state)
{
	static const struct {
		const char *body, *words;
	} table[] = {
		{ "{\"action\": \"confirm\", \"upstream\": \"--force\"}",
		  "\\\"--force\\\" is not the name of an upstream" },
		{ "{\"action\": \"drain\", \"upstream\": \"none\", \"server\": \"127.0.0.1:1\"}",
		  "there is no upstream \\\"none\\\"" },
		{ "{\"action\": \"drain\", \"upstream\": \"app\", \"server\": \"x y\"}",
		  "the server \\\"x y\\\"" },
		{ "{\"action\": \"pause\", \"revision\": \"../../x\"}", "is not a revision" },
		{ "{\"action\": \"rollback\", \"revision\": \"-f\"}", "is not a revision" },
	};
	struct rig_fleet *f = *state;
	struct rig_ui u;

	rig_fleet_start(f, 0);
	rig_ui_start(&u, SETTINGS(f), ACTIONS);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		json_t *j = rig_ui_act(&u, table[i].body);
		CLEANUP(freep) char *text = json_dumps(j, JSON_COMPACT);

		assert_int_not_equal(json_integer_value(json_object_get(j, "code")), 0);
		assert_says(text, table[i].words);
		json_decref(j);
	}
	assert_false(rig_zk_exists(f->zk, OVERRIDE));
	rig_ui_stop(&u);
}

/* --- the browser ------------------------------------------------------------------------------ */

/* The only program in $PATH, if there is one: xdg-open, which notes what it is given. */
static char *only_xdg_open(const char *script)
{
	static unsigned count;
	char *directory = rig_path("bin-%u", count++), *path = rig_text("%s/xdg-open", directory);

	assert_int_equal(mkdir(directory, 0755), 0);
	if (script) {
		rig_write(path, "#!/bin/sh\nprintf %%s \"$1\" >%s/given\n%s\n", directory, script);
		assert_int_equal(chmod(path, 0755), 0);
	}
	setenv("PATH", directory, 1);
	return rig_text("%s/given", directory);
}

static bool is_given(const char *file, const char *text)
{
	const char *given = rig_read(file);

	return given && strstr(given, text);
}

static void a_browser_is_given_the_url_and_no_command_line_the_token(void **state)
{
	CLEANUP(freep) char *path = xstrdup(getenv("PATH"));
	struct stat st;
	struct rig_ui u;
	const char *file;
	char *given = only_xdg_open("exit 0");

	start_ui(&u, *state, "--open");
	eventually(NULL, is_given(given, rig_text("http://127.0.0.1:%d/", u.port)));
	rig_ui_stop(&u);
	given = only_xdg_open("exit 0");
	start_ui(&u, *state, "--open " ACTIONS);
	eventually(NULL, is_given(given, ".html"));
	file = rig_read(given);
	assert_says_not(file, u.token);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_says(rig_read(file), rig_text("http://127.0.0.1:%d/#token=%s\"", u.port, u.token));
	rig_ui_stop(&u);
	assert_int_equal(access(file, F_OK), -1);
	setenv("PATH", path, 1);
}

static void without_a_browser_the_command_says_so_and_serves(void **state)
{
	static const struct {
		const char *script, *words;
	} table[] = { { NULL, "xdg-open is not installed" },
		      { "exit 3", "xdg-open has found none" } };
	CLEANUP(freep) char *path = xstrdup(getenv("PATH"));
	struct rig_ui u;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		only_xdg_open(table[i].script);
		start_ui(&u, *state, "--open");
		eventually(NULL, is_given(u.log, table[i].words));
		assert_says(rig_read(u.log), "open the URL by hand");
		assert_int_equal(rig_ui_status(rig_ui_get(&u, "/")), 200);
		rig_ui_stop(&u);
	}
	setenv("PATH", path, 1);
}

/* --- clients that do not behave --------------------------------------------------------------- */

/* They send a byte now and then, so none of them is silent for long enough to be disconnected. */
static bool trickle_until(const int *crowd, size_t count, struct rig_page *p)
{
	for (size_t i = 0; i < count; i++)
		send(crowd[i], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	return rig_page_shows(p, 0, "event: all");
}

static void half_requests_that_never_end_leave_a_place_for_others(void **state)
{
	static const char half[] = "GET / HTTP/1.1\r\nX: ";
	struct rig_page first, p;
	int crowd[200];
	struct rig_ui u;

	start_ui(&u, *state, NULL);
	rig_page_open(&first, &u);
	eventually(NULL, rig_page_shows(&first, 0, "event: all"));
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = rig_ui_connect(&u);
		send(crowd[i], half, sizeof(half) - 1, MSG_NOSIGNAL);
	}
	rig_page_open(&p, &u);
	eventually(NULL, trickle_until(crowd, ARRAY_SIZE(crowd), &p));
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/")), 200);
	assert_false(rig_page_ended(&first)); /* an open page is not shut down for them */
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
	rig_page_close(&first);
	rig_page_close(&p);
	rig_ui_stop(&u);
}

static bool finds_room(struct rig_page *p, const struct rig_ui *u)
{
	bool found;

	rig_page_open(p, u);
	eventually(NULL, rig_page_shows(p, 0, "\r\n\r\n"));
	found = rig_page_shows(p, 0, "HTTP/1.1 200 ") || rig_page_shows(p, 0, "HTTP/1.0 200 ");
	if (!found)
		rig_page_close(p);
	return found;
}

static void too_many_pages_are_refused_and_a_closed_one_makes_room(void **state)
{
	struct rig_page pages[32];
	struct rig_ui u;

	start_ui(&u, *state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		rig_page_open(&pages[i], &u);
		eventually(NULL, rig_page_shows(&pages[i], 0, "event: all"));
	}
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/events")), 503);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/")), 200);
	rig_page_close(&pages[0]);
	eventually(NULL, finds_room(&pages[0], &u)); /* the heartbeat notices that it is gone */
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		rig_page_close(&pages[i]);
	rig_ui_stop(&u);
}

static void it_ends_at_once_with_pages_open_and_a_command_running(void **state)
{
	char *settings = rig_path("away.conf");
	struct rig_page p, waiting;
	struct rig_ui u;

	(void)state;
	rig_write(settings, "zookeeper: { hosts = \"127.0.0.1:%d\"; };\n", rig_port());
	rig_ui_start(&u, settings, NULL);
	rig_page_open(&p, &u);
	eventually(NULL, rig_page_shows(&p, 0, "event: all"));
	waiting = (struct rig_page){ .fd = rig_ui_connect(&u) };
	dprintf(waiting.fd, "GET /diff?old=%064d HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 0);
	assert_int_equal(rig_ui_status(rig_ui_get(&u, "/")), 200); /* it has been taken up */
	rig_ui_stop(&u);
	eventually(NULL, rig_page_ended(&p));
	eventually(NULL, rig_page_ended(&waiting));
	rig_page_close(&p);
	rig_page_close(&waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(the_page_is_one_file_whose_policy_allows_its_own_script_alone),
		rollout_test(only_its_paths_and_methods_exist),
		calm_test(a_new_page_gets_the_whole_state_and_then_each_change),
		calm_test(a_problem_is_shown_with_its_znode_and_field),
		calm_test(while_zookeeper_is_away_the_last_data_stay_and_are_marked),
		rollout_test(without_any_answer_the_page_says_so),
		calm_test(two_revisions_are_compared_as_diff_does),
		rollout_test(a_word_that_is_no_revision_starts_no_command),
		rollout_test(a_name_that_leads_to_this_host_reads_nothing),
		rollout_test(a_page_of_another_origin_reads_no_data),
		rollout_test(an_action_needs_the_origin_the_type_and_the_token),
		rollout_test(a_read_only_page_cannot_act),
		rollout_test(what_is_no_action_starts_no_command),
		rollout_test(what_only_reads_leaves_a_place_for_actions),
		rollout_test(actions_on_another_address_than_loopback_are_refused),
		calm_test(the_rollout_is_steered_from_the_page),
		calm_test(an_old_revision_is_written_back_from_the_page),
		calm_test(servers_are_drained_and_confirmed_from_the_page),
		calm_test(a_refusal_is_answered_with_the_words_of_the_command),
		rollout_test(a_browser_is_given_the_url_and_no_command_line_the_token),
		rollout_test(without_a_browser_the_command_says_so_and_serves),
		rollout_test(half_requests_that_never_end_leave_a_place_for_others),
		rollout_test(too_many_pages_are_refused_and_a_closed_one_makes_room),
		rollout_test(it_ends_at_once_with_pages_open_and_a_command_running),
	};

	return cmocka_run_group_tests(tests, rig_fleet_setup, rig_fleet_teardown);
}
