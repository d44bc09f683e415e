/*
 * The units of a search: the state and the needs of each.
 *
 * A unit is open, postponed, taken, or set aside. One that is postponed becomes open later. One
 * that is set aside is doubted (a hint named it) or proved (a test failed with it and passed
 * without it). A unit comes after those that it needs.
 */
#ifndef ZKNGINX_CORE_SEARCH_UNITS_H
#define ZKNGINX_CORE_SEARCH_UNITS_H

#include <stdint.h>

#include "search.h"

#define NO_UNIT SIZE_MAX

enum place { OPEN, POSTPONED, TAKEN, ASIDE };

struct unit {
	enum place place;
	bool proved;
	size_t proof;  /* proved on top of so many taken units */
	size_t tried;  /* on top of so many taken units its group was tried last */
	size_t reason; /* tag of the failure, or NO_UNIT */
	size_t group;
	size_t needed; /* index of the first of its needs, or NO_UNIT */
};

struct need {
	size_t unit, next; /* the needed unit; the next need of the same unit, or NO_UNIT */
};

struct search_units {
	struct unit *items;
	size_t count;
	struct need *needs;
	size_t need_count, need_room;
	size_t taken, doubted; /* how many */
};

void units_init(struct search_units *us, size_t count);
void units_fini(struct search_units *us);
void units_need(struct search_units *us, size_t unit, size_t needed);

void units_take(struct search_units *us, size_t unit);
void units_doubt(struct search_units *us, size_t unit, size_t tag);
/*
 * Doubts all open units of the list, if there are several: where a failure does harm, all suspects
 * are left out at once.
 */
bool units_doubt_all(struct search_units *us, const size_t *list, size_t count, size_t tag);
/* A test proved it, on top of the units that are taken now. */
void units_refuse(struct search_units *us, size_t unit, size_t tag);
/* The hints were wrong: all doubted units are open again. */
void units_reopen_doubted(struct search_units *us);
/* A proof is old if fewer units were taken then than now: the unit may pass now. These are open
 * again. */
void units_reopen_old(struct search_units *us);
/* All postponed units are open; false: there are none. */
bool units_open_postponed(struct search_units *us);

bool unit_is_doubted(const struct unit *u);
/* Are all units that it needs taken? */
bool units_need_nothing(const struct search_units *us, size_t unit);
enum search_fate units_fate(const struct search_units *us, size_t unit);
size_t units_first_doubted(const struct search_units *us);
/* From `after` on, in a circle: a unit that is set aside and whose needs are taken, and that was
 * not proved, or on top of fewer units (frugal: these are left out); NO_UNIT: there is none. */
size_t units_next_alone(const struct search_units *us, size_t after, bool frugal);
/* The first from `from` on whose proof is old, or the count. */
size_t units_next_old(const struct search_units *us, size_t from);
/* The last in order of the open units that the hints name: of several the newcomer loses. */
size_t units_last_hinted(const struct search_units *us, const size_t *hints, size_t count);
/* No unit is open that could be taken, and none is postponed or doubted. */
bool units_are_settled(const struct search_units *us);
bool units_in_group(const struct search_units *us, size_t i, size_t group);
/* A group of which several units are set aside, but not all that are, to be tried; 0: none. */
size_t units_next_group(const struct search_units *us);
/* They were tried together on top of what is taken, and failed. */
void units_group_failed(struct search_units *us, size_t group);
size_t units_aside(const struct search_units *us);

/* Mark the taken units. */
void units_mark_taken(const struct search_units *us, bool *take);
/* The same, and in their order the open units of which all needs are marked. */
void units_mark_open(const struct search_units *us, bool *take);
/* The open units among these, in order; returns how many. */
size_t units_list_open(const struct search_units *us, size_t *list);
/* Lists this unit after all units that it needs and that are not taken; returns how many. */
size_t units_list_with_needs(const struct search_units *us, size_t unit, size_t *list);

#endif
