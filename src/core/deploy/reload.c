/*
 * The table of one deployment. A missing cell is RELOAD_CMD_UNEXPECTED (0) and keeps its state, so
 * an unexpected event is reported and changes nothing.
 *
 * Two things are always true. The link is restored after every verdict against the new generation,
 * and only then: no master, or no verdict, is not a verdict against it. And every deployment ends
 * in RELOAD_IDLE with a command that reports.
 */
#include <zknginx/macros.h>

#include "reload.h"

#define GO(s, c)                                                                                   \
	{                                                                                          \
		RELOAD_##s, RELOAD_CMD_##c                                                         \
	}

static const struct reload_step table[RELOAD_STATE_N][RELOAD_EVENT_N] = {
	[RELOAD_IDLE] = {
		[RELOAD_EV_WANT] = GO(CHECKING, CHECK),
		[RELOAD_EV_CURRENT] = GO(IDLE, KEEP),
	},
	[RELOAD_CHECKING] = {
		[RELOAD_EV_CHECK_OK] = GO(PUBLISHING, PUBLISH),
		[RELOAD_EV_CHECK_FAILED] = GO(IDLE, DISCARD),
		[RELOAD_EV_PROVED] = GO(IDLE, DISCARD),
		[RELOAD_EV_STAGE_FAILED] = GO(IDLE, DISCARD),
		[RELOAD_EV_CURRENT] = GO(IDLE, KEEP),
	},
	[RELOAD_PUBLISHING] = {
		[RELOAD_EV_PUBLISHED] = GO(SIGNALLING, SIGNAL),
		[RELOAD_EV_PUBLISH_FAILED] = GO(IDLE, DISCARD),
		[RELOAD_EV_CURRENT] = GO(IDLE, FINISH), /* its servers were changed before */
		[RELOAD_EV_TIMED_OUT] = GO(IDLE, DISCARD), /* the master was never idle */
	},
	[RELOAD_SIGNALLING] = {
		[RELOAD_EV_SIGNALLED] = GO(VERIFYING, VERIFY),
		[RELOAD_EV_MASTER_ABSENT] = GO(IDLE, DEFER),
		[RELOAD_EV_NOT_INCLUDED] = GO(IDLE, NOT_INCLUDED),
	},
	[RELOAD_VERIFYING] = {
		[RELOAD_EV_ACCEPTED] = GO(SETTLING, SETTLE),
		[RELOAD_EV_REJECTED] = GO(REVERTING, REVERT),
		[RELOAD_EV_DIED] = GO(REVERTING, REVERT),
		[RELOAD_EV_TIMED_OUT] = GO(IDLE, UNKNOWN),
		[RELOAD_EV_MASTER_ABSENT] = GO(IDLE, DEFER),
	},
	[RELOAD_SETTLING] = {
		[RELOAD_EV_SETTLED] = GO(IDLE, FINISH),
		[RELOAD_EV_DIED] = GO(REVERTING, REVERT),
		[RELOAD_EV_MASTER_ABSENT] = GO(IDLE, DEFER),
	},
	[RELOAD_REVERTING] = {
		[RELOAD_EV_REVERTED] = GO(IDLE, GIVE_BACK),
		[RELOAD_EV_REVERTED_DIRTY] = GO(RECOVERING, RECOVER),
		[RELOAD_EV_REVERT_FAILED] = GO(IDLE, GIVE_BACK),
	},
	[RELOAD_RECOVERING] = {
		[RELOAD_EV_ACCEPTED] = GO(IDLE, GIVE_BACK),
		[RELOAD_EV_REJECTED] = GO(IDLE, GIVE_BACK),
		[RELOAD_EV_DIED] = GO(IDLE, GIVE_BACK),
		[RELOAD_EV_TIMED_OUT] = GO(IDLE, GIVE_BACK),
		[RELOAD_EV_MASTER_ABSENT] = GO(IDLE, GIVE_BACK),
	},
};

struct reload_step reload_step(enum reload_state state, enum reload_event event)
{
	struct reload_step next = table[state][event];

	if (next.command == RELOAD_CMD_UNEXPECTED)
		next.state = state;
	return next;
}

const char *reload_state_name(enum reload_state s)
{
	static const char *const names[] = {
#define X(name, text) [RELOAD_##name] = text,
		RELOAD_STATES(X)
#undef X
	};
	return names[s];
}

const char *reload_event_name(enum reload_event e)
{
	static const char *const names[] = {
#define X(name, text) [RELOAD_EV_##name] = text,
		RELOAD_EVENTS(X)
#undef X
	};
	return names[e];
}

const char *reload_command_name(enum reload_command c)
{
	static const char *const names[] = {
#define X(name, text) [RELOAD_CMD_##name] = text,
		RELOAD_COMMANDS(X)
#undef X
	};
	return names[c];
}
