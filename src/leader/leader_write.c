/*
 * What the leader writes, each in one fenced transaction: the plan, with the consumed
 * request and the outcome in the history beside it; and the list of healthy hosts.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "leader.h"

#define RETRY USEC_PER_SEC
#define RETRY_MAX (30 * USEC_PER_SEC)

static const char *path_of(const struct daemon *d, struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", d->settings->zookeeper.cluster, name);
}

/* One that fails for good must neither spin nor flood the log: the pause grows to half a minute. */
static void note_failure(struct leader_writes *w, const char *path, const char *result)
{
	unsigned suppressed;

	w->pause = w->pause ? 2 * w->pause : RETRY;
	if (w->pause > RETRY_MAX)
		w->pause = RETRY_MAX;
	w->due = timing_now() + w->pause;
	free(w->fault);
	w->fault = xasprintf("%s cannot be written: %s", path, result);
	if (log_limit_pass(&w->limit, timing_now(), 60 * USEC_PER_SEC, &suppressed))
		log_warning("%s; trying again, and hosts serve what they are permitted so far",
			    w->fault);
}

static void note_success(struct leader_writes *w)
{
	w->pause = w->due = 0;
	free(TAKE(w->fault));
}

/* Whatever came of it: what stands there now is asked of ZooKeeper before the next step. */
static void on_written(struct daemon *d, const struct session_reply *r, struct leader_writes *w)
{
	struct leader *l = &d->leader;

	l->writing = false;
	if (!l->mirror)
		return;
	if (r->rc == SESSION_OK)
		note_success(w);
	else
		note_failure(w, l->written, session_result(r->rc));
	leader_await(d, l->written);
}

static void begin(struct daemon *d, const char *path, const struct session_op *ops, size_t count,
		  session_done *done)
{
	struct leader *l = &d->leader;

	l->writing = true;
	free(l->written);
	l->written = xstrdup(path);
	election_write(fleet_election(d->fleet), ops, count, done, d);
}

/* Create it, or replace just what was seen. */
static struct session_op put(const char *path, const struct znode *there, int flags,
			     const char *data, size_t size)
{
	return (struct session_op){
		.kind = there ? OP_SET : OP_CREATE,
		.path = path,
		.data = data,
		.size = size,
		.version = there ? there->version : 0,
		.flags = there ? 0 : flags,
	};
}

/* --- the plan -------------------------------------------------------------------------------- */

/*
 * A request with something below it cannot be deleted. It is answered all the same, and then left
 * alone: nobody but an operator may say what else is to go.
 */
static void settle_request(struct leader *l, const struct session_reply *r)
{
	if (r->rc == SESSION_NOT_EMPTY)
		l->undeletable = l->request;
	else if (r->rc == SESSION_OK && l->request && l->request == l->undeletable)
		l->answered = l->request;
}

static void on_plan(void *daemon, const struct session_reply *r)
{
	struct daemon *d = daemon;

	settle_request(&d->leader, r);
	on_written(d, r, &d->leader.plan_writes);
}

static void log_plan(const struct plan *before, const struct plan *p)
{
	if (before && before->phase == p->phase && before->step == p->step)
		return;
	log_notice("plan: %s%s, accepted %.12s, target %.12s, step %u, %zu host%s%s%s",
		   plan_phase_name(p->phase), p->paused ? " (paused)" : "",
		   *p->accepted.revision ? p->accepted.revision : "none",
		   *p->target.revision ? p->target.revision : "none", p->step, p->host_count,
		   PLURAL(p->host_count), *p->failure.message ? ": " : "", p->failure.message);
}

static const struct history_entry *entry_of(const struct leader_view *v, unsigned long seq)
{
	for (size_t i = 0; i < v->entry_count; i++) {
		if (v->entries[i].seq == seq)
			return &v->entries[i];
	}
	return NULL;
}

/* Answered and deleted in one. */
static size_t put_request(struct daemon *d, const struct leader_view *v, bool consumed,
			  struct session_op *op)
{
	struct leader *l = &d->leader;

	l->request = consumed && v->request ? v->request->czxid : 0;
	if (!l->request || l->request == l->undeletable)
		return 0;
	*op = (struct session_op){ .kind = OP_DELETE,
				   .path = v->request->path,
				   .version = v->request->version };
	return 1;
}

void leader_write_plan(struct daemon *d, const struct leader_view *v,
		       const struct rollout_decision *out)
{
	const char *path = path_of(d, v->arena, "plan");
	const struct history_entry *entry = entry_of(v, out->outcome_of);
	CLEANUP(buf_fini) struct buf plan = BUF_INIT;
	CLEANUP(buf_fini) struct buf outcome = BUF_INIT;
	struct session_op ops[3];
	size_t count = 0;

	plan_print(&out->next, &plan);
	ops[count++] = put(path, v->plan_znode, 0, plan.data, plan.size);
	count += put_request(d, v, out->consumed, &ops[count]);
	if (entry) {
		struct history_entry ended = *entry;

		ended.outcome = out->outcome;
		ended.reason = out->next.failure.message;
		history_entry_print(&ended, &outcome);
		ops[count++] = (struct session_op){
			.kind = OP_SET,
			.path = history_path(v->arena, d->settings->zookeeper.cluster, ended.seq),
			.data = outcome.data,
			.size = outcome.size,
			.version = -1,
		};
	}
	log_plan(v->has_plan ? &v->plan : NULL, &out->next);
	if (out->next.phase != PLAN_PUBLISHING) {
		d->leader.publish_failed = false;
		free(TAKE(d->leader.publish_message));
	}
	begin(d, path, ops, count, on_plan);
}

/* --- the list of healthy hosts --------------------------------------------------------------- */

/* nginx runs and serves; where the config is behind, it still serves. */
static void print_live(const struct leader_view *v, struct buf *out)
{
	for (size_t i = 0; i < v->member_count; i++) {
		const struct member *m = &v->members[i];

		if (m->nginx_up && *m->address)
			buf_printf(out, "%s%s", out->size ? "," : "", m->address);
	}
}

static void on_live(void *daemon, const struct session_reply *r)
{
	struct daemon *d = daemon;

	if (r->rc == SESSION_OK && d->leader.mirror)
		leader_tell(d, "live");
	on_written(d, r, &d->leader.live_writes);
}

/* A new leader's commands have never heard of the list that it finds. */
static void tell_first_live(struct daemon *d, const struct leader_view *v)
{
	if (d->leader.live || !v->live || !v->live->size)
		return;
	d->leader.live = xstrdup(v->live->data);
	leader_tell(d, "live");
}

bool leader_write_live(struct daemon *d, const struct leader_view *v)
{
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	const char *path = path_of(d, v->arena, "live");
	struct session_op op;

	print_live(v, &live);
	tell_first_live(d, v);
	/* A list without anybody helps nobody who reads it: the last one stays, and alerts tell. */
	if (timing_now() < d->leader.live_writes.due || !live.size ||
	    (v->live && v->live->size == live.size &&
	     memcmp(v->live->data, live.data, live.size) == 0))
		return false;
	/* made to be read by whoever balances between the hosts */
	op = put(path, v->live, SESSION_READABLE, live.data, live.size);
	free(d->leader.live);
	d->leader.live = xstrdup(buf_str(&live));
	begin(d, path, &op, 1, on_live);
	return true;
}

/* --- commands -------------------------------------------------------------------------------- */

static void on_told(void *daemon, const struct hook_result *r)
{
	struct daemon *d = daemon;

	if (!r->passed)
		log_error("%s: %s", r->name, r->message);
	if (d->leader.leaving && strcmp(r->name, "cluster.on_resigned") == 0)
		sd_event_exit(d->loop, 0);
}

void leader_tell(struct daemon *d, const char *event)
{
	const struct cluster_settings *s = &d->settings->cluster;
	const struct {
		const char *event, *name;
		const char *const *argv;
	} commands[] = {
		{ "elected", "cluster.on_elected", s->on_elected },
		{ "resigned", "cluster.on_resigned", s->on_resigned },
		{ "live", "cluster.on_live", s->on_live },
	};
	json_auto_t *input =
		json_pack("{s:s, s:s, s:s, s:s}", "event", event, "host", d->host, "address",
			  d->address, "live", d->leader.live ? d->leader.live : "");
	CLEANUP(freep) char *text = json_dumps(input, JSON_SORT_KEYS);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].event, event) != 0)
			continue;
		hooks_run(d->leader.hooks, &(struct hook_spec){
						   .name = commands[i].name,
						   .argv = commands[i].argv,
						   .input = text,
						   .input_size = strlen(text),
						   .deadline = s->command_timeout,
						   .keep_all = true,
						   .done = on_told,
						   .ctx = d,
					   });
	}
}
