/* Patience: a limit that doubles while searches are dropped that were of no use. */
#include "patience.h"

#define EARLY 5

void patience_init(struct patience *p)
{
	p->limit = PATIENCE_FIRST;
}

void patience_begin(struct patience *p, uint64_t now)
{
	p->ends = now + p->limit;
	p->ends_early = now + p->limit / EARLY;
}

uint64_t patience_end(const struct patience *p, bool obsolete)
{
	return obsolete ? p->ends_early : p->ends;
}

void patience_drop(struct patience *p, bool was_useful)
{
	if (was_useful)
		return;
	p->limit *= 2;
	if (p->limit > PATIENCE_MAX)
		p->limit = PATIENCE_MAX;
}
