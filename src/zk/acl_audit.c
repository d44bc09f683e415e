/*
 * A round: list the children of the cluster's directories, read the ACLs of all paths, repair what
 * may be repaired, and begin again if something was. Its findings replace the last ones as a whole.
 * While changes wait for an open znode, quick rounds read only the open ones.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "acl_audit.h"
#include "core/data/layout.h"
#include "sys/timing.h"

#define WINDOW 32
#define SOON USEC_PER_SEC
#define WAITING (2 * USEC_PER_SEC)
#define OFTEN (30 * USEC_PER_SEC)
#define SELDOM (300 * USEC_PER_SEC)

/* The paths of a round, and what it found. */
struct round {
	struct arena *arena;
	const char **paths;
	size_t count, room;
	struct open_znode *open;
	size_t open_count, open_room;
	bool lost;  /* the connection was lost: it has found nothing */
	bool mixed; /* a member has no credentials */
	bool quick;
	bool members; /* it has read those of the members */
};

struct acl_audit {
	const struct zookeeper_settings *settings;
	struct session *session;
	void (*on_change)(void *ctx);
	void *ctx;
	sd_event_source *timer;
	struct tree *tree;   /* the last one */
	struct arena *arena; /* of its objects */
	const char **objects;
	size_t object_count;
	struct digest digest; /* of their paths and the transactions that created them */
	struct round now, last;
	size_t next, in_flight, repaired;
	uint64_t next_repair; /* not before that time */
	bool busy, complete, stale, permitted;
	char *text;
};

struct acl_findings acl_audit_findings(const struct acl_audit *a)
{
	return (struct acl_findings){ .complete = a->complete,
				      .restricted = a->session && session_is_restricted(a->session),
				      .open = a->last.open_count,
				      .text = a->text ?: "" };
}

void acl_audit_again(struct acl_audit *a)
{
	a->stale = true;
	if (!a->busy)
		timing_arm(a->timer, 0);
}

/* --- a round ends ---------------------------------------------------------------------------- */

static uint64_t pause_after(const struct acl_audit *a)
{
	if (a->stale)
		return SOON;
	if (!a->last.open_count)
		return SELDOM;
	if (a->settings->require_acl)
		return WAITING;
	return acl_audit_findings(a).restricted ? OFTEN : SELDOM;
}

static void publish(struct acl_audit *a)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	bool news;

	open_znodes_print(a->now.open, a->now.open_count, &text);
	news = !a->complete || !a->text || strcmp(buf_str(&text), a->text) != 0;
	arena_free(a->last.arena);
	a->last = a->now;
	a->now = (struct round){ 0 };
	free(a->text);
	a->text = xstrdup(buf_str(&text));
	a->complete = !a->stale;
	if (news)
		a->on_change(a->ctx);
}

static void end_round(struct acl_audit *a)
{
	bool whole = !a->now.quick || a->now.open_count;

	a->busy = false;
	if (a->now.lost) {
		arena_free(a->now.arena);
		a->now = (struct round){ 0 };
		timing_arm(a->timer, timing_jitter(SOON, 25));
	} else if (a->repaired || !whole) {
		/* What was open may no longer be: all of it is read again. */
		arena_free(a->now.arena);
		a->now = (struct round){ 0 };
		acl_audit_again(a);
	} else {
		publish(a);
		timing_arm(a->timer, timing_jitter(pause_after(a), 25));
	}
}

/* --- repairing ------------------------------------------------------------------------------- */

static bool may_repair(const struct acl_audit *a, const struct open_znode *z)
{
	return a->permitted && timing_now() >= a->next_repair &&
	       session_is_restricted(a->session) && a->now.members && !a->now.mixed &&
	       rights_of(z->path, a->settings->config, a->settings->cluster).ours;
}

static void on_repaired(void *ctx, const struct session_reply *r)
{
	struct acl_audit *a = ctx;

	a->in_flight--;
	if (r->rc == SESSION_OK)
		a->repaired++;
	if (a->in_flight)
		return;
	if (a->repaired)
		log_notice("%zu znode%s below %s, which every client could change, got the ACL of "
			   "the daemons",
			   a->repaired, PLURAL(a->repaired), a->settings->cluster);
	end_round(a);
}

static void repair(struct acl_audit *a)
{
	a->repaired = 0;
	for (size_t i = 0; i < a->now.open_count && !a->now.lost; i++) {
		if (!may_repair(a, &a->now.open[i]))
			continue;
		a->in_flight++;
		session_set_acl(a->session, a->now.open[i].path, on_repaired, a);
	}
	if (a->in_flight)
		a->next_repair = timing_now() + OFTEN;
	else
		end_round(a);
}

/* --- reading --------------------------------------------------------------------------------- */

static void read_more(struct acl_audit *a);

/* The request knows its path. */
struct reading {
	struct acl_audit *audit;
	const char *path;
};

static void note_open(struct acl_audit *a, const char *path, int rights)
{
	CLEANUP(freep)
	char *members = cluster_path_new(a->settings->cluster, CLUSTER_MEMBERS, NULL);
	struct round *r = &a->now;

	r->mixed = r->mixed || path_is_below(path, members);
	r->open = arena_grow(r->arena, r->open, r->open_count, &r->open_room, sizeof(*r->open));
	r->open[r->open_count++] = (struct open_znode){ path, rights };
}

static void on_acl(void *ctx, const struct session_reply *r)
{
	struct reading *reading = ctx;
	struct acl_audit *a = reading->audit;
	int rights = r->rc == SESSION_OK ? rights_open_to_world(r->acl, r->acl_count) : 0;

	a->in_flight--;
	if (session_result_is_lost(r->rc))
		a->now.lost = true;
	else if (rights)
		note_open(a, reading->path, rights);
	read_more(a);
}

static void read_more(struct acl_audit *a)
{
	struct round *r = &a->now;

	while (!r->lost && a->session && a->next < r->count && a->in_flight < WINDOW) {
		struct reading *reading = arena_new_of(r->arena, struct reading);

		*reading = (struct reading){ a, r->paths[a->next++] };
		a->in_flight++;
		session_get_acl(a->session, reading->path, on_acl, reading);
	}
	r->lost = r->lost || !a->session;
	if (a->in_flight)
		return;
	if (r->lost)
		end_round(a);
	else
		repair(a);
}

/* --- which ----------------------------------------------------------------------------------- */

static void add_path(struct round *r, const char *path)
{
	if (r->count == ACL_AUDIT_LIMIT)
		return;
	r->paths = arena_grow(r->arena, r->paths, r->count, &r->room, sizeof(*r->paths));
	r->paths[r->count++] = arena_strdup(r->arena, path);
}

static const enum cluster_znode directories[] = { CLUSTER_MEMBERS, CLUSTER_REPORTS, CLUSTER_HISTORY,
						  CLUSTER_OVERRIDES };

static void on_children(void *ctx, const struct session_reply *r)
{
	struct reading *reading = ctx;
	struct acl_audit *a = reading->audit;

	a->in_flight--;
	a->now.lost = a->now.lost || session_result_is_lost(r->rc);
	for (size_t i = 0; r->rc == SESSION_OK && i < r->child_count; i++)
		add_path(&a->now,
			 arena_printf(a->now.arena, "%s/%s", reading->path, r->children[i]));
	if (!a->in_flight)
		read_more(a);
}

static void list_directories(struct acl_audit *a)
{
	struct arena *arena = a->now.arena;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		struct reading *reading = arena_new_of(arena, struct reading);

		*reading = (struct reading){ a, cluster_path(arena, a->settings->cluster,
							     directories[i], NULL) };
		a->in_flight++;
		session_children(a->session, reading->path, false, on_children, reading);
	}
}

/* Two hundred hosts need not all read everything: the leader does, and who must not apply it. */
static bool reads_everything(const struct acl_audit *a)
{
	return a->permitted || a->settings->require_acl;
}

static void add_fixed(struct acl_audit *a)
{
	struct round *r = &a->now;
	const char *root = a->settings->config;

	add_path(r, a->settings->cluster);
	for (enum cluster_znode z = 0; z < CLUSTER_ZNODE_N; z++)
		add_path(r, cluster_path(r->arena, a->settings->cluster, z, NULL));
	for (size_t i = 0; i < a->object_count; i++) {
		if (reads_everything(a) || config_place(a->objects[i], root).level != CONFIG_OBJECT)
			add_path(r, a->objects[i]);
	}
}

static void begin_round(struct acl_audit *a)
{
	struct round *r = &a->now;

	*r = (struct round){ .arena = arena_new(),
			     .quick = a->settings->require_acl && a->last.open_count && !a->stale };
	a->busy = true;
	a->stale = false;
	a->next = a->repaired = 0;
	for (size_t i = 0; r->quick && i < a->last.open_count; i++)
		add_path(r, a->last.open[i].path);
	if (r->quick) {
		read_more(a);
		return;
	}
	add_fixed(a);
	r->members = reads_everything(a);
	if (r->members)
		list_directories(a);
	else
		read_more(a);
}

static int on_due(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct acl_audit *a = ctx;

	if (a->busy)
		return 0;
	if (a->session && a->objects && session_state(a->session) == SESSION_CONNECTED)
		begin_round(a);
	else
		timing_arm(a->timer, SOON / 4);
	return 0;
}

/* --- what changes ---------------------------------------------------------------------------- */

/* The servers of upstreams are left out: there may be very many. */
static void add_objects(struct acl_audit *a, const struct tree *t, struct digester *d)
{
	const char *root = a->settings->config;
	size_t room = 1, i = tree_lower_bound(t, root);

	while (i < tree_count(t) && path_is_within(tree_at(t, i)->path, root)) {
		const struct znode *z = tree_at(t, i);
		char *path = arena_strdup(a->arena, z->path);

		digester_add_field(d, path, strlen(path));
		digester_add_field(d, &z->czxid, sizeof(z->czxid));
		a->objects = arena_grow(a->arena, a->objects, a->object_count, &room, sizeof(path));
		a->objects[a->object_count++] = path;
		i = config_place(z->path, root).level == CONFIG_OBJECT ? tree_subtree_end(t, i)
								       : i + 1;
	}
}

void acl_audit_on_tree(struct acl_audit *a, struct tree *t)
{
	bool same = tree_facts_are_same(a->tree, t, a->settings->config);
	CLEANUP(digester_freep) struct digester *d = digester_new();
	struct digest digest;

	tree_unref(a->tree);
	a->tree = tree_ref(t);
	if (same)
		return;
	arena_free(a->arena);
	a->arena = arena_new();
	a->object_count = 0;
	a->objects = arena_array(a->arena, const char *, 1);
	add_objects(a, t, d);
	digest = digester_finish(d);
	if (digest_equal(&digest, &a->digest))
		return;
	a->digest = digest;
	if (a->complete && !reads_everything(a))
		return;
	a->complete = a->complete && !a->settings->require_acl;
	acl_audit_again(a);
}

void acl_audit_use(struct acl_audit *a, struct session *s)
{
	a->session = s;
}

void acl_audit_permit_repair(struct acl_audit *a, bool permitted)
{
	bool news = permitted && !a->permitted;

	a->permitted = permitted;
	if (news)
		acl_audit_again(a);
}

void acl_audit_use_settings(struct acl_audit *a, const struct zookeeper_settings *settings)
{
	a->settings = settings;
}

struct acl_audit *acl_audit_new(sd_event *loop, const struct zookeeper_settings *settings,
				void (*on_change)(void *ctx), void *ctx)
{
	struct acl_audit *a = xcalloc(1, sizeof(*a));

	a->settings = settings;
	a->on_change = on_change;
	a->ctx = ctx;
	a->timer = timing_new(loop, on_due, a);
	return a;
}

void acl_audit_free(struct acl_audit *a)
{
	if (!a)
		return;
	sd_event_source_disable_unref(a->timer);
	arena_free(a->now.arena);
	arena_free(a->last.arena);
	arena_free(a->arena);
	tree_unref(a->tree);
	free(a->text);
	free(a);
}
