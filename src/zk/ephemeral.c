/*
 * An ephemeral of ours has one of four states. It becomes UNSURE when the answer of a create was
 * lost, when the create finds a znode there, and with every new link; then a look at its owner
 * decides. To look at a znode that may be ours is to list its children, of which an ephemeral has
 * none: that gives the owner, too, and its watch fires when the znode is deleted, but not when we
 * write it. A znode that turns out to be FOREIGN is read, with a watch that fires when it is
 * written or deleted, and read again now and then.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "core/fleet/rival.h"
#include "ephemeral.h"
#include "record.h"
#include "sys/timing.h"

#define MOST_DATA (64 << 10) /* of a foreign znode that is kept */
#define SLOWLY (5 * USEC_PER_SEC)

struct ephemeral {
	struct record record;
	int flags;
	void (*on_change)(void *ctx);
	void *ctx;

	enum ephemeral_state state;
	unsigned epoch;
	bool withheld;
	int version; /* of our own znode: a set with it cannot overwrite a foreign one */
	struct rival rival;
	struct ephemeral_holder holder;
	int64_t logged; /* czxid of the foreign znode that was logged last */
};

static void tell(struct ephemeral *e)
{
	if (e->on_change)
		e->on_change(e->ctx);
}

static void enter(struct ephemeral *e, enum ephemeral_state state)
{
	bool changed = e->state != state;

	e->state = state;
	if (changed)
		tell(e);
}

static bool is_wanted(const struct ephemeral *e)
{
	return e->record.published && !e->withheld;
}

static void step(void *ctx);

/* --- results of a look ----------------------------------------------------------------------- */

static void on_gone(struct ephemeral *e)
{
	rival_on_gone(&e->rival);
	e->record.stored = false;
	enter(e, EPHEMERAL_ABSENT);
}

static void on_ours(struct ephemeral *e, const struct session_stat *stat)
{
	rival_on_ours(&e->rival, stat->czxid);
	e->version = stat->version;
	enter(e, EPHEMERAL_OURS);
}

static void log_foreign(struct ephemeral *e, const struct session_stat *stat)
{
	if (e->logged == stat->czxid)
		return;
	e->logged = stat->czxid;
	if (stat->owner == 0)
		log_warning(
			"%s is a persistent znode: delete it, so that zknginxd can create its own, "
			"which is ephemeral",
			e->record.path);
	else
		log_info("%s belongs to session 0x%llx; waiting until that session ends",
			 e->record.path, (unsigned long long)stat->owner);
}

static bool belongs_to_another_host(struct ephemeral *e, const struct session_stat *stat)
{
	const struct rival_sight sight = { stat->owner, stat->czxid, stat->version };

	if (stat->owner != 0)
		return rival_on_look(&e->rival, &sight, timing_now(),
				     session_timeout(e->record.session));
	rival_on_gone(&e->rival);
	return false;
}

static bool store_holder(struct ephemeral *e, const struct session_reply *r)
{
	struct ephemeral_holder *h = &e->holder;
	size_t size = r->data && r->size <= MOST_DATA ? r->size : 0;
	bool another = belongs_to_another_host(e, r->stat);
	bool news = h->session != r->stat->owner || h->another != another || h->data.size != size ||
		    memcmp(buf_str(&h->data), size ? r->data : "", size) != 0;

	h->session = r->stat->owner;
	h->another = another;
	buf_clear(&h->data);
	buf_put(&h->data, r->data, size);
	return news;
}

static void on_foreign(struct ephemeral *e, const struct session_reply *r)
{
	bool news = store_holder(e, r);

	log_foreign(e, r->stat);
	/* Its deletion fires the watch. But only looks show how long it exists, and the deletion of
	 * a znode that we may not read. */
	record_pause(&e->record, e->holder.another
					 ? SLOWLY
					 : rival_interval(session_timeout(e->record.session)));
	if (e->state != EPHEMERAL_FOREIGN)
		enter(e, EPHEMERAL_FOREIGN);
	else if (news)
		tell(e);
}

/* --- looking --------------------------------------------------------------------------------- */

static bool is_our_own(const struct ephemeral *e, const struct session_reply *r)
{
	return r->rc == ZOK && r->stat->owner == session_id(e->record.session);
}

static void on_seen(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	e->record.busy = false;
	if (r->rc == ZNONODE)
		on_gone(e);
	else if (is_our_own(e, r))
		on_ours(e, r->stat);
	else if (r->rc == ZOK)
		on_foreign(e, r);
	else if (!record_is_lost(r->rc))
		record_rest(&e->record, r->rc);
	step(e);
}

/* Without permission to read it, exists still shows that it is there, and its owner. */
static void look_from_outside(struct ephemeral *e)
{
	session_exists(e->record.session, e->record.path, true, on_seen, e);
}

static void on_read(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	if (r->rc == ZNOAUTH) {
		look_from_outside(e);
	} else if (is_our_own(e, r)) { /* for our own znode another watch is needed */
		e->record.busy = false;
		enter(e, EPHEMERAL_UNSURE);
		step(e);
	} else {
		on_seen(e, r);
	}
}

static void read_it(struct ephemeral *e)
{
	e->record.busy = true;
	session_get(e->record.session, e->record.path, true, on_read, e);
}

static void read_wanted(struct ephemeral *e)
{
	if (is_wanted(e))
		read_it(e);
}

static void on_listed(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	if (r->rc == ZNOAUTH)
		look_from_outside(e);
	else if (r->rc == ZOK && !is_our_own(e, r))
		read_it(e);
	else
		on_seen(e, r);
}

static void look(struct ephemeral *e)
{
	e->record.busy = true;
	session_children(e->record.session, e->record.path, true, on_listed, e);
}

/* --- writing --------------------------------------------------------------------------------- */

static void on_created(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	e->record.busy = false;
	e->record.stored = r->rc == ZOK;
	if (r->rc == ZOK)
		record_succeed(&e->record);
	if (r->rc == ZNONODE)
		record_make_parents(&e->record);
	else if (r->rc == ZOK || r->rc == ZNODEEXISTS || record_is_lost(r->rc))
		enter(e, EPHEMERAL_UNSURE);
	else
		record_rest(&e->record, r->rc);
	step(e);
}

static void create_wanted(struct ephemeral *e)
{
	const struct buf *b;

	if (!is_wanted(e))
		return;
	b = record_take_up(&e->record);
	session_create(e->record.session, e->record.path, buf_str(b), b->size,
		       ZOO_EPHEMERAL | e->flags, on_created, e);
}

static void on_written(struct ephemeral *e, int rc)
{
	if (rc == ZNONODE)
		on_gone(e);
	else if (rc == ZBADVERSION || record_is_lost(rc))
		enter(e, EPHEMERAL_UNSURE);
	else if (rc != ZOK)
		record_rest(&e->record, rc);
	step(e);
}

static void on_set(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	e->record.busy = false;
	e->record.stored = r->rc == ZOK;
	if (r->rc == ZOK)
		e->version = r->stat->version;
	on_written(e, r->rc);
}

static void on_deleted(void *ctx, const struct session_reply *r)
{
	struct ephemeral *e = ctx;

	e->record.busy = false;
	on_written(e, r->rc == ZOK ? ZNONODE : r->rc);
}

static void keep_as_wanted(struct ephemeral *e)
{
	struct record *r = &e->record;
	const struct buf *b;

	if (!is_wanted(e)) {
		r->busy = true;
		session_delete(r->session, r->path, e->version, on_deleted, e);
	} else if (!record_is_current(r)) {
		b = record_take_up(r);
		session_set(r->session, r->path, buf_str(b), b->size, e->version, on_set, e);
	}
}

/* --- what changes its state ------------------------------------------------------------------ */

static void step(void *ctx)
{
	static void (*const steps[EPHEMERAL_STATE_N])(struct ephemeral *) = {
		[EPHEMERAL_ABSENT] = create_wanted,
		[EPHEMERAL_UNSURE] = look,
		[EPHEMERAL_OURS] = keep_as_wanted,
		[EPHEMERAL_FOREIGN] = read_wanted,
	};
	struct ephemeral *e = ctx;

	if (record_may_step(&e->record))
		steps[e->state](e);
}

void ephemeral_want(struct ephemeral *e, const char *data, size_t size)
{
	if (data)
		record_want(&e->record, data, size);
	else
		e->record.published = false;
	step(e);
}

void ephemeral_withhold(struct ephemeral *e, bool withheld)
{
	if (e->withheld == withheld)
		return;
	e->withheld = withheld;
	step(e);
}

void ephemeral_on_state(struct ephemeral *e, enum session_state state)
{
	if (state != SESSION_CONNECTED) {
		rival_on_interruption(&e->rival);
		return;
	}
	record_wake(&e->record);
	if (e->epoch != session_epoch(e->record.session)) { /* a new session owns nothing */
		e->epoch = session_epoch(e->record.session);
		rival_on_session(&e->rival, session_id(e->record.session));
		e->record.stored = false;
		enter(e, EPHEMERAL_ABSENT);
	} else if (e->state != EPHEMERAL_ABSENT) {
		enter(e, EPHEMERAL_UNSURE);
	}
	step(e);
}

void ephemeral_on_watch(struct ephemeral *e, int type, const char *path)
{
	if (strcmp(path, e->record.path) != 0)
		return;
	if (type == ZOO_DELETED_EVENT && e->state != EPHEMERAL_UNSURE)
		on_gone(e); /* else a look is under way, and shows the present state */
	else if (type != ZOO_DELETED_EVENT && e->state != EPHEMERAL_FOREIGN)
		return;
	record_wake(&e->record);
	step(e);
}

/* --- life ------------------------------------------------------------------------------------ */

int ephemeral_new(const struct ephemeral_spec *spec, struct ephemeral **out, struct err *e)
{
	CLEANUP(ephemeral_freep) struct ephemeral *n = xcalloc(1, sizeof(*n));

	if (record_init(&n->record, spec->loop, spec->session, spec->path, step, n, e) < 0)
		return -1;
	n->record.parent_flags = spec->parent_flags;
	n->flags = spec->flags;
	n->on_change = spec->on_change;
	n->ctx = spec->ctx;
	*out = TAKE(n);
	return 0;
}

void ephemeral_free(struct ephemeral *e)
{
	if (!e)
		return;
	record_fini(&e->record);
	buf_fini(&e->holder.data);
	free(e);
}

enum ephemeral_state ephemeral_state(const struct ephemeral *e)
{
	return e->state;
}

const char *ephemeral_path(const struct ephemeral *e)
{
	return e->record.path;
}

const struct ephemeral_holder *ephemeral_holder(const struct ephemeral *e)
{
	return &e->holder;
}
