/*
 *   GET  /                       the page
 *   GET  /events                 the state, and each change of it (server-sent events)
 *   GET  /host?name=             one host, as `status HOST` has it
 *   GET  /upstream?name=         one upstream, as `upstreams NAME` has it
 *   GET  /diff?old=&new=         two revisions, as `diff` has them; without `new` the second one is
 *                                what ZooKeeper has, without `old` it is what the revision changed
 *   POST /action                 actions.h
 */
#include <microhttpd.h>
#include <string.h>

#include <zknginx/digest.h>

#include "actions.h"
#include "admission.h"
#include "core/text/json_text.h"
#include "page.h"
#include "routes.h"

/* --- the page and its data -------------------------------------------------------------------- */

static void answer_page(struct routes *t UNUSED, struct web_request *r)
{
	struct buf text = BUF_INIT;

	buf_put(&text, page_html, page_html_size);
	web_answer(r, MHD_HTTP_OK, "text/html; charset=utf-8", &text);
}

void routes_whole(void *ctx, struct buf *out)
{
	const struct routes *t = ctx;
	CLEANUP(freep) char *text = NULL;
	json_t *all = json_object();

	json_put(all, "actions", json_boolean(t->token));
	json_put(all, "state", json_incref((json_t *)live_state(t->live)));
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	if (!text)
		die("out of memory");
	streams_put(out, "all", text);
}

static void answer_events(struct routes *t, struct web_request *r)
{
	streams_add(t->streams, r);
}

static void answer_object(struct web_request *r, const char *noun, json_t *j)
{
	struct buf text = BUF_INIT;

	if (!j) {
		web_refuse(r, MHD_HTTP_NOT_FOUND, "there is no such %s", noun);
		return;
	}
	json_print(j, JSON_COMPACT, &text);
	web_answer(r, MHD_HTTP_OK, WEB_JSON, &text);
}

static void answer_host(struct routes *t, struct web_request *r)
{
	answer_object(r, "host", live_host(t->live, web_query(r, "name") ?: ""));
}

static void answer_upstream(struct routes *t, struct web_request *r)
{
	answer_object(r, "upstream", live_upstream(t->live, web_query(r, "name") ?: ""));
}

/* --- commands --------------------------------------------------------------------------------- */

/* A whole revision: no shorter word may be taken for a file or a number. */
static bool is_revision(const char *s)
{
	struct digest d;

	return !s || digest_parse(s, &d);
}

static void answer_diff(struct routes *t, struct web_request *r)
{
	const char *old = web_query(r, "old"), *new = web_query(r, "new");
	struct task_words words = { 0 };

	if ((!old && !new) || !is_revision(old) || !is_revision(new)) {
		web_refuse(r, MHD_HTTP_BAD_REQUEST,
			   "expected old= and new= with revisions of 64 hexadecimal digits");
		return;
	}
	task_add(&words, old ? "diff" : "show");
	task_add(&words, "--");
	if (old)
		task_add(&words, old);
	if (new)
		task_add(&words, new);
	task_run(t->tasks, r, &words, false);
}

static void answer_action(struct routes *t, struct web_request *r)
{
	json_t *request = json_loads(web_body(r), JSON_REJECT_DUPLICATES, NULL);
	struct task_words words;
	struct err e;

	if (!json_is_object(request))
		web_refuse(r, MHD_HTTP_BAD_REQUEST, "the body is not a JSON object");
	else if (action_words(request, &words, &e) < 0)
		web_refuse(r, MHD_HTTP_BAD_REQUEST, "%s", e.text);
	else
		task_run(t->tasks, r, &words, true);
	json_decref(request);
}

/* --- the table -------------------------------------------------------------------------------- */

enum route_kind { ROUTE_PAGE, ROUTE_DATA, ROUTE_ACTION };

static const struct route {
	const char *path;
	enum route_kind kind;
	void (*answer)(struct routes *t, struct web_request *r);
} table[] = {
	{ "/", ROUTE_PAGE, answer_page },     { "/events", ROUTE_DATA, answer_events },
	{ "/host", ROUTE_DATA, answer_host }, { "/upstream", ROUTE_DATA, answer_upstream },
	{ "/diff", ROUTE_DATA, answer_diff }, { "/action", ROUTE_ACTION, answer_action },
};

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].path, path) == 0)
			return &table[i];
	}
	return NULL;
}

static bool has_method(const struct web_request *r, enum route_kind kind)
{
	const char *method = web_method(r);

	if (kind == ROUTE_ACTION)
		return strcmp(method, "POST") == 0;
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool admit(const struct routes *t, struct web_request *r, enum route_kind kind)
{
	if (kind == ROUTE_ACTION)
		return admission_of_action(r, t->token);
	return kind == ROUTE_PAGE || admission_of_data(r);
}

void routes_answer(void *ctx, struct web_request *r)
{
	struct routes *t = ctx;
	const struct route *route = find_route(web_path(r));

	if (!admission_of_host(r))
		return;
	if (!route)
		web_refuse(r, MHD_HTTP_NOT_FOUND, "there is no such page");
	else if (!has_method(r, route->kind))
		web_refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "%s is not allowed here", web_method(r));
	else if (admit(t, r, route->kind))
		route->answer(t, r);
}
