/* What a search has found goes into quarantine. */
#ifndef ZKNGINX_AGENT_SEARCH_FOUND_H
#define ZKNGINX_AGENT_SEARCH_FOUND_H

#include <zknginx/problem.h>

#include "core/data/quarantine.h"
#include "refusal_search.h"

/* The changes that nginx refuses; kind: of their problems. Returns how many there are. */
size_t search_found_refused(const struct refusal_search *s, struct quarantine *q,
			    enum problem_kind kind);
/* The accepted znodes that nginx cannot load any more. ground: nginx's message about what it runs;
 * grace: nginx.lost_ground. */
void search_found_lost(const struct refusal_search *s, struct quarantine *q, const char *ground,
		       uint64_t grace);

#endif
