/* The commands that follow the leader: cluster.on_elected, on_resigned and on_live. */
#ifndef ZKNGINX_LEADER_COMMANDS_H
#define ZKNGINX_LEADER_COMMANDS_H

#include "host/hook.h"
#include "leader_context.h"

enum leader_event { LEADER_ELECTED, LEADER_RESIGNED, LEADER_LIVE, LEADER_EVENT_N };

struct leader_commands {
	struct hooks *hooks; /* a queue of its own: no other command may delay these */
	struct leader_context *c;
	bool leaving; /* the loop ends when cluster.on_resigned has run */
};

void leader_commands_init(struct leader_commands *m, struct leader_context *c);
void leader_commands_fini(struct leader_commands *m);
/* live: the list as it was written last; "" where it is not known. */
void leader_commands_run(struct leader_commands *m, enum leader_event event, const char *live);

#endif
