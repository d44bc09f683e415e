/*
 * Search: which part of a change does nginx take?
 *
 * A change consists of units, 0 to count - 1. What nginx runs now passes without any of them; all
 * of them together do not. The caller tests what search_next() asks for and tells the result, until
 * search_next() says that the search is over. What is taken then passes together, and no refused
 * unit can be added to it.
 *
 * The order of units is a preference: of two units that exclude each other the earlier one is
 * taken. Hints (units that nginx's message names) make the search shorter and never decide it: a
 * unit is refused only after a test that failed with it and passed without it.
 *
 * A search can be stopped in the middle. The units that it has left open can be postponed in the
 * next search, so that the units of a newer change do not wait for them.
 *
 * The number of tests, of k refused units among n: with good hints 2 to 3 each; without any, or
 * with wrong ones, at most k * (2 * log2(n) + 10) + 2. A unit that passes only with a later one
 * counts as one of the k, and so does a failure of before (search_failed_before).
 * tests/unit/test_search.c checks these numbers.
 *
 * Pure; nothing is known of nginx here.
 */
#ifndef ZKNGINX_SEARCH_H
#define ZKNGINX_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include <zknginx/macros.h>

struct search;

struct search *search_new(size_t count);
void search_free(struct search *s);
DEFINE_CLEANUP(struct search *, search_free)

/* Before the first search_next(). `unit` has no meaning without `needed`, an earlier unit. */
void search_need(struct search *s, size_t unit, size_t needed);
/* Before the first search_next(). Refused in an earlier search: it is tried at the end, alone. */
void search_set_aside(struct search *s, size_t unit);
/* Before the first search_next(). An earlier search was stopped before this was known: it is open
 * when nothing else is. So of two units that exclude each other the one that is not postponed is
 * taken. */
void search_postpone(struct search *s, size_t unit);
/* Before the first search_next(). Units of one group were changed together and may need each
 * other: refused ones of a group are tried together, too. 0: no group. */
void search_group(struct search *s, size_t unit, size_t group);
/* Tests that fail do harm: try no unit again that was proved to be refused. */
void search_be_frugal(struct search *s);

/* True: test what nginx runs now with the units whose take[i] is true. */
bool search_next(struct search *s, bool *take);
void search_passed(struct search *s);
/* tag: the caller's own number of this failure, see search_reason(). */
void search_failed(struct search *s, const size_t *hints, size_t hint_count, size_t tag);
/* Before the first search_next(), in place of a first test: all units together failed a while ago.
 * The hints of that failure are used, but it proves nothing: its cause may be over. */
void search_failed_before(struct search *s, const size_t *hints, size_t hint_count, size_t tag);

/* Ends it in the middle. What is only doubted is open again, so what is refused was proved, or set
 * aside at the start. search_next() then asks once for each unit that was proved on top of fewer
 * units than are taken now, as it may pass now. */
void search_stop(struct search *s);

/* After that: what it would still ask for is open again. */
void search_open_rest(struct search *s);

/* At the end, or in the middle: */
enum search_fate {
	SEARCH_OPEN,    /* not known yet */
	SEARCH_TAKEN,   /* passes together with all others that are taken */
	SEARCH_REFUSED, /* … */
	SEARCH_BLOCKED, /* needs a refused unit; only when the search is over */
};
enum search_fate search_fate(const struct search *s, size_t unit);
/*
 * The tag of the failure that explains a refused unit; SIZE_MAX: it was set aside at the start and
 * was not tried.
 */
size_t search_reason(const struct search *s, size_t unit);
size_t search_taken(const struct search *s);
/*
 * Is everything known, except whether the units that were set aside at the start pass now? Then the
 * caller may stop.
 */
bool search_is_settled(const struct search *s);
/* Tests so far. */
size_t search_tests(const struct search *s);

#endif
