/*
 * The states of the mirror's nodes: which items are wanted, under way, watched and unreadable, how
 * deep below them is read, and how they leave. Every count of the mirror (watches, nodes, bytes,
 * dead ones) is kept here, with the change that it counts.
 */
#include <string.h>

#include "mirror_parts.h"

static size_t watch_size(const struct node *n)
{
	return 4 + n->mirror->chroot_size + strlen(n->path);
}

void mirror_arm(struct node *n, enum item item)
{
	if (n->armed & item)
		return;
	n->armed |= (unsigned char)item;
	n->mirror->watches++;
	n->mirror->watch_bytes += watch_size(n);
}

void mirror_disarm(struct node *n, unsigned items)
{
	for (unsigned item = 1; item <= ITEM_EXISTS; item <<= 1) {
		if (!(n->armed & items & item))
			continue;
		n->mirror->watches--;
		n->mirror->watch_bytes -= watch_size(n);
	}
	n->armed &= (unsigned char)~items;
}

static void forget_watches(struct node *n)
{
	n->armed = 0;
}

void mirror_forget_watches(struct mirror *m)
{
	node_each(m->top, forget_watches);
	m->watches = 0;
	m->watch_bytes = 28; /* the head of the packet that sets them all again */
}

/* --- wanting and sending --------------------------------------------------------------------- */

void mirror_want(struct node *n, unsigned items)
{
	items &= ~(unsigned)n->flying;
	if (n->levels < 0)
		return;
	if (n->levels == 0)
		items &= ~(unsigned)ITEM_KIDS;
	if (!items)
		return;
	if (!n->want)
		TAILQ_INSERT_TAIL(&n->mirror->todo, n, todo);
	n->want |= (unsigned char)items;
}

void mirror_want_all(struct node *n)
{
	mirror_want(n, ITEM_DATA | ITEM_KIDS);
}

void mirror_unwant(struct node *n, unsigned items)
{
	if (!n->want)
		return;
	n->want &= (unsigned char)~items;
	if (!n->want)
		TAILQ_REMOVE(&n->mirror->todo, n, todo);
}

bool mirror_is_under_way(const struct node *n, unsigned items)
{
	return (n->want | n->flying) & items;
}

void mirror_set_unreadable(struct node *n, enum item item, enum unreadable_reason reason)
{
	if (!unreadable_set(&n->mirror->unreadable, n, item, reason))
		return;
	n->mirror->has_news = true;
	mirror_schedule_work(n->mirror);
}

/* --- coming and going ------------------------------------------------------------------------ */

void mirror_set_levels(struct node *n, int levels)
{
	int old = n->levels;

	n->levels = levels;
	if (old < 0 && levels >= 0) {
		n->mirror->nodes++;
		mirror_want(n, ITEM_DATA);
	}
	if (old <= 0 && levels > 0)
		mirror_want(n, ITEM_KIDS);
	if (old > 0 && levels <= 0) {
		mirror_unwant(n, ITEM_KIDS);
		mirror_set_unreadable(n, ITEM_KIDS, READABLE);
	}
	if (old >= 0 && levels < 0)
		n->mirror->nodes--;
}

void mirror_set_dead(struct node *n, bool dead)
{
	if (n->dead == dead)
		return;
	n->dead = dead;
	n->mirror->dead += dead ? 1 : (size_t)-1;
}

/* Take it out of the tree, without what is below it. */
static void forget_data(struct node *n)
{
	if (n->znode)
		n->mirror->changed = true;
	n->mirror->present -= n->znode != NULL;
	mirror_count_data(n, 0);
	node_unset(n);
	mirror_set_dead(n, false);
	mirror_set_unreadable(n, ITEM_DATA, READABLE);
	mirror_set_unreadable(n, ITEM_KIDS, READABLE);
}

void mirror_uncover(struct node *n)
{
	forget_data(n);
	mirror_unwant(n, ~0U);
}

void mirror_remove(struct node *n)
{
	node_drop_pages(n);
	for (size_t i = 0; i < n->child_count; i++)
		mirror_remove(n->children[i]);
	n->child_count = 0;
	mirror_uncover(n);
	mirror_set_levels(n, -1);
	n->parent = NULL;
	n->removed = true;
	if (!n->flying)
		node_free(n);
}

void mirror_empty(struct node *n)
{
	size_t kept = 0;

	node_drop_pages(n);
	forget_data(n);
	for (size_t i = 0; i < n->child_count; i++) {
		struct node *child = n->children[i];

		if (!node_leads_to_pin(child)) {
			mirror_remove(child);
			continue;
		}
		if (child->pin < 0)
			mirror_empty(child);
		n->children[kept++] = child;
	}
	n->child_count = kept;
}

void mirror_leave(struct node *n)
{
	struct node *parent = n->parent;

	if (node_leads_to_pin(n)) {
		mirror_empty(n);
		return;
	}
	node_drop_pages(parent);
	for (size_t i = 0; i < parent->child_count; i++) {
		if (parent->children[i] != n)
			continue;
		memmove(parent->children + i, parent->children + i + 1,
			(parent->child_count - i - 1) * sizeof(struct node *));
		parent->child_count--;
		break;
	}
	mirror_remove(n);
}

void mirror_gone(struct node *n)
{
	struct node *parent = n->parent;

	if (n->pin >= 0) {
		mirror_empty(n);
		if (!(n->armed & ITEM_EXISTS) && !mirror_is_under_way(n, ITEM_DATA))
			mirror_want(n, ITEM_EXISTS);
		return;
	}
	mirror_set_dead(n, true);
	if (!(parent->armed & ITEM_KIDS) && !mirror_is_under_way(parent, ITEM_KIDS))
		mirror_leave(n);
}
