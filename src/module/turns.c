/* See turns.h. */
#include "turns.h"

static bool is_old(const struct half *h)
{
	return h->weight > 2 * h->turns || h->turns > 2 * h->weight;
}

bool turns_are_old(const struct half half[2])
{
	return is_old(&half[0]) || is_old(&half[1]);
}

static void scale(struct half *h)
{
	double factor = h->turns ? (double)h->weight / (double)h->turns : 1;

	for (struct entry *e = h->first; e; e = e->next)
		e->peer->current_weight = (ngx_int_t)((double)e->peer->current_weight * factor);
	h->turns = h->weight;
}

void turns_scale(struct half half[2])
{
	scale(&half[0]);
	scale(&half[1]);
}
