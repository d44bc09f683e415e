/*
 * The search is a state machine; its states are what is tested next.
 *
 *	ALL	all open units on top of those that are taken. While nginx's hints hold, each
 *failure sets one unit aside as doubted, and the rest is tested again. VERIFY	many units are
 *doubted and none is proved: one of them is tested alone. When it passes, the hints were wrong, and
 *all doubted units are open again.
 *	BISECT	a prefix of the list. The empty prefix passes and the whole list fails, so there is
 *		a place where one unit more makes the difference, found in log2(n) tests.
 *	ALONE	one unit that is set aside, on top of all that is taken.
 *	GROUP	the refused units that were changed together.
 *	TOGETHER	all units that are left, as they may need each other.
 *
 * Always true: the taken units pass together, and a unit is open, taken, or set aside. Units
 * are taken in their order, and a unit comes after those that it needs.
 */
#include <stdint.h>
#include <stdlib.h>

#include <zknginx/err.h>
#include <zknginx/search.h>

enum phase { PHASE_ALL, PHASE_VERIFY, PHASE_BISECT, PHASE_ALONE, PHASE_GROUP, PHASE_TOGETHER };

enum place { OPEN, TAKEN, ASIDE };

struct unit {
	enum place place;
	bool proved;   /* set aside, and a test has failed with it and passed without it … */
	size_t proof;  /* … on top of so many taken units */
	size_t tried;  /* GROUP: on top of so many taken units its group was tried last */
	size_t reason; /* tag of the failure */
	size_t group;
	size_t needed; /* first of its needs in `needs`, or NONE */
};

struct need {
	size_t unit, next; /* the needed unit; the next of the same needy one, or NONE */
};

struct search {
	struct unit *units;
	size_t count;
	struct need *needs;
	size_t need_count, need_room;
	enum phase phase;
	size_t *list; /* of PHASE_VERIFY and PHASE_BISECT, in order */
	size_t list_count, low, high;
	size_t alone, group;
	size_t taken, tests;
	size_t doubted, limit, step; /* how many are doubted; how many may be; what a proof adds */
	size_t last; /* the unit that was doubted last, when it alone was left out */
	size_t failed_tag;
	bool frugal, tried_together;
	size_t together_at; /* on top of so many taken units */
};

#define NONE SIZE_MAX

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

	s->count = count;
	s->units = xcalloc(count + 1, sizeof(*s->units));
	s->list = xcalloc(count + 1, sizeof(*s->list));
	for (size_t i = 0; i < count; i++)
		s->units[i] = (struct unit){ .tried = NONE, .reason = NONE, .needed = NONE };
	s->step = s->limit = log2_of(count + 1) / 2 + 4;
	s->last = NONE;
	return s;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	free(s->units);
	free(s->needs);
	free(s->list);
	free(s);
}

void search_need(struct search *s, size_t unit, size_t needed)
{
	if (needed >= unit || unit >= s->count)
		die("search: unit %zu cannot need unit %zu", unit, needed);
	if (s->need_count == s->need_room) {
		s->need_room = s->need_room ? 2 * s->need_room : 64;
		s->needs = xrealloc(s->needs, s->need_room * sizeof(*s->needs));
	}
	s->needs[s->need_count] = (struct need){ needed, s->units[unit].needed };
	s->units[unit].needed = s->need_count++;
}

void search_set_aside(struct search *s, size_t unit)
{
	s->units[unit].place = ASIDE;
}

void search_group(struct search *s, size_t unit, size_t group)
{
	s->units[unit].group = group;
}

void search_be_frugal(struct search *s)
{
	s->frugal = true;
}

/* --- sets ------------------------------------------------------------------------------------ */

/* Mark the taken units, and in their order those open ones of which all needs are marked. */
static size_t mark_open(const struct search *s, bool *take)
{
	size_t open = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct unit *u = &s->units[i];

		take[i] = u->place != ASIDE;
		for (size_t n = u->needed; take[i] && n != NONE; n = s->needs[n].next)
			take[i] = take[s->needs[n].unit];
		open += take[i] && u->place == OPEN;
	}
	return open;
}

static bool needs_hold(const struct search *s, size_t unit)
{
	for (size_t n = s->units[unit].needed; n != NONE; n = s->needs[n].next) {
		if (s->units[s->needs[n].unit].place != TAKEN)
			return false;
	}
	return true;
}

/* The open units that can be taken, as the list; returns how many. */
static size_t list_open(struct search *s)
{
	bool *take = xcalloc(s->count + 1, sizeof(*take));

	mark_open(s, take);
	s->list_count = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (take[i] && s->units[i].place == OPEN)
			s->list[s->list_count++] = i;
	}
	free(take);
	return s->list_count;
}

/* A doubted unit with the open ones that it needs, as the list. */
static void list_with_needs(struct search *s, size_t unit)
{
	bool *wanted = xcalloc(s->count + 1, sizeof(*wanted));

	wanted[unit] = true;
	s->list_count = 0;
	for (size_t i = unit + 1; i-- > 0;) {
		for (size_t n = s->units[i].needed; wanted[i] && n != NONE; n = s->needs[n].next)
			wanted[s->needs[n].unit] = true;
	}
	for (size_t i = 0; i <= unit; i++) {
		if (wanted[i] && s->units[i].place != TAKEN)
			s->list[s->list_count++] = i;
	}
	free(wanted);
}

static void take_unit(struct search *s, size_t unit)
{
	struct unit *u = &s->units[unit];

	s->doubted -= u->place == ASIDE && !u->proved && u->reason != NONE;
	u->place = TAKEN;
	s->taken++;
}

static void take_list(struct search *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take_unit(s, s->list[i]);
}

static void refuse(struct search *s, size_t unit, size_t tag)
{
	struct unit *u = &s->units[unit];

	s->doubted -= u->place == ASIDE && !u->proved && u->reason != NONE;
	u->place = ASIDE;
	u->proved = true;
	u->proof = s->taken;
	u->reason = tag;
}

static void doubt(struct search *s, size_t unit, size_t tag)
{
	s->units[unit].place = ASIDE;
	s->units[unit].proved = false;
	s->units[unit].reason = tag;
	s->doubted++;
}

/* The hints were wrong. */
static void reopen_doubted(struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct unit *u = &s->units[i];

		if (u->place != ASIDE || u->proved || u->reason == NONE)
			continue;
		u->place = OPEN;
		u->reason = NONE;
	}
	s->doubted = 0;
}

/* --- what comes next ------------------------------------------------------------------------- */

static size_t first_doubted(const struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->units[i].place == ASIDE && !s->units[i].proved && s->units[i].reason != NONE)
			return i;
	}
	return NONE;
}

/* Does this unit deserve a test by itself? Not if it failed on top of exactly this. */
static bool is_stale(const struct search *s, size_t i)
{
	const struct unit *u = &s->units[i];

	if (u->place != ASIDE || !needs_hold(s, i))
		return false;
	return !u->proved || (!s->frugal && u->proof != s->taken);
}

/* From `after` on, so that each of a round has its turn before one has its second. */
static size_t next_stale(const struct search *s, size_t after)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t at = (after + i) % s->count;

		if (is_stale(s, at))
			return at;
	}
	return NONE;
}

static bool is_in_group(const struct search *s, size_t i, size_t group)
{
	return s->units[i].place == ASIDE && s->units[i].group == group;
}

/* A group of which several units are set aside, but not all that are, to be tried. */
static size_t next_group(const struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct unit *u = &s->units[i];
		size_t members = 0, others = 0;

		if (u->place != ASIDE || !u->group || u->tried == s->taken)
			continue;
		for (size_t j = 0; j < s->count; j++) {
			members += is_in_group(s, j, u->group);
			others += s->units[j].place == ASIDE && s->units[j].group != u->group;
		}
		if (members > 1 && others)
			return u->group;
	}
	return 0;
}

static size_t count_aside(const struct search *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->units[i].place == ASIDE;
	return n;
}

static bool choose_leftovers(struct search *s)
{
	s->alone = next_stale(s, s->alone == NONE ? 0 : s->alone);
	if (s->alone != NONE) {
		s->phase = PHASE_ALONE;
		return true;
	}
	if (s->frugal)
		return false;
	s->group = next_group(s);
	if (s->group) {
		s->phase = PHASE_GROUP;
		return true;
	}
	if (count_aside(s) < 2 || (s->tried_together && s->together_at == s->taken))
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
	if (s->phase == PHASE_BISECT || s->phase == PHASE_VERIFY)
		return true;
	if (list_open(s)) {
		s->phase = PHASE_ALL;
		return true;
	}
	s->last = NONE;
	return choose_leftovers(s);
}

static void mark_taken(const struct search *s, bool *take)
{
	for (size_t i = 0; i < s->count; i++)
		take[i] = s->units[i].place == TAKEN;
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
	return s->phase == PHASE_GROUP ? is_in_group(s, i, s->group) : s->units[i].place != TAKEN;
}

static void mark_added(const struct search *s, bool *take)
{
	for (size_t i = 0; i < s->count; i++)
		take[i] = take[i] || is_added(s, i);
}

bool search_next(struct search *s, bool *take)
{
	if (!choose_phase(s))
		return false;
	s->tests++;
	if (s->phase == PHASE_ALL) {
		mark_open(s, take);
		return true;
	}
	mark_taken(s, take);
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

/* One unit more makes the difference: it is found. */
static void end_bisect(struct search *s)
{
	size_t culprit = s->list[s->high - 1];

	take_list(s, s->high - 1);
	refuse(s, culprit, s->failed_tag);
	s->limit = s->doubted + s->step;
	s->last = NONE;
	s->phase = PHASE_ALL;
}

static void narrow(struct search *s, bool passed)
{
	if (passed)
		s->low = middle(s);
	else
		s->high = middle(s);
	if (s->high - s->low == 1)
		end_bisect(s);
}

static void all_passed(struct search *s)
{
	take_list(s, s->list_count);
	/* The test before this one differed in the last doubted unit alone, and failed. */
	if (s->last != NONE)
		refuse(s, s->last, s->units[s->last].reason);
	s->last = NONE;
}

static void verify_passed(struct search *s)
{
	take_list(s, s->list_count);
	reopen_doubted(s);
	s->limit = 0; /* the next failure is not left to hints */
	s->phase = PHASE_ALL;
}

static void take_added(struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (is_added(s, i))
			take_unit(s, i);
	}
}

void search_passed(struct search *s)
{
	switch (s->phase) {
	case PHASE_ALL:
		all_passed(s);
		break;
	case PHASE_VERIFY:
		verify_passed(s);
		break;
	case PHASE_BISECT:
		narrow(s, true);
		break;
	case PHASE_ALONE:
		take_unit(s, s->alone);
		break;
	case PHASE_GROUP:
	case PHASE_TOGETHER:
		take_added(s);
		break;
	}
}

/* The last in order of the open units that the hints name: of several the newcomer loses. */
static size_t hinted(const struct search *s, const size_t *hints, size_t count)
{
	size_t found = NONE;

	for (size_t i = 0; i < count; i++) {
		if (hints[i] < s->count && s->units[hints[i]].place == OPEN &&
		    (found == NONE || hints[i] > found))
			found = hints[i];
	}
	return found;
}

static void all_failed(struct search *s, size_t hint, size_t tag)
{
	size_t before = s->list_count;

	s->last = NONE;
	if (s->list_count == 1) {
		refuse(s, s->list[0], tag);
	} else if (hint != NONE && s->doubted < s->limit) {
		doubt(s, hint, tag);
		if (before - list_open(s) == 1)
			s->last = hint;
	} else if (hint != NONE && s->doubted) {
		s->phase = PHASE_VERIFY;
		list_with_needs(s, first_doubted(s));
	} else {
		begin_bisect(s);
	}
}

static void verify_failed(struct search *s, size_t tag)
{
	s->phase = PHASE_ALL;
	if (s->list_count == 1) {
		refuse(s, s->list[0], tag);
		s->limit = s->doubted + s->step;
	} else {
		begin_bisect(s);
	}
}

static void group_failed(struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (is_in_group(s, i, s->group))
			s->units[i].tried = s->taken;
	}
}

void search_failed(struct search *s, const size_t *hints, size_t hint_count, size_t tag)
{
	s->failed_tag = tag;
	switch (s->phase) {
	case PHASE_ALL:
		all_failed(s, hinted(s, hints, hint_count), tag);
		break;
	case PHASE_VERIFY:
		verify_failed(s, tag);
		break;
	case PHASE_BISECT:
		narrow(s, false);
		break;
	case PHASE_ALONE:
		refuse(s, s->alone, tag);
		break;
	case PHASE_GROUP:
		group_failed(s);
		break;
	case PHASE_TOGETHER:
		s->tried_together = true;
		s->together_at = s->taken;
		break;
	}
}

/* --- what is known --------------------------------------------------------------------------- */

enum search_fate search_fate(const struct search *s, size_t unit)
{
	const struct unit *u = &s->units[unit];

	if (u->place == TAKEN)
		return SEARCH_TAKEN;
	for (size_t n = u->needed; n != NONE; n = s->needs[n].next) {
		enum search_fate fate = search_fate(s, s->needs[n].unit);

		if (fate == SEARCH_REFUSED || fate == SEARCH_BLOCKED)
			return SEARCH_BLOCKED;
	}
	return u->place == ASIDE ? SEARCH_REFUSED : SEARCH_OPEN;
}

size_t search_reason(const struct search *s, size_t unit)
{
	return s->units[unit].reason;
}

size_t search_taken(const struct search *s)
{
	return s->taken;
}

size_t search_tests(const struct search *s)
{
	return s->tests;
}
