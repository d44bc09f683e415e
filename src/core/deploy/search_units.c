/* The units of a search: places, needs, and the sets that are made of them. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "search_units.h"

void units_init(struct search_units *us, size_t count)
{
	*us = (struct search_units){
		.items = xcalloc(count + 1, sizeof(*us->items)),
		.count = count,
	};
	for (size_t i = 0; i < count; i++)
		us->items[i] = (struct unit){
			.tried = NO_UNIT,
			.reason = NO_UNIT,
			.needed = NO_UNIT,
		};
}

void units_fini(struct search_units *us)
{
	free(us->items);
	free(us->needs);
}

void units_need(struct search_units *us, size_t unit, size_t needed)
{
	if (needed >= unit || unit >= us->count)
		die("search: unit %zu cannot need unit %zu", unit, needed);
	if (us->need_count == us->need_room) {
		us->need_room = us->need_room ? 2 * us->need_room : 64;
		us->needs = xrealloc(us->needs, us->need_room * sizeof(*us->needs));
	}
	us->needs[us->need_count] = (struct need){ needed, us->items[unit].needed };
	us->items[unit].needed = us->need_count++;
}

static bool proof_is_old(const struct search_units *us, size_t unit)
{
	const struct unit *u = &us->items[unit];

	return u->place == ASIDE && u->proved && u->proof != us->taken;
}

/* --- moves ----------------------------------------------------------------------------------- */

bool unit_is_doubted(const struct unit *u)
{
	return u->place == ASIDE && !u->proved && u->reason != NO_UNIT;
}

void units_take(struct search_units *us, size_t unit)
{
	struct unit *u = &us->items[unit];

	us->doubted -= unit_is_doubted(u);
	u->place = TAKEN;
	us->taken++;
}

void units_doubt(struct search_units *us, size_t unit, size_t tag)
{
	struct unit *u = &us->items[unit];

	u->place = ASIDE;
	u->proved = false;
	u->reason = tag;
	us->doubted++;
}

bool units_doubt_all(struct search_units *us, const size_t *list, size_t count, size_t tag)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += list[i] < us->count && us->items[list[i]].place == OPEN;
	for (size_t i = 0; open > 1 && i < count; i++) {
		if (list[i] < us->count && us->items[list[i]].place == OPEN)
			units_doubt(us, list[i], tag);
	}
	return open > 1;
}

void units_refuse(struct search_units *us, size_t unit, size_t tag)
{
	struct unit *u = &us->items[unit];

	us->doubted -= unit_is_doubted(u);
	u->place = ASIDE;
	u->proved = true;
	u->proof = us->taken;
	u->reason = tag;
}

static void reopen(struct unit *u)
{
	u->place = OPEN;
	u->proved = false;
	u->reason = NO_UNIT;
}

void units_reopen_doubted(struct search_units *us)
{
	for (size_t i = 0; i < us->count; i++) {
		if (unit_is_doubted(&us->items[i]))
			reopen(&us->items[i]);
	}
	us->doubted = 0;
}

void units_reopen_old(struct search_units *us)
{
	for (size_t i = 0; i < us->count; i++) {
		if (proof_is_old(us, i))
			reopen(&us->items[i]);
	}
}

bool units_open_postponed(struct search_units *us)
{
	bool any = false;

	for (size_t i = 0; i < us->count; i++) {
		if (us->items[i].place != POSTPONED)
			continue;
		us->items[i].place = OPEN;
		any = true;
	}
	return any;
}

/* --- what is known --------------------------------------------------------------------------- */

bool units_need_nothing(const struct search_units *us, size_t unit)
{
	for (size_t n = us->items[unit].needed; n != NO_UNIT; n = us->needs[n].next) {
		if (us->items[us->needs[n].unit].place != TAKEN)
			return false;
	}
	return true;
}

/* A round: each has its turn before one has its second. */
size_t units_next_alone(const struct search_units *us, size_t after, bool frugal)
{
	for (size_t i = 0; i < us->count; i++) {
		size_t at = (after + i) % us->count;
		const struct unit *u = &us->items[at];

		if (u->place != ASIDE || !units_need_nothing(us, at))
			continue;
		if (!u->proved || (!frugal && u->proof != us->taken))
			return at;
	}
	return NO_UNIT;
}

size_t units_next_old(const struct search_units *us, size_t from)
{
	while (from < us->count && !(proof_is_old(us, from) && units_need_nothing(us, from)))
		from++;
	return from;
}

size_t units_first_doubted(const struct search_units *us)
{
	for (size_t i = 0; i < us->count; i++) {
		if (unit_is_doubted(&us->items[i]))
			return i;
	}
	return NO_UNIT;
}

size_t units_aside(const struct search_units *us)
{
	size_t n = 0;

	for (size_t i = 0; i < us->count; i++)
		n += us->items[i].place == ASIDE;
	return n;
}

enum search_fate units_fate(const struct search_units *us, size_t unit)
{
	const struct unit *u = &us->items[unit];

	if (u->place == TAKEN)
		return SEARCH_TAKEN;
	for (size_t n = u->needed; n != NO_UNIT; n = us->needs[n].next) {
		enum search_fate fate = units_fate(us, us->needs[n].unit);

		if (fate == SEARCH_REFUSED || fate == SEARCH_BLOCKED)
			return SEARCH_BLOCKED;
	}
	return u->place == ASIDE ? SEARCH_REFUSED : SEARCH_OPEN;
}

bool units_in_group(const struct search_units *us, size_t i, size_t group)
{
	return us->items[i].place == ASIDE && us->items[i].group == group;
}

size_t units_next_group(const struct search_units *us)
{
	for (size_t i = 0; i < us->count; i++) {
		const struct unit *u = &us->items[i];
		size_t members = 0, others = 0;

		if (u->place != ASIDE || !u->group || u->tried == us->taken)
			continue;
		for (size_t j = 0; j < us->count; j++) {
			members += units_in_group(us, j, u->group);
			others += us->items[j].place == ASIDE && us->items[j].group != u->group;
		}
		if (members > 1 && others)
			return u->group;
	}
	return 0;
}

void units_group_failed(struct search_units *us, size_t group)
{
	for (size_t i = 0; i < us->count; i++) {
		if (units_in_group(us, i, group))
			us->items[i].tried = us->taken;
	}
}

/* --- sets ------------------------------------------------------------------------------------ */

void units_mark_taken(const struct search_units *us, bool *take)
{
	for (size_t i = 0; i < us->count; i++)
		take[i] = us->items[i].place == TAKEN;
}

void units_mark_open(const struct search_units *us, bool *take)
{
	for (size_t i = 0; i < us->count; i++) {
		const struct unit *u = &us->items[i];

		take[i] = u->place == OPEN || u->place == TAKEN;
		for (size_t n = u->needed; take[i] && n != NO_UNIT; n = us->needs[n].next)
			take[i] = take[us->needs[n].unit];
	}
}

size_t units_list_open(const struct search_units *us, size_t *list)
{
	CLEANUP(freep) bool *take = xcalloc(us->count + 1, sizeof(*take));
	size_t n = 0;

	units_mark_open(us, take);
	for (size_t i = 0; i < us->count; i++) {
		if (take[i] && us->items[i].place == OPEN)
			list[n++] = i;
	}
	return n;
}

bool units_are_settled(const struct search_units *us)
{
	CLEANUP(freep) size_t *list = xcalloc(us->count + 1, sizeof(*list));

	for (size_t i = 0; i < us->count; i++) {
		if (us->items[i].place == POSTPONED)
			return false;
	}
	return !us->doubted && !units_list_open(us, list);
}

size_t units_list_with_needs(const struct search_units *us, size_t unit, size_t *list)
{
	CLEANUP(freep) bool *wanted = xcalloc(us->count + 1, sizeof(*wanted));
	size_t count = 0;

	wanted[unit] = true;
	for (size_t i = unit + 1; i-- > 0;) {
		for (size_t n = us->items[i].needed; wanted[i] && n != NO_UNIT;
		     n = us->needs[n].next)
			wanted[us->needs[n].unit] = true;
	}
	for (size_t i = 0; i <= unit; i++) {
		if (wanted[i] && us->items[i].place != TAKEN)
			list[count++] = i;
	}
	return count;
}

size_t units_last_hinted(const struct search_units *us, const size_t *hints, size_t count)
{
	size_t found = NO_UNIT;

	for (size_t i = 0; i < count; i++) {
		if (hints[i] < us->count && us->items[hints[i]].place == OPEN &&
		    (found == NO_UNIT || hints[i] > found))
			found = hints[i];
	}
	return found;
}
