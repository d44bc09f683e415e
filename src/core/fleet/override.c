/*
 * Overrides are read again at each call, because their effect depends on the clock. What is
 * remembered of each is when its bytes were seen first: an operator who writes a time that is far
 * ahead cannot have meant a loss that had not happened yet.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/layout.h"
#include "core/text/utc.h"
#include "override.h"
#include "override_content.h"

/* One znode below cluster/overrides. */
struct override {
	char *path;
	int64_t mzxid;
	uint64_t seen;      /* since when these bytes are known */
	uint64_t confirmed; /* 0: it has no effect */
	bool here;          /* … in the tree at hand */
};

struct overrides {
	struct override *items;
	size_t count, room;
	/* Of the last reading. */
	struct problems problems;
	struct arena *arena; /* of the drains */
	struct drains drains;
	size_t drain_room;
};

struct overrides *overrides_new(void)
{
	struct overrides *o = xcalloc(1, sizeof(*o));

	problems_init(&o->problems);
	return o;
}

void overrides_free(struct overrides *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->count; i++)
		free(o->items[i].path);
	free(o->items);
	problems_fini(&o->problems);
	arena_free(o->arena);
	free(o->drains.items);
	free(o);
}

/* --- one override --------------------------------------------------------------------------- */

/* False: it is a problem, and has no effect. *later: when its time is not too far ahead any more,
 * on the wall clock; or NEVER. */
static bool read_content(struct overrides *o, const struct znode *z, uint64_t wall,
			 struct override_content *c, uint64_t *later)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	*later = NEVER;
	if (!override_content_read(o->arena, z, c, &o->problems))
		return false;
	if (c->confirm <= wall + OVERRIDE_AHEAD)
		return true;
	*later = c->confirm - OVERRIDE_AHEAD;
	utc_print(c->confirm, &text);
	problems_add(&o->problems, z->path, PROBLEM_OVERRIDE, "confirm",
		     "\"%s\" is more than a minute ahead of this host's clock; the override has "
		     "no effect: write the current time, in UTC",
		     buf_str(&text));
	return false;
}

static void add_drain(struct overrides *o, const struct drain *d, const char *upstream)
{
	if (o->drains.count == o->drain_room) {
		o->drain_room = o->drain_room ? 2 * o->drain_room : 16;
		o->drains.items =
			xrealloc(o->drains.items, o->drain_room * sizeof(*o->drains.items));
	}
	o->drains.items[o->drains.count] = *d;
	o->drains.items[o->drains.count++].upstream = upstream;
}

/* Returns when the first of them ends on the wall clock, or NEVER. */
static uint64_t add_drains(struct overrides *o, const struct drains *d, const char *path,
			   uint64_t wall)
{
	const char *upstream = arena_strdup(o->arena, path_name(path));
	uint64_t end = NEVER;

	for (size_t i = 0; i < d->count; i++) {
		uint64_t until = d->items[i].until;

		if (until && until <= wall)
			continue;
		add_drain(o, &d->items[i], upstream);
		end = until && until < end ? until : end;
	}
	return end;
}

/* From the wall clock to the other one; 0: before the host was booted. */
static uint64_t to_monotonic(uint64_t time, uint64_t now, uint64_t wall)
{
	if (time >= wall)
		return now + (time - wall);
	return wall - time < now ? now - (wall - time) : 0;
}

/* Returns when to read it again, or NEVER. */
static uint64_t read_one(struct overrides *o, struct override *item, const struct znode *z,
			 uint64_t now, uint64_t wall)
{
	struct override_content c;
	uint64_t limit = item->seen + OVERRIDE_AHEAD, later;

	item->confirmed = 0;
	if (read_content(o, z, wall, &c, &later)) {
		item->confirmed = c.confirm ? to_monotonic(c.confirm, now, wall) : 0;
		if (item->confirmed > limit)
			item->confirmed = limit;
		later = add_drains(o, &c.drains, z->path, wall);
	}
	return later == NEVER ? NEVER : now + (later - wall);
}

/* --- all of them ---------------------------------------------------------------------------- */

static struct override *find(const struct overrides *o, const char *path)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->items[i].path, path) == 0)
			return &o->items[i];
	}
	return NULL;
}

static struct override *item_for(struct overrides *o, const struct znode *z, uint64_t now)
{
	struct override *item = find(o, z->path);

	if (!item) {
		if (o->count == o->room) {
			o->room = o->room ? 2 * o->room : 8;
			o->items = xrealloc(o->items, o->room * sizeof(*o->items));
		}
		item = &o->items[o->count++];
		*item = (struct override){ .path = xstrdup(z->path), .seen = now };
	} else if (item->mzxid != z->mzxid) {
		item->seen = now;
	}
	item->mzxid = z->mzxid;
	item->here = true;
	return item;
}

static void forget_gone(struct overrides *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (o->items[i].here)
			o->items[kept++] = o->items[i];
		else
			free(o->items[i].path);
	}
	o->count = kept;
}

static int by_upstream(const void *a, const void *b)
{
	const struct drain *x = a, *y = b;
	int order = strcmp(x->upstream, y->upstream);

	return order ? order : strcmp(x->server, y->server);
}

static void forget_reading(struct overrides *o)
{
	problems_fini(&o->problems);
	problems_init(&o->problems);
	arena_free(o->arena);
	o->arena = arena_new();
	o->drains.count = 0;
	o->drains.mzxid = 0;
}

uint64_t overrides_read(struct overrides *o, const struct tree *tree, const char *cluster,
			uint64_t now, uint64_t wall)
{
	CLEANUP(freep) char *parent = cluster_path_new(cluster, CLUSTER_OVERRIDES, NULL);
	uint64_t due = NEVER, later;

	forget_reading(o);
	for (size_t i = 0; i < o->count; i++)
		o->items[i].here = false;
	for (size_t i = tree_lower_bound(tree, parent); i < tree_count(tree); i++) {
		const struct znode *z = tree_at(tree, i);

		if (path_is_below(z->path, parent)) {
			if (z->mzxid > o->drains.mzxid)
				o->drains.mzxid = z->mzxid;
			later = read_one(o, item_for(o, z, now), z, now, wall);
			due = later < due ? later : due;
		} else if (strcmp(z->path, parent) != 0) {
			break;
		}
	}
	forget_gone(o);
	if (o->drains.count)
		qsort(o->drains.items, o->drains.count, sizeof(*o->drains.items), by_upstream);
	return due;
}

uint64_t overrides_confirmed(const struct overrides *o, const char *upstream)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(path_name(o->items[i].path), upstream) == 0)
			return o->items[i].confirmed;
	}
	return 0;
}

struct drains overrides_drains(const struct overrides *o)
{
	return o->drains;
}

static bool is_upstream(const char *name, const struct tree *tree, const char *root,
			const struct model *m)
{
	CLEANUP(freep) char *path = config_path(root, CONFIG_UPSTREAM, name);

	return model_upstream(m, name) || tree_find(tree, path);
}

void overrides_problems(const struct overrides *o, const struct tree *tree, const char *root,
			const struct model *m, struct problems *problems)
{
	for (size_t i = 0; i < o->problems.count; i++) {
		const struct problem *p = &o->problems.items[i];
		struct problem *copy = problems_add(problems, p->znode, PROBLEM_OVERRIDE, p->field,
						    "%s", p->message);

		copy->line = p->line;
	}
	for (size_t i = 0; i < o->count; i++) {
		const char *path = o->items[i].path;

		if (!is_upstream(path_name(path), tree, root, m))
			problems_add(problems, path, PROBLEM_OVERRIDE, NULL,
				     "there is no upstream \"%.80s\": the override has no effect; "
				     "give it the name of an upstream, or delete it",
				     path_name(path));
	}
}
