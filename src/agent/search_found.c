/* From the end of a search into quarantine. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "search_found.h"
#include "sys/timing.h"

struct finding {
	struct quarantine *quarantine;
	enum problem_kind kind;
	const char *ground;
	uint64_t grace;
};

static void refuse(void *finding, const struct change *c, const char *message)
{
	struct finding *f = finding;

	if (message)
		quarantine_add(f->quarantine, c->path, c->to, f->kind, message, timing_now());
	else
		quarantine_keep(f->quarantine, c->path, c->to, timing_now());
}

static void lose(void *finding, const struct change *c, const char *message)
{
	struct finding *f = finding;
	CLEANUP(freep)
	char *text =
		xasprintf("nginx -t refuses this znode, which has not changed since nginx loaded "
			  "it: %s; nginx still runs it, but a start of nginx would fail; "
			  "after nginx.lost_ground (%.0f s) it is left out of the next change",
			  message ?: f->ground, (double)f->grace / (double)USEC_PER_SEC);

	quarantine_lose(f->quarantine, c->to, text, timing_now() + f->grace);
}

size_t search_found_refused(const struct refusal_search *s, struct quarantine *q,
			    enum problem_kind kind)
{
	struct finding f = { .quarantine = q, .kind = kind };

	return refusal_search_refused(s, refuse, &f);
}

void search_found_lost(const struct refusal_search *s, struct quarantine *q, const char *ground,
		       uint64_t grace)
{
	struct finding f = { .quarantine = q, .ground = ground, .grace = grace };

	refusal_search_refused(s, lose, &f);
}
