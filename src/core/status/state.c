/* The state of a host: the first line of the table that applies. */
#include "state.h"

enum status_state status_choose(const struct status_facts *f)
{
	const struct {
		bool applies;
		enum status_state state;
	} table[] = {
		{ !f->connected, STATUS_DISCONNECTED },
		{ !f->has_tree || f->excluded, STATUS_WAITING },
		{ f->busy, STATUS_DEPLOYING },
		{ f->rejected, STATUS_REJECTED },
		{ !f->running, STATUS_WAITING },
		{ f->held, STATUS_HELD },
		{ f->pending, STATUS_DEPLOYING },
		{ f->problems > 0 || f->partial, STATUS_DEGRADED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].applies)
			return table[i].state;
	}
	return STATUS_APPLIED;
}

const char *status_not_ready(const struct status *s)
{
	const struct {
		bool applies;
		const char *why;
	} table[] = {
		{ s->nginx.state != NGINX_STATE_RUNNING, "nginx does not run" },
		{ !s->nginx.responding, "the nginx master does not handle signals" },
		{ s->nginx.workers == 0, "nginx has no workers" },
		{ s->nginx.included == STATUS_NO,
		  "nginx.conf does not include the generated files" },
		{ !s->revision_applied || !*s->revision_applied,
		  "nginx is not known to run any revision yet" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].applies)
			return table[i].why;
	}
	return NULL;
}
