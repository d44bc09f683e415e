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
