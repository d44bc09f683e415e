/*
 * The table of publishing. A cell that is left out is UNEXPECTED (0) and keeps its state.
 *
 * Every state but WRITING and FETCHING, in which an answer is awaited, accepts ASKED, and begins
 * from the start: a second request for the same revision is a new attempt with all its time. OVER
 * and SEEN end it from everywhere.
 */
#include "publishing.h"

#define GO(s, c)                                                                                   \
	{                                                                                          \
		PUBLISHING_##s, PUBLISHING_DO_##c                                                  \
	}

#define ENDS [PUBLISHING_EV_SEEN] = GO(IDLE, FORGET), [PUBLISHING_EV_OVER] = GO(IDLE, FORGET)

static const struct publishing_step table[PUBLISHING_STATE_N][PUBLISHING_EVENT_N] = {
	[PUBLISHING_IDLE] = {
		[PUBLISHING_EV_ASKED] = GO(FETCHING, FETCH),
		[PUBLISHING_EV_SEEN] = GO(IDLE, NOTHING),
		[PUBLISHING_EV_OVER] = GO(IDLE, NOTHING),
	},
	[PUBLISHING_FETCHING] = {
		[PUBLISHING_EV_ASKED] = GO(FETCHING, NOTHING),
		[PUBLISHING_EV_FETCHED] = GO(WRITING, WRITE),
		[PUBLISHING_EV_FETCH_FAILED] = GO(FAILED, GIVE_UP),
		ENDS,
	},
	[PUBLISHING_WRITING] = {
		[PUBLISHING_EV_ASKED] = GO(WRITING, NOTHING),
		[PUBLISHING_EV_DONE] = GO(WRITTEN, WATCH),
		[PUBLISHING_EV_WRITE_FAILED] = GO(PAUSED, PAUSE), /* what was written stays */
		ENDS,
	},
	[PUBLISHING_PAUSED] = {
		[PUBLISHING_EV_ASKED] = GO(FETCHING, FETCH),
		[PUBLISHING_EV_DUE] = GO(FETCHING, FETCH),
		[PUBLISHING_EV_EXPIRED] = GO(FAILED, GIVE_UP),
		ENDS,
	},
	[PUBLISHING_WRITTEN] = {
		[PUBLISHING_EV_ASKED] = GO(FETCHING, FETCH),
		[PUBLISHING_EV_DUE] = GO(FAILED, GIVE_UP), /* another config was written over it */
		ENDS,
	},
	[PUBLISHING_FAILED] = {
		[PUBLISHING_EV_ASKED] = GO(FETCHING, FETCH),
		ENDS,
	},
};

struct publishing_step publishing_next(enum publishing_state state, enum publishing_event event)
{
	struct publishing_step next = table[state][event];

	if (next.command == PUBLISHING_DO_UNEXPECTED)
		next.state = state;
	return next;
}

uint64_t publishing_pause(unsigned failures)
{
	const uint64_t least = 200 * USEC_PER_MSEC, most = USEC_PER_SEC;
	uint64_t pause = failures < 6 ? least << (failures ? failures - 1 : 0) : most;

	return pause < most ? pause : most;
}

const char *publishing_state_name(enum publishing_state s)
{
	static const char *const names[] = {
#define X(name, text) [PUBLISHING_##name] = text,
		PUBLISHING_STATES(X)
#undef X
	};

	return names[s];
}

const char *publishing_event_name(enum publishing_event e)
{
	static const char *const names[] = {
#define X(name, text) [PUBLISHING_EV_##name] = text,
		PUBLISHING_EVENTS(X)
#undef X
	};

	return names[e];
}

const char *publishing_command_name(enum publishing_command c)
{
	static const char *const names[] = {
#define X(name, text) [PUBLISHING_DO_##name] = text,
		PUBLISHING_COMMANDS(X)
#undef X
	};

	return names[c];
}
