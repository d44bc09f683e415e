/* Patience: a limit that doubles while searches are dropped that were of no use. */
#include "patience.h"

void patience_init(struct patience *p)
{
	p->limit = PATIENCE_FIRST;
}

void patience_begin(struct patience *p, uint64_t now)
{
	p->ends = now + p->limit;
}

bool patience_is_over(const struct patience *p, uint64_t now)
{
	return now >= p->ends;
}

void patience_drop(struct patience *p, bool was_useful)
{
	if (was_useful)
		return;
	p->limit *= 2;
	if (p->limit > PATIENCE_MAX)
		p->limit = PATIENCE_MAX;
}
