/*
 * What a mirror keeps at most, and how much it asks for at once.
 *
 * A znode has a limit of its own (core/data/layout.h), and all together have zookeeper.max_data.
 * Large znodes may use half of that: whatever somebody writes, there is room for an edit of an
 * ordinary size.
 *
 * An answer is in memory as a whole before anybody knows its size. So only as many requests are in
 * flight as their answers may have in all, where each may be as large as the recent ones. The
 * children of a long new list may be larger than what came before.
 */
#include <stdio.h>

#include "core/data/layout.h"
#include "mirror_parts.h"

#define LARGE ((size_t)64 << 10)
#define UNDER_WAY ((size_t)16 << 20) /* of all answers in flight */
#define FEWEST 16                    /* requests in flight */
#define UNKNOWN ((size_t)256 << 10)  /* bytes of a znode that may have any size */
#define LONG_LIST 32
#define NAMED 3 /* of the largest znodes */

size_t mirror_data_most(const struct node *n)
{
	const char *config = n->mirror->config;
	size_t most = config ? config_data_most(n->path, config) : SIZE_MAX;

	return most < MIRROR_MAX_DATA ? most : MIRROR_MAX_DATA;
}

/* --- all together ----------------------------------------------------------------------------- */

static size_t large_part(size_t size)
{
	return size > LARGE ? size : 0;
}

void mirror_count_data(struct node *n, size_t size)
{
	struct mirror *m = n->mirror;

	m->bytes += size - node_size(n);
	m->large_bytes += large_part(size) - large_part(node_size(n));
}

static bool has_room(const struct node *n, size_t size)
{
	const struct mirror *m = n->mirror;

	if (size > LARGE &&
	    m->large_bytes - large_part(node_size(n)) + large_part(size) > m->max_data / 2)
		return false;
	return m->bytes - node_size(n) + size <= m->max_data;
}

enum unreadable_reason mirror_check_data(const struct node *n, size_t size)
{
	if (size > mirror_data_most(n))
		return UNREADABLE_SIZE;
	return has_room(n, size) ? READABLE : UNREADABLE_BYTES;
}

/* --- under way -------------------------------------------------------------------------------- */

void mirror_expect(struct mirror *m, size_t new_children)
{
	if (new_children > LONG_LIST && m->expected < UNKNOWN)
		m->expected = UNKNOWN;
}

void mirror_expect_anything(struct mirror *m)
{
	m->expected = UNKNOWN;
}

void mirror_saw(struct mirror *m, size_t size)
{
	if (size > m->expected)
		m->expected = size;
	else
		m->expected -= (m->expected - size + 7) / 8;
}

bool mirror_may_send(const struct mirror *m)
{
	size_t most = UNDER_WAY / (m->expected + 1);

	if (most < FEWEST)
		most = FEWEST;
	return m->in_flight < (most < SESSION_WINDOW ? most : SESSION_WINDOW);
}

/* --- in words --------------------------------------------------------------------------------- */

struct largest {
	const struct node *nodes[NAMED];
};

static void rank(struct largest *l, const struct node *n)
{
	for (size_t i = 0; i < NAMED; i++) {
		const struct node *other = l->nodes[i];

		if (other && node_size(other) >= node_size(n))
			continue;
		l->nodes[i] = n;
		if (!other)
			return;
		n = other;
	}
}

static void rank_all(struct largest *l, const struct node *n)
{
	if (node_size(n))
		rank(l, n);
	for (size_t i = 0; i < n->child_count; i++)
		rank_all(l, n->children[i]);
}

void mirror_describe_data(const struct mirror *m, struct buf *out)
{
	struct largest l = { 0 };

	rank_all(&l, m->top);
	buf_printf(out,
		   "all znodes together have more than zookeeper.max_data (%zu KB, half of it "
		   "for znodes of more than %zu KB); the largest that are kept:",
		   m->max_data >> 10, LARGE >> 10);
	for (size_t i = 0; i < NAMED && l.nodes[i]; i++)
		buf_printf(out, "%s %s (%zu KB)", i ? "," : "", l.nodes[i]->path,
			   (node_size(l.nodes[i]) + 1023) >> 10);
}
