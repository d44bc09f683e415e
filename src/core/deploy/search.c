/*
 * The search is a state machine; its states are what is tested next.
 *
 *	ALL	all open units on top of those that are taken. While nginx's hints hold,
 *		each failure sets one unit aside as doubted, and the rest is tested again.
 *	VERIFY	many units are doubted and none is proved: one of them is tested alone. When
 *		it passes, the hints were wrong, and all doubted units are open again.
 *	BISECT	a prefix of the list. The empty prefix passes and the whole list fails, so
 *		one unit more makes the difference somewhere: log2(n) tests find it.
 *	ALONE	one unit that is set aside, on top of all that is taken.
 *	GROUP	the refused units that were changed together.
 *	TOGETHER	all units that are left, as they may need each other.
 *
 * The taken units always pass together. Units are taken in their order, and a unit comes after
 * those that it needs. Postponed units are open when no other is. A search that is stopped tests
 * ALONE what may pass by now, and ends.
 */
#include <stdlib.h>

#include <zknginx/err.h>

#include "search.h"
#include "search_units.h"

enum phase { PHASE_ALL, PHASE_VERIFY, PHASE_BISECT, PHASE_ALONE, PHASE_GROUP, PHASE_TOGETHER };

struct search {
	struct search_units units;
	enum phase phase;
	size_t *list; /* of PHASE_VERIFY and PHASE_BISECT, in order */
	size_t list_count, low, high;
	size_t alone, group;
	size_t tests;
	size_t limit, step;  /* how many units may be doubted; what a proof adds */
	size_t last;         /* the unit that was doubted last, when it alone was left out */
	const size_t *hints; /* of the failure at hand */
	size_t hint_count, failed_tag;
	bool frugal, tried_together;
	size_t rest;   /* NO_UNIT until it is stopped; then the next unit that may pass by now */
	bool unproved; /* that all open units fail is told; no test of this search has shown it */
	size_t together_at; /* on top of so many taken units */
};

static size_t log2_of(size_t n)
{
	size_t result = 0;

	while (((size_t)1 << result) < n)
		result++;
	return result;
}

struct search *search_new(size_t count)
{
	struct search *s = xcalloc(1, sizeof(*s));

	units_init(&s->units, count);
	s->list = xcalloc(count + 1, sizeof(*s->list));
	s->step = s->limit = log2_of(count + 1) / 2 + 4;
	s->last = s->rest = NO_UNIT;
	return s;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	units_fini(&s->units);
	free(s->list);
	free(s);
}

void search_need(struct search *s, size_t unit, size_t needed)
{
	units_need(&s->units, unit, needed);
}

void search_set_aside(struct search *s, size_t unit)
{
	s->units.items[unit].place = ASIDE;
}

void search_postpone(struct search *s, size_t unit)
{
	s->units.items[unit].place = POSTPONED;
}

void search_group(struct search *s, size_t unit, size_t group)
{
	s->units.items[unit].group = group;
}

void search_be_frugal(struct search *s)
{
	s->frugal = true;
}

/* The open units that can be taken, as the list; returns how many. */
static size_t list_open(struct search *s)
{
	s->list_count = units_list_open(&s->units, s->list);
	return s->list_count;
}

static void take_list(struct search *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		units_take(&s->units, s->list[i]);
}

/* --- what comes next ------------------------------------------------------------------------- */

/* After the stop: each of these once. */
static bool choose_rest(struct search *s)
{
	s->phase = PHASE_ALONE;
	s->alone = units_next_old(&s->units, s->rest);
	s->rest = s->alone + 1;
	return !s->frugal && s->alone < s->units.count;
}

static bool choose_leftovers(struct search *s)
{
	s->alone = units_next_alone(&s->units, s->alone == NO_UNIT ? 0 : s->alone, s->frugal);
	if (s->alone != NO_UNIT) {
		s->phase = PHASE_ALONE;
		return true;
	}
	if (s->frugal)
		return false;
	s->group = units_next_group(&s->units);
	if (s->group) {
		s->phase = PHASE_GROUP;
		return true;
	}
	if (units_aside(&s->units) < 2 || (s->tried_together && s->together_at == s->units.taken))
		return false;
	s->phase = PHASE_TOGETHER;
	return true;
}

static void begin_bisect(struct search *s)
{
	s->phase = PHASE_BISECT;
	s->low = 0;
	s->high = s->list_count;
}

/* False: the search is over. */
static bool choose_phase(struct search *s)
{
	if (s->rest != NO_UNIT)
		return choose_rest(s);
	if (s->phase == PHASE_BISECT || s->phase == PHASE_VERIFY)
		return true;
	if (list_open(s) || (units_open_postponed(&s->units) && list_open(s))) {
		s->phase = PHASE_ALL;
		return true;
	}
	s->last = NO_UNIT;
	return choose_leftovers(s);
}

static void mark_list(const struct search *s, bool *take, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take[s->list[i]] = true;
}

static size_t middle(const struct search *s)
{
	return s->low + (s->high - s->low) / 2;
}

/* Is it one of those that GROUP or TOGETHER adds? */
static bool is_added(const struct search *s, size_t i)
{
	return s->phase == PHASE_GROUP ? units_in_group(&s->units, i, s->group)
				       : s->units.items[i].place != TAKEN;
}

static void mark_added(const struct search *s, bool *take)
{
	for (size_t i = 0; i < s->units.count; i++)
		take[i] = take[i] || is_added(s, i);
}

bool search_next(struct search *s, bool *take)
{
	if (!choose_phase(s))
		return false;
	s->tests++;
	if (s->phase == PHASE_ALL) {
		units_mark_open(&s->units, take);
		return true;
	}
	units_mark_taken(&s->units, take);
	if (s->phase == PHASE_VERIFY)
		mark_list(s, take, s->list_count);
	else if (s->phase == PHASE_BISECT)
		mark_list(s, take, middle(s));
	else if (s->phase == PHASE_ALONE)
		take[s->alone] = true;
	else
		mark_added(s, take);
	return true;
}

/* --- results --------------------------------------------------------------------------------- */

/* It is refused by a failure that a test has shown; else it is only doubted, and tested alone. */
static void refuse(struct search *s, size_t unit, size_t tag, bool proved)
{
	if (proved)
		units_refuse(&s->units, unit, tag);
	else if (!unit_is_doubted(&s->units.items[unit]))
		units_doubt(&s->units, unit, tag);
}

/* The prefix of `low` units passes, and one unit more fails: it is found. */
static void end_bisect_if_found(struct search *s)
{
	if (s->high - s->low > 1)
		return;
	take_list(s, s->low);
	refuse(s, s->list[s->low], s->failed_tag, !s->unproved || s->high < s->list_count);
	s->limit = s->units.doubted + s->step;
	s->last = NO_UNIT;
	s->phase = PHASE_ALL;
}

static void bisect_passed(struct search *s)
{
	s->low = middle(s);
	end_bisect_if_found(s);
}

static void bisect_failed(struct search *s, size_t hint UNUSED, size_t tag UNUSED)
{
	s->high = middle(s);
	end_bisect_if_found(s);
}

static void alone_passed(struct search *s)
{
	units_take(&s->units, s->alone);
}

static void alone_failed(struct search *s, size_t hint UNUSED, size_t tag)
{
	units_refuse(&s->units, s->alone, tag);
}

static void all_passed(struct search *s)
{
	take_list(s, s->list_count);
	/* The test before this one differed in the last doubted unit alone, and failed. */
	if (s->last != NO_UNIT)
		refuse(s, s->last, s->units.items[s->last].reason, !s->unproved);
	s->last = NO_UNIT;
}

static void verify_passed(struct search *s)
{
	take_list(s, s->list_count);
	units_reopen_doubted(&s->units);
	s->limit = 0; /* the next failure is not left to hints */
	s->phase = PHASE_ALL;
}

static void take_added(struct search *s)
{
	for (size_t i = 0; i < s->units.count; i++) {
		if (is_added(s, i))
			units_take(&s->units, i);
	}
}

static void (*const on_passed[])(struct search *s) = {
	[PHASE_ALL] = all_passed,       [PHASE_VERIFY] = verify_passed,
	[PHASE_BISECT] = bisect_passed, [PHASE_ALONE] = alone_passed,
	[PHASE_GROUP] = take_added,     [PHASE_TOGETHER] = take_added,
};

void search_passed(struct search *s)
{
	on_passed[s->phase](s);
}

static void all_failed(struct search *s, size_t hint, size_t tag)
{
	size_t before = s->list_count;

	s->last = NO_UNIT;
	if (s->list_count == 1) {
		refuse(s, s->list[0], tag, !s->unproved);
	} else if (s->frugal && units_doubt_all(&s->units, s->hints, s->hint_count, tag)) {
		return;
	} else if (hint != NO_UNIT && s->units.doubted < s->limit) {
		units_doubt(&s->units, hint, tag);
		if (before - list_open(s) == 1)
			s->last = hint;
	} else if (hint != NO_UNIT && s->units.doubted) {
		s->phase = PHASE_VERIFY;
		s->list_count =
			units_list_with_needs(&s->units, units_first_doubted(&s->units), s->list);
	} else {
		begin_bisect(s);
	}
}

static void verify_failed(struct search *s, size_t hint UNUSED, size_t tag)
{
	s->phase = PHASE_ALL;
	if (s->list_count == 1) {
		units_refuse(&s->units, s->list[0], tag);
		s->limit = s->units.doubted + s->step;
	} else {
		begin_bisect(s);
	}
}

static void group_failed(struct search *s, size_t hint UNUSED, size_t tag UNUSED)
{
	units_group_failed(&s->units, s->group);
}

static void together_failed(struct search *s, size_t hint UNUSED, size_t tag UNUSED)
{
	s->tried_together = true;
	s->together_at = s->units.taken;
}

static void (*const on_failed[])(struct search *s, size_t hint, size_t tag) = {
	[PHASE_ALL] = all_failed,       [PHASE_VERIFY] = verify_failed,
	[PHASE_BISECT] = bisect_failed, [PHASE_ALONE] = alone_failed,
	[PHASE_GROUP] = group_failed,   [PHASE_TOGETHER] = together_failed,
};

static void failed(struct search *s, const size_t *hints, size_t hint_count, size_t tag)
{
	s->failed_tag = tag;
	s->hints = hints;
	s->hint_count = hint_count;
	on_failed[s->phase](s, units_last_hinted(&s->units, hints, hint_count), tag);
}

void search_failed(struct search *s, const size_t *hints, size_t hint_count, size_t tag)
{
	if (s->phase == PHASE_ALL)
		s->unproved = false;
	failed(s, hints, hint_count, tag);
}

void search_failed_before(struct search *s, const size_t *hints, size_t hint_count, size_t tag)
{
	if (!choose_phase(s) || s->phase != PHASE_ALL)
		return;
	s->unproved = true;
	failed(s, hints, hint_count, tag);
}

void search_stop(struct search *s)
{
	units_reopen_doubted(&s->units);
	s->rest = 0;
}

void search_open_rest(struct search *s)
{
	if (!s->frugal)
		units_reopen_old(&s->units);
}

/* --- what is known --------------------------------------------------------------------------- */

enum search_fate search_fate(const struct search *s, size_t unit)
{
	return units_fate(&s->units, unit);
}

size_t search_reason(const struct search *s, size_t unit)
{
	return s->units.items[unit].reason;
}

bool search_is_settled(const struct search *s)
{
	return units_are_settled(&s->units);
}

size_t search_taken(const struct search *s)
{
	return s->units.taken;
}

size_t search_tests(const struct search *s)
{
	return s->tests;
}
