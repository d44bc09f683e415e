/*
 * The member znode goes through four states. A create whose answer was lost, or that finds
 * something there, makes it unsure; looking at its owner tells. To look is to list its
 * children, of which an ephemeral has none: that tells the owner too, and its watch fires
 * when the znode is deleted and at no other time.
 */
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "fleet_parts.h"

static void enter(struct fleet *f, enum member_state state)
{
	bool told = f->state != state;

	f->state = state;
	if (told && f->on_state)
		f->on_state(f->ctx);
}

static void on_member_created(void *ctx, const struct session_reply *r)
{
	struct fleet *f = ctx;

	f->member.busy = false;
	f->member.stored = r->rc == ZOK;
	if (r->rc == ZOK)
		fleet_succeed(f, &f->member);
	if (r->rc == ZNONODE)
		fleet_make_parents(f, &f->member);
	else if (r->rc == ZOK || r->rc == ZNODEEXISTS || fleet_is_lost(r->rc))
		enter(f, MEMBER_UNSURE);
	else
		fleet_rest(f, &f->member, r->rc);
	fleet_step(f);
}

static void create_member(struct fleet *f)
{
	const struct buf *b = fleet_take_up(&f->member);

	session_create(f->session, f->member.path, buf_str(b), b->size, ZOO_EPHEMERAL,
		       on_member_created, f);
}

static void on_foreign(struct fleet *f, int64_t owner)
{
	if (f->state != MEMBER_FOREIGN || f->owner != owner)
		log_warning("%s belongs to session 0x%llx: our own last one, or another host of "
			    "this name; waiting for it to go",
			    f->member.path, (unsigned long long)owner);
	f->owner = owner;
	/* Its end fires the watch; unless we may not read it, so look now and then. */
	fleet_pause(f, &f->member);
	enter(f, MEMBER_FOREIGN);
}

static void on_ours(struct fleet *f, int version)
{
	f->version = version;
	enter(f, MEMBER_OURS);
}

static void on_member_seen(void *ctx, const struct session_reply *r)
{
	struct fleet *f = ctx;

	f->member.busy = false;
	if (r->rc == ZNONODE)
		enter(f, MEMBER_ABSENT);
	else if (r->rc == ZOK && r->stat->owner == session_id(f->session))
		on_ours(f, r->stat->version);
	else if (r->rc == ZOK)
		on_foreign(f, r->stat->owner);
	else if (!fleet_is_lost(r->rc))
		fleet_rest(f, &f->member, r->rc);
	fleet_step(f);
}

static void look_at_member(struct fleet *f)
{
	f->member.busy = true;
	session_children(f->session, f->member.path, true, on_member_seen, f);
}

static void on_member_set(void *ctx, const struct session_reply *r)
{
	struct fleet *f = ctx;

	f->member.busy = false;
	f->member.stored = r->rc == ZOK;
	if (r->rc == ZOK)
		f->version = r->stat->version;
	else if (r->rc == ZNONODE)
		enter(f, MEMBER_ABSENT);
	else if (r->rc == ZBADVERSION || fleet_is_lost(r->rc))
		enter(f, MEMBER_UNSURE);
	else
		fleet_rest(f, &f->member, r->rc);
	fleet_step(f);
}

static void update_member(struct fleet *f)
{
	const struct buf *b;

	if (fleet_is_current(&f->member))
		return;
	b = fleet_take_up(&f->member);
	session_set(f->session, f->member.path, buf_str(b), b->size, f->version, on_member_set, f);
}

void fleet_step_member(struct fleet *f)
{
	static void (*const steps[MEMBER_STATE_N])(struct fleet *) = {
		[MEMBER_ABSENT] = create_member,
		[MEMBER_UNSURE] = look_at_member,
		[MEMBER_OURS] = update_member,
		[MEMBER_FOREIGN] = look_at_member,
	};

	steps[f->state](f);
}

void fleet_lose_member(struct fleet *f)
{
	f->member.paused = false;
	if (f->state != MEMBER_UNSURE) /* then a look is under way, and sees what is there now */
		enter(f, MEMBER_ABSENT);
	fleet_step(f);
}

bool fleet_is_member(const struct fleet *f, const char **why)
{
	static const char *const reasons[MEMBER_STATE_N] = {
		[MEMBER_ABSENT] = "it is not registered yet",
		[MEMBER_UNSURE] = "it is not known yet whether it is registered",
		[MEMBER_FOREIGN] = "another session holds this host's name: our own last one, or "
				   "another host that is called the same",
	};
	bool connected = session_state(f->session) == SESSION_CONNECTED;
	const char *reason = connected && f->state != MEMBER_OURS ? reasons[f->state] : "";

	if (connected && f->state == MEMBER_FOREIGN && f->owner == 0)
		reason = "a persistent znode of this name is in its place";
	if (why)
		*why = reason;
	return connected && f->state == MEMBER_OURS;
}
