/* See decoded_runs.h. There are few models at a time: what nginx runs, what is tried, what is next.
 */
#include <stdlib.h>

#include <zknginx/err.h>

#include "decoded.h"
#include "decoded_runs.h"

struct loan {
	struct decoded_runs *of;
	unsigned long run;
};

struct dropped {
	const struct decoded *decoded;
	unsigned long first, last;
};

struct decoded_runs {
	unsigned users; /* the cache, and each loan */
	unsigned long now;
	struct loan **loans;
	size_t loan_count, loan_room;
	struct dropped *dropped;
	size_t dropped_count, dropped_room;
};

static void leave(struct decoded_runs *r)
{
	if (--r->users)
		return;
	free(r->loans);
	free(r->dropped);
	free(r);
}

struct decoded_runs *decoded_runs_new(void)
{
	struct decoded_runs *r = xcalloc(1, sizeof(*r));

	r->users = 1;
	return r;
}

void decoded_runs_close(struct decoded_runs *r)
{
	if (r)
		leave(r);
}

void decoded_runs_begin(struct decoded_runs *r)
{
	r->now++;
}

unsigned long decoded_runs_now(const struct decoded_runs *r)
{
	return r->now;
}

static bool is_lent(const struct decoded_runs *r, unsigned long first, unsigned long last)
{
	for (size_t i = 0; i < r->loan_count; i++) {
		if (r->loans[i]->run >= first && r->loans[i]->run <= last)
			return true;
	}
	return false;
}

static void free_dropped(struct decoded_runs *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->dropped_count; i++) {
		const struct dropped *d = &r->dropped[i];

		if (is_lent(r, d->first, d->last))
			r->dropped[kept++] = *d;
		else
			decoded_unref(d->decoded);
	}
	r->dropped_count = kept;
}

static void end_loan(const void *loan)
{
	const struct loan *l = loan;
	struct decoded_runs *r = l->of;
	size_t i = 0;

	while (r->loans[i] != l)
		i++;
	r->loans[i] = r->loans[--r->loan_count];
	free_dropped(r);
	leave(r);
}

void decoded_runs_lend(struct decoded_runs *r, struct arena *a)
{
	struct loan *l = arena_new_of(a, struct loan);

	*l = (struct loan){ r, r->now };
	r->loans = xgrow(r->loans, r->loan_count, &r->loan_room, sizeof(struct loan *));
	r->loans[r->loan_count++] = l;
	r->users++;
	arena_own(a, l, end_loan);
}

void decoded_runs_drop(struct decoded_runs *r, const struct decoded *d, unsigned long first,
		       unsigned long last)
{
	if (!is_lent(r, first, last)) {
		decoded_unref(d);
		return;
	}
	r->dropped = xgrow(r->dropped, r->dropped_count, &r->dropped_room, sizeof(*r->dropped));
	r->dropped[r->dropped_count++] = (struct dropped){ d, first, last };
}
