/*
 * Nothing is reported from within a call: what there is to tell waits for the next turn of the
 * loop.
 */
#include <stdlib.h>
#include <string.h>

#include "servers.h"
#include "servers_change.h"
#include "servers_workers.h"
#include "sys/timing.h"

#define ANSWER_TIME (500 * USEC_PER_MSEC)
#define HEAR_FIRST (100 * USEC_PER_MSEC)
#define HEAR_MOST (5 * USEC_PER_SEC)

struct servers {
	const struct servers_ops *ops;
	void *ctx;
	struct servers_workers workers;
	sd_event_source *answer, *report, *hear;
	uint64_t hear_pause; /* before it is asked again whether all workers have said hello */

	struct servers_change change;
	struct servers_peer *worker; /* that the last frame went to; NULL: none */
	bool has_news, has_result;
	const char *result; /* of the change; NULL: it was carried out */
};

/* --- what is told ---------------------------------------------------------------------------- */

static int on_report(sd_event_source *source UNUSED, void *userdata)
{
	struct servers *s = userdata;
	const char *result = s->result;
	bool news = s->has_news;

	s->has_news = false;
	if (s->has_result) {
		if (news)
			timing_soon(s->report);
		s->has_news = news;
		s->has_result = false;
		s->ops->on_changed(s->ctx, result); /* may free the whole */
	} else if (news) {
		s->ops->on_news(s->ctx);
	}
	return 0;
}

static void tell_news(void *ctx)
{
	struct servers *s = ctx;

	s->has_news = true;
	timing_soon(s->report);
}

static int on_hear(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	tell_news(userdata);
	return 0;
}

/*
 * Has every worker said hello? One that has not may be about to leave, as after the reload that has
 * loaded the module. Nothing tells when it does, so this is asked again.
 */
bool servers_are_heard(struct servers *s)
{
	bool heard = servers_workers_are_heard(&s->workers);

	if (heard || !servers_workers_have_module(&s->workers)) {
		s->hear_pause = HEAR_FIRST;
		timing_at(s->hear, NEVER);
		return heard;
	}
	timing_arm(s->hear, s->hear_pause);
	s->hear_pause = 2 * s->hear_pause < HEAR_MOST ? 2 * s->hear_pause : HEAR_MOST;
	return false;
}

static void end_change(struct servers *s, const char *result)
{
	if (!s->change.apply)
		return;
	s->change.apply = NULL;
	s->worker = NULL;
	timing_at(s->answer, NEVER);
	s->has_result = true;
	s->result = result;
	timing_soon(s->report);
}

/* --- changes --------------------------------------------------------------------------------- */

static enum module_context context_of(const struct upstream *u)
{
	return u->protocol == PROTOCOL_HTTP ? MODULE_HTTP : MODULE_STREAM;
}

/* Where it was found is no part of the value. */
static struct servers_entry *find(const struct servers *of, const struct upstream *u)
{
	struct servers *s = (struct servers *)(uintptr_t)of;

	return servers_table_find(&s->workers.sides[context_of(u)].table, u->name);
}

/* NULL: the frame is on its way. */
static const char *send_frame(struct servers *s)
{
	const struct upstream *u = servers_change_current(&s->change)->after;
	unsigned char frame[MODULE_FRAME_MAX];
	size_t size = servers_change_frame(&s->change, frame);

	s->worker = servers_workers_any(&s->workers, context_of(u));
	if (!s->worker || !servers_peer_send(s->worker, frame, size))
		return "no worker of nginx takes them";
	timing_arm(s->answer, ANSWER_TIME);
	return NULL;
}

static const char *next_upstream(struct servers *s)
{
	const struct apply_upstream *u = servers_change_current(&s->change);
	const struct servers_entry *entry = find(s, u->after);

	if (!entry)
		return module_result_text(MODULE_NO_UPSTREAM);
	servers_change_upstream(&s->change, entry->said.digest);
	return send_frame(s);
}

/* The upstream of the change has its new servers. */
static void note_done(struct servers *s)
{
	struct servers_entry *entry = find(s, servers_change_current(&s->change)->after);

	if (entry) {
		entry->said.digest = s->change.digest;
		entry->changed = true;
	}
	s->change.upstream++;
}

static const char *continue_change(struct servers *s)
{
	if (!servers_change_has_upstream(&s->change))
		return send_frame(s);
	note_done(s);
	if (servers_change_current(&s->change))
		return next_upstream(s);
	end_change(s, NULL);
	return NULL;
}

static const char *on_answer(void *ctx, struct servers_peer *p, const struct module_answer *a)
{
	struct servers *s = ctx;
	const char *error;

	if (p != s->worker)
		return "it answered what was not asked";
	error = servers_change_answer(&s->change, a) ?: continue_change(s);
	if (error)
		end_change(s, error);
	return NULL;
}

/* What it does later goes to a list that a reload has replaced. */
static int on_no_answer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct servers *s = userdata;
	struct servers_peer *worker = s->worker;

	end_change(s, "the worker of nginx did not answer in time");
	if (worker)
		servers_workers_drop(&s->workers, worker);
	return 0;
}

int servers_change(struct servers *s, const struct apply *apply, struct err *e)
{
	const char *error = NULL;

	if (s->change.apply || s->has_result)
		die("servers: two changes at once");
	for (size_t i = 0; i < apply->count && !error; i++)
		error = servers_why_not(s, apply->upstreams[i].before);
	if (error)
		return err_set(e, ERR_UNAVAILABLE, "%s", error);
	servers_change_begin(&s->change, apply);
	if (apply->count)
		error = next_upstream(s);
	else
		end_change(s, NULL);
	if (!error)
		return 0;
	s->change.apply = NULL;
	s->worker = NULL;
	return err_set(e, ERR_UNAVAILABLE, "%s", error);
}

void servers_send_last(struct servers *s, const struct apply *apply)
{
	struct servers_change change = { 0 };

	servers_change_begin(&change, apply);
	for (const struct apply_upstream *u; (u = servers_change_current(&change));
	     change.upstream++) {
		const struct servers_entry *entry = find(s, u->after);
		struct servers_peer *worker =
			servers_workers_any(&s->workers, context_of(u->after));
		unsigned char frame[MODULE_FRAME_MAX];
		size_t size;

		if (!entry || !worker)
			continue;
		servers_change_upstream(&change, entry->said.digest);
		size = servers_change_frame(&change, frame);
		if (change.sent == u->count)
			servers_peer_send(worker, frame, size);
	}
}

bool servers_is_changing(const struct servers *s)
{
	return s->change.apply || s->has_result;
}

void servers_forget_change(struct servers *s)
{
	end_change(s, NULL);
	s->has_result = false;
}

/* --- what nginx has -------------------------------------------------------------------------- */

/* Has nginx these servers in this order? */
static bool agrees(const struct servers_entry *entry, const struct apply_list *l)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	uint64_t digest = 0, order = 0;
	size_t count;
	const struct module_server *list = apply_servers(l, arena, &count);

	for (size_t i = 0; list && i < count; i++) {
		uint64_t one = module_server_digest(&list[i]);

		digest += one;
		order = module_order_digest(order, one);
	}
	return list && entry->said.digest == digest &&
	       (entry->changed || entry->said.order == order);
}

/* Of an upstream that the module cannot change, nothing is known. at: see servers_table_next(). */
static bool compare_one(struct servers *s, const struct apply_list *l, bool again, size_t *at)
{
	const struct upstream *u = l->upstream;
	enum module_context c = context_of(u);
	struct servers_entry *entry =
		servers_table_next(&s->workers.sides[c].table, u->name, &at[c]);

	if (!s->workers.sides[c].cycle || apply_why_reload(u))
		return true;
	if (!entry)
		return false;
	if (entry->said.reason == MODULE_DYNAMIC && (again || !entry->compared))
		entry->agrees = agrees(entry, l);
	entry->compared = true;
	return entry->said.reason != MODULE_DYNAMIC || entry->agrees;
}

enum servers_state servers_compare(struct servers *s, const struct model *m,
				   const struct weights *weights, bool again, const char **upstream)
{
	size_t at[ARRAY_SIZE(s->workers.sides)] = { 0 };

	*upstream = NULL;
	if (!servers_are_heard(s))
		return SERVERS_ABSENT;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];
		struct apply_list l = { u, weights_find(weights, u->name) };

		if (!compare_one(s, &l, again, at) && !*upstream)
			*upstream = u->name;
	}
	return *upstream ? SERVERS_DIFFER : SERVERS_AGREE;
}

const char *servers_why_not(const struct servers *s, const struct upstream *u)
{
	const struct servers_entry *entry = find(s, u);
	const char *why = apply_why_reload(u);

	if (why)
		return why;
	if (!s->workers.sides[context_of(u)].cycle)
		return "no worker of nginx has the module";
	if (!entry)
		return module_result_text(MODULE_NO_UPSTREAM);
	if (entry->said.reason != MODULE_DYNAMIC)
		return module_reason_text(entry->said.reason);
	if (!entry->compared)
		return "not every worker of nginx has said what it runs";
	return entry->agrees ? NULL : module_result_text(MODULE_OTHER_DIGEST);
}

/* --- the states of servers -------------------------------------------------------------------- */

struct server_numbers_list servers_states(const struct servers *s, enum module_context context)
{
	const struct servers_peer *p = servers_workers_any(&s->workers, context);

	return p ? servers_states_list(&p->states) : (struct server_numbers_list){ NULL, 0 };
}

/* A connection that is lost ends by itself. */
void servers_ask(struct servers *s)
{
	for (int c = MODULE_HTTP; c <= MODULE_STREAM; c++) {
		struct servers_peer *p = servers_workers_any(&s->workers, (enum module_context)c);

		if (p)
			servers_peer_ask(p);
	}
}

/* --- in and out ------------------------------------------------------------------------------ */

static const struct master *master(void *ctx)
{
	struct servers *s = ctx;

	return s->ops->master(s->ctx);
}

static void on_stranger(void *ctx)
{
	struct servers *s = ctx;

	s->ops->on_stranger(s->ctx);
}

static void on_gone(void *ctx, const struct servers_peer *p)
{
	struct servers *s = ctx;

	if (s->worker == p)
		end_change(s, "the worker of nginx that changes them is gone");
	tell_news(s);
}

void servers_use(struct servers *s, bool on)
{
	servers_workers_use(&s->workers, on);
}

bool servers_has_module(const struct servers *s)
{
	return servers_workers_have_module(&s->workers);
}

struct servers *servers_new(sd_event *loop, const struct servers_ops *ops, void *ctx)
{
	static const struct servers_workers_ops workers_ops = { master, on_stranger, tell_news,
								on_answer, on_gone };
	struct servers *s = xcalloc(1, sizeof(*s));

	*s = (struct servers){ .ops = ops, .ctx = ctx };
	servers_workers_init(&s->workers, loop, &workers_ops, s);
	s->answer = timing_new(loop, on_no_answer, s);
	s->report = timing_defer(loop, on_report, s);
	s->hear = timing_new(loop, on_hear, s);
	s->hear_pause = HEAR_FIRST;
	return s;
}

void servers_free(struct servers *s)
{
	if (!s)
		return;
	servers_workers_fini(&s->workers);
	sd_event_source_disable_unref(s->answer);
	sd_event_source_disable_unref(s->report);
	sd_event_source_disable_unref(s->hear);
	free(s);
}
