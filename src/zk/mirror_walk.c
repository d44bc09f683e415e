/*
 * Reading znodes. An item of a node is wanted (in `todo`), flying, or at rest with its watch armed.
 * Only a send, a reply or an event moves it from one to the next.
 *
 * The server sends replies and events in one order. So an event for an item that is flying needs no
 * second read, as the reply is newer than the event. A node that is reported as gone is only marked
 * dead: it may have been created again, and the next list of its parent decides. No tree is settled
 * before that list has been read.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "mirror_parts.h"

static session_done on_data, on_kids, on_exists;

static void send_items(struct node *n, unsigned items)
{
	struct session *s = n->mirror->session;

	n->flying |= (unsigned char)items;
	if (items & ITEM_DATA)
		session_get(s, n->path, true, on_data, n);
	if (items & ITEM_KIDS)
		session_children(s, n->path, true, on_kids, n);
	if (items & ITEM_EXISTS)
		session_exists(s, n->path, true, on_exists, n);
	n->mirror->in_flight += (size_t)__builtin_popcount(items);
}

void mirror_feed(struct mirror *m)
{
	struct node *n;

	while (session_state(m->session) == SESSION_CONNECTED && mirror_may_send(m) &&
	       (n = TAILQ_FIRST(&m->todo))) {
		unsigned items = n->want;

		mirror_unwant(n, items);
		send_items(n, items);
	}
}

/* --- replies --------------------------------------------------------------------------------- */

/* A reply has come. Returns whether the item is still of interest; frees a removed node. */
static bool take_reply(struct node *n, enum item item)
{
	n->flying &= (unsigned char)~item;
	n->mirror->in_flight--;
	if (n->removed && !n->flying)
		node_free(n);
	else if (!n->removed)
		return item == ITEM_KIDS ? n->levels > 0 : n->levels >= 0;
	return false;
}

static bool is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

/* No list will come that could decide, so what was reported of them is taken as true. */
static void remove_dead_children(struct node *n)
{
	for (size_t i = n->child_count; i > 0; i--) {
		if (n->children[i - 1]->dead)
			mirror_leave(n->children[i - 1]);
	}
}

/* It exists, but cannot be read: what was last read is kept. A watch reports its end, if the server
 * grants one. */
static void mark_unreadable(struct node *n, enum item item, int rc)
{
	mirror_set_dead(n, false);
	mirror_set_unreadable(n, item, rc == ZNOAUTH ? UNREADABLE_DENIED : UNREADABLE_FAILED);
	if (item == ITEM_KIDS)
		remove_dead_children(n);
	if (rc == ZNOAUTH && !n->mirror->exists_denied && !(n->armed & (ITEM_DATA | ITEM_EXISTS)) &&
	    !mirror_is_under_way(n, ITEM_DATA | ITEM_EXISTS))
		mirror_want(n, ITEM_EXISTS);
}

/* Bytes and times as well: a server that was restored from a copy may use the same zxids again. */
static bool is_as_stored(const struct node *n, const struct session_reply *r)
{
	const struct znode *z = n->znode;

	return z && z->mzxid == r->stat->mzxid && z->czxid == r->stat->czxid &&
	       z->mtime == r->stat->mtime && z->ctime == r->stat->ctime &&
	       z->version == r->stat->version && z->size == r->size &&
	       (!r->size || memcmp(z->data, r->data, r->size) == 0);
}

static void store_data(struct node *n, const struct session_reply *r)
{
	enum unreadable_reason limit = mirror_check_data(n, r->size);

	mirror_set_dead(n, false);
	mirror_set_unreadable(n, ITEM_DATA, limit);
	n->refused = limit == READABLE ? 0 : (uint32_t)r->size;
	if (limit == READABLE && !is_as_stored(n, r)) {
		mirror_count_data(n, r->size);
		n->mirror->present += n->znode == NULL;
		node_set(n, r->stat, r->data, r->size);
		n->mirror->changed = true;
	}
	node_set_pzxid(n, r->stat->pzxid);
	/* A list at rest is up to date, unless the server has dropped its event. */
	if ((!(n->armed & ITEM_KIDS) || n->listed != r->stat->cversion) &&
	    n->kids_unreadable == READABLE)
		mirror_want(n, ITEM_KIDS);
}

static void on_data(void *ctx, const struct session_reply *r)
{
	struct node *n = ctx;
	struct mirror *m = n->mirror;

	if (!take_reply(n, ITEM_DATA))
		return;
	if (r->rc == ZOK) {
		mirror_arm(n, ITEM_DATA);
		mirror_saw(m, r->size);
		store_data(n, r);
	} else if (r->rc == ZNONODE) {
		mirror_gone(n);
	} else if (is_lost(r->rc)) {
		mirror_want(n, ITEM_DATA);
	} else {
		mark_unreadable(n, ITEM_DATA, r->rc);
	}
	mirror_feed(m);
	mirror_publish_overdue(m);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A child that is still in the list: read it again where something is missing. */
static void keep_child(struct node *child)
{
	bool lacking = child->dead || (!child->znode && !child->data_unreadable);

	if (child->pin < 0 && child->levels < child->parent->levels - 1)
		mirror_set_levels(child, child->parent->levels - 1);
	if (child->pin < 0 && lacking && !mirror_is_under_way(child, ITEM_DATA))
		mirror_want_all(child);
}

/* Merge the old children and the names, both sorted, into n->children. */
static void merge(struct node *n, const char **names, size_t count)
{
	struct node **old = n->children;
	size_t old_count = n->child_count, i = 0, j = 0;

	node_drop_pages(n);
	n->children = xmalloc((old_count + count) * sizeof(struct node *));
	n->child_count = 0;
	while (i < old_count || j < count) {
		int order = i == old_count ? 1 : j == count ? -1 : strcmp(old[i]->name, names[j]);
		struct node *child = order <= 0 ? old[i++] : NULL;

		if (order < 0 && !node_leads_to_pin(child)) {
			mirror_remove(child);
			continue;
		}
		if (order < 0 && child->pin < 0)
			mirror_empty(child);
		if (order > 0) {
			child = node_new(n->mirror, n, names[j], strlen(names[j]));
			mirror_set_levels(child, n->levels - 1);
		}
		if (order == 0)
			keep_child(child);
		j += order >= 0;
		n->children[n->child_count++] = child;
	}
	free(old);
}

static void store_list(struct node *n, const struct session_reply *r)
{
	size_t more = r->child_count > n->child_count ? r->child_count - n->child_count : 0;
	enum unreadable_reason limit = READABLE;
	const char **names;

	if (r->child_count > MIRROR_MAX_CHILDREN)
		limit = UNREADABLE_CHILDREN;
	else if (n->mirror->nodes + more > MIRROR_MAX_NODES)
		limit = UNREADABLE_NODES;
	mirror_set_unreadable(n, ITEM_KIDS, limit);
	if (limit != READABLE) {
		remove_dead_children(n);
		return;
	}
	n->listed = r->stat->cversion;
	node_set_pzxid(n, r->stat->pzxid);
	mirror_expect(n->mirror, more);
	names = xmalloc(r->child_count * sizeof(*names));
	for (size_t i = 0; i < r->child_count; i++)
		names[i] = r->children[i];
	qsort(names, r->child_count, sizeof(*names), compare_names);
	merge(n, names, r->child_count);
	free(names);
}

static void on_kids(void *ctx, const struct session_reply *r)
{
	struct node *n = ctx;
	struct mirror *m = n->mirror;

	if (!take_reply(n, ITEM_KIDS))
		return;
	if (r->rc == ZOK) {
		mirror_arm(n, ITEM_KIDS);
		store_list(n, r);
	} else if (r->rc == ZNONODE) {
		mirror_gone(n);
	} else if (is_lost(r->rc)) {
		mirror_want(n, ITEM_KIDS);
	} else {
		mark_unreadable(n, ITEM_KIDS, r->rc);
	}
	mirror_feed(m);
	mirror_publish_overdue(m);
}

static void on_exists(void *ctx, const struct session_reply *r)
{
	struct node *n = ctx;
	struct mirror *m = n->mirror;

	if (!take_reply(n, ITEM_EXISTS))
		return;
	if (r->rc == ZOK) {
		mirror_arm(n, ITEM_DATA);
		if (!n->data_unreadable && !n->kids_unreadable)
			mirror_want_all(n);
	} else if (r->rc == ZNONODE) {
		mirror_arm(n, ITEM_EXISTS);
		mirror_gone(n);
	} else if (is_lost(r->rc)) {
		mirror_want(n, ITEM_EXISTS);
	} else {
		m->exists_denied |= r->rc == ZNOAUTH;
		mark_unreadable(n, ITEM_DATA, r->rc);
	}
	mirror_feed(m);
	mirror_publish_overdue(m);
}

/* --- events ---------------------------------------------------------------------------------- */

static void on_created(struct node *n)
{
	mirror_disarm(n, ITEM_DATA | ITEM_EXISTS);
	mirror_want_all(n);
}

static void on_changed(struct node *n)
{
	mirror_disarm(n, ITEM_DATA);
	mirror_want(n, ITEM_DATA);
}

static void on_child(struct node *n)
{
	mirror_disarm(n, ITEM_KIDS);
	/* A list that is too long is read again only now and then, not at each change. */
	if (n->kids_unreadable < UNREADABLE_SIZE)
		mirror_want(n, ITEM_KIDS);
}

static void on_deleted(struct node *n)
{
	mirror_disarm(n, ITEM_DATA | ITEM_KIDS | ITEM_EXISTS);
	mirror_gone(n);
}

void mirror_event(struct mirror *m, int type, const char *path)
{
	const struct {
		int type;
		void (*take)(struct node *n);
	} events[] = {
		{ ZOO_CREATED_EVENT, on_created },
		{ ZOO_CHANGED_EVENT, on_changed },
		{ ZOO_CHILD_EVENT, on_child },
		{ ZOO_DELETED_EVENT, on_deleted },
	};
	struct node *n = node_find(m->top, path);

	if (!n || n->levels < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (events[i].type == type)
			events[i].take(n);
	}
	mirror_feed(m);
}
