/*
 * Each attempt computes what is to be written from the newest tree of this host's agent, which may
 * be older than ZooKeeper by a moment. A znode that has changed since makes the transaction fail;
 * then what was written stays, and the rest is another attempt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leader_publish.h"

void leader_publish_init(struct leader_publish *p, struct leader_context *c)
{
	*p = (struct leader_publish){ .c = c };
}

void leader_publish_clear(struct leader_publish *p)
{
	struct leader_context *c = p->c;

	free(p->message);
	free(p->root);
	tree_unref(p->old);
	*p = (struct leader_publish){ .c = c };
}

static void set_message(struct leader_publish *p, const char *message)
{
	free(p->message);
	p->message = xstrdup(message);
}

static void on_event(struct leader_publish *p, enum publishing_event event);

/* --- commands -------------------------------------------------------------------------------- */

static void on_written(void *publish, const struct history_result *r)
{
	struct leader_publish *p = publish;

	writer_end_job(&p->c->writer);
	if (!r->ok)
		set_message(p, r->message);
	on_event(p, r->ok ? PUBLISHING_EV_DONE : PUBLISHING_EV_WRITE_FAILED);
	p->c->on_change(p->c->ctx);
}

static void do_write(struct leader_publish *p)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct history_op *ops;
	size_t count = history_restore(a, p->c->facts.tree, p->old,
				       p->c->settings->zookeeper.config, &ops);

	log_notice("publishing revision %.12s of history entry %lu: %zu znode%s to write",
		   p->revision, p->seq, count, PLURAL(count));
	writer_run(&p->c->writer,
		   history_publish(fleet_session(p->c->fleet), fleet_election(p->c->fleet), ops,
				   count, on_written, p));
	tree_unref(TAKE(p->old)); /* the job has copied what it writes */
}

/* The config of the history with the root's data that was asked for (one reference): the signature
 * that it was stored with has an old serial. */
static struct tree *with_root(const struct leader_publish *p, struct tree *stored)
{
	struct znode root = { .path = p->c->settings->zookeeper.config,
			      .data = p->root,
			      .size = strlen(p->root) };
	struct tree_builder b;
	struct tree *t;

	if (!root.size)
		return tree_ref(stored);
	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(stored); i++)
		tree_builder_add(&b, tree_at(stored, i));
	tree_builder_add(&b, &root);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static void on_fetched(void *publish, const struct history_result *r)
{
	struct leader_publish *p = publish;

	writer_end_job(&p->c->writer);
	if (r->ok)
		p->old = with_root(p, r->tree);
	else
		set_message(p, r->message);
	on_event(p, r->ok ? PUBLISHING_EV_FETCHED : PUBLISHING_EV_FETCH_FAILED);
	if (!r->ok)
		p->c->on_change(p->c->ctx);
}

static void do_fetch(struct leader_publish *p)
{
	const struct zookeeper_settings *s = &p->c->settings->zookeeper;

	writer_run(&p->c->writer, history_fetch(fleet_session(p->c->fleet), s->cluster, s->config,
						p->seq, p->revision, on_fetched, p));
}

static void do_pause(struct leader_publish *p)
{
	uint64_t pause = publishing_pause(++p->failures);

	p->due = timing_now() + pause + timing_random(pause / 2 + 1);
	log_info("publishing revision %.12s again after %.1f s: %s", p->revision,
		 (double)(p->due - timing_now()) / (double)USEC_PER_SEC, p->message);
}

static void do_watch(struct leader_publish *p)
{
	p->due = timing_now() + PUBLISHING_SEEN;
}

static void do_give_up(struct leader_publish *p)
{
	log_error("revision %.12s (history entry %lu) was not published as the config: %s; every "
		  "host keeps serving the revision that the plan permits it",
		  p->revision, p->seq, p->message);
}

static void do_nothing(struct leader_publish *p UNUSED)
{
}

static void on_event(struct leader_publish *p, enum publishing_event event)
{
	static void (*const commands[])(struct leader_publish * p) = {
		[PUBLISHING_DO_NOTHING] = do_nothing,
		[PUBLISHING_DO_FETCH] = do_fetch,
		[PUBLISHING_DO_WRITE] = do_write,
		[PUBLISHING_DO_PAUSE] = do_pause,
		[PUBLISHING_DO_WATCH] = do_watch,
		[PUBLISHING_DO_GIVE_UP] = do_give_up,
		[PUBLISHING_DO_FORGET] = leader_publish_clear,
	};
	struct publishing_step next = publishing_next(p->state, event);

	if (next.command == PUBLISHING_DO_UNEXPECTED) {
		log_warning("publishing: unexpected event %s in state %s",
			    publishing_event_name(event), publishing_state_name(p->state));
		return;
	}
	p->state = next.state;
	commands[next.command](p);
}

/* --- the plan's word, and time --------------------------------------------------------------- */

static bool is_asked_for(const struct leader_publish *p, const struct leader_view *v)
{
	return leader_is_publishing(v) && v->plan.publish.history == p->seq;
}

/* The end of a pause is a step; what ends it without one is looked at here. */
static void look_at_clock(struct leader_publish *p, uint64_t now)
{
	if (p->state == PUBLISHING_WRITTEN && now >= p->due) {
		set_message(p, "another client has overwritten the config");
		on_event(p, PUBLISHING_EV_DUE);
	} else if (p->state == PUBLISHING_PAUSED && now >= p->until) {
		CLEANUP(freep) char *last = TAKE(p->message);

		p->message = xasprintf("other clients changed the same znodes for %u s; the "
				       "last error: %s",
				       (unsigned)(PUBLISHING_WITHIN / USEC_PER_SEC), last);
		on_event(p, PUBLISHING_EV_EXPIRED);
	}
}

void leader_publish_look(struct leader_publish *p, const struct leader_view *v, uint64_t now)
{
	if (p->state == PUBLISHING_IDLE)
		return;
	if (!is_asked_for(p, v))
		on_event(p, PUBLISHING_EV_OVER);
	else if (!p->c->facts.unfinished && strcmp(p->c->facts.newest, p->revision) == 0)
		on_event(p, PUBLISHING_EV_SEEN);
	else
		look_at_clock(p, now);
}

const char *leader_publish_error(const struct leader_publish *p)
{
	return p->state == PUBLISHING_FAILED ? p->message : NULL;
}

uint64_t leader_publish_due(const struct leader_publish *p, unsigned long asked, uint64_t now)
{
	if (asked)
		return now;
	if (p->state == PUBLISHING_PAUSED)
		return p->due > now ? p->due : now;
	return p->state == PUBLISHING_WRITTEN ? p->due : NEVER; /* then leader_publish_look() */
}

static void begin_request(struct leader_publish *p, const struct leader_view *v, unsigned long seq)
{
	p->seq = seq;
	p->failures = 0;
	p->until = timing_now() + PUBLISHING_WITHIN;
	snprintf(p->revision, sizeof(p->revision), "%s", v->plan.publish.revision);
	free(p->root);
	p->root = xstrdup(v->plan.publish_root ?: "");
	on_event(p, PUBLISHING_EV_ASKED);
}

void leader_publish_begin(struct leader_publish *p, const struct leader_view *v,
			  unsigned long asked)
{
	if (asked)
		begin_request(p, v, asked);
	else if (p->state == PUBLISHING_PAUSED)
		on_event(p, PUBLISHING_EV_DUE);
}
