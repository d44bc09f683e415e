/*
 * What a group may capture, by following the regex over every URI that there may be.
 *
 * A run of the automaton is at a node, with the subject at a place. Three sweeps, each until
 * nothing is new: from where a match is still possible (`alive`), where a search gets to
 * (`reached`), and, from the group's beginning to its end, which place the text that is being made
 * has when the subject has this one (`inside`). All possible matches are followed, not only the one
 * that PCRE would choose.
 */
#include <zknginx/arena.h>
#include <zknginx/macros.h>

#include "policy_capture.h"

#define OUT_BIT PLACE_BIT(PLACE_OUT)
#define ALL_PLACES (OUT_BIT - 1)

struct tracing {
	const struct regex *regex;
	const struct uri_world *world;
	unsigned group;
	unsigned *alive;               /* per node: places of the subject */
	unsigned *reached;             /* per node: places of the subject */
	unsigned (*inside)[PLACE_OUT]; /* per node and place of the subject: places of the text */
	bool changed, around;          /* around: leave the group out */
};

static void merge(struct tracing *t, unsigned *set, unsigned more)
{
	if (more & ~*set)
		t->changed = true;
	*set |= more;
}

/* May the subject end here, or go on with one of the letters? */
static bool may_stop(unsigned place, unsigned letters, const struct uri_world *w)
{
	if (place_may_end(place, w))
		return true;
	for (unsigned letter = 1; letter <= LETTERS_ALL; letter *= 2) {
		if ((letters & letter) && place_step(place, letter, w) != PLACE_OUT)
			return true;
	}
	return false;
}

static bool node_lets(const struct node *n, unsigned place, const struct uri_world *w)
{
	switch (n->kind) {
	case NODE_FIRST:
		return place == PLACE_START;
	case NODE_LAST:
		return place_may_end(place, w);
	case NODE_NEARLY:
		return may_stop(place, w->odd ? LETTER_OTHER : 0, w);
	case NODE_STOP:
		return may_stop(place, w->odd ? n->letters : n->plain_letters, w);
	default:
		return true;
	}
}

/* The places from which this node can take the match to its end. */
static unsigned alive_places(const struct tracing *t, const struct node *n)
{
	unsigned next = n->next < 0 ? 0 : t->alive[n->next], places = 0;

	if (n->kind == NODE_ACCEPT)
		return ALL_PLACES;
	if (n->kind == NODE_SPLIT)
		return next | (n->other < 0 ? 0 : t->alive[n->other]);
	for (unsigned place = 0; place < PLACE_OUT; place++) {
		if (n->kind != NODE_LETTER) {
			if (node_lets(n, place, t->world))
				places |= next & PLACE_BIT(place);
			continue;
		}
		for (unsigned letter = 1; letter <= LETTERS_ALL; letter *= 2) {
			if ((n->letters & letter) &&
			    (next & PLACE_BIT(place_step(place, letter, t->world))))
				places |= PLACE_BIT(place);
		}
	}
	return places;
}

static void find_alive(struct tracing *t)
{
	do {
		t->changed = false;
		for (int i = t->regex->count - 1; i >= 0; i--)
			merge(t, &t->alive[i], alive_places(t, &t->regex->nodes[i]));
	} while (t->changed);
}

/* The subject, at a place, goes on to node `to`; within the group, with the text's places. */
static void enter(struct tracing *t, int to, unsigned place, unsigned text)
{
	if (to < 0 || place == PLACE_OUT || !(t->alive[to] & PLACE_BIT(place)))
		return;
	if (text)
		merge(t, &t->inside[to][place], text);
	else
		merge(t, &t->reached[to], PLACE_BIT(place));
}

/* text: 0 outside of the group. */
static void advance(struct tracing *t, const struct node *n, unsigned place, unsigned text)
{
	if (n->kind == NODE_LETTER) {
		for (unsigned letter = 1; letter <= LETTERS_ALL; letter *= 2) {
			if (n->letters & letter)
				enter(t, n->next, place_step(place, letter, t->world),
				      places_step(text, letter, t->world));
		}
		return;
	}
	if (!node_lets(n, place, t->world))
		return;
	enter(t, n->next, place, text);
	if (n->kind == NODE_SPLIT)
		enter(t, n->other, place, text);
}

static bool is_group(const struct tracing *t, const struct node *n, enum node_kind kind)
{
	return n->kind == kind && n->group == t->group;
}

static void sweep_node(struct tracing *t, int i, unsigned from, unsigned *result)
{
	const struct node *n = &t->regex->nodes[i];

	for (unsigned place = 0; place < PLACE_OUT; place++) {
		unsigned text = t->inside[i][place];

		if ((t->reached[i] & PLACE_BIT(place)) && !(t->around && is_group(t, n, NODE_OPEN)))
			advance(t, n, place, 0);
		if ((t->reached[i] & PLACE_BIT(place)) && !t->around && is_group(t, n, NODE_OPEN))
			enter(t, n->next, place, from);
		if (!text)
			continue;
		if (is_group(t, n, NODE_CLOSE))
			*result |= text;
		else
			advance(t, n, place, text);
	}
}

static unsigned sweep(struct tracing *t, unsigned from)
{
	unsigned result = 0;

	enter(t, t->regex->start, PLACE_START, 0);
	do {
		t->changed = false;
		for (int i = 0; i < t->regex->count; i++)
			sweep_node(t, i, from, &result);
	} while (t->changed);
	return result;
}

static bool is_matched(const struct tracing *t)
{
	for (int i = 0; i < t->regex->count; i++) {
		if (t->regex->nodes[i].kind == NODE_ACCEPT && t->reached[i])
			return true;
	}
	return false;
}

unsigned capture_places(const struct regex *r, unsigned group, unsigned from,
			const struct uri_world *w)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	size_t count = (size_t)r->count;
	struct tracing t = { .regex = r, .world = w, .group = group, .around = true };
	unsigned unset;

	t.alive = arena_array(a, unsigned, count);
	t.reached = arena_array(a, unsigned, count);
	t.inside = arena_alloc(a, count * sizeof(*t.inside));
	find_alive(&t);
	sweep(&t, from);
	unset = is_matched(&t) ? from : 0;
	t.around = false;
	return unset | sweep(&t, from);
}
