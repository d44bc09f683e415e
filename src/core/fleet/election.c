/*
 * Who leads: a table of states and events, an order of names, and a lease.
 *
 * Every cell of the table is filled in; NO() is an event that cannot come, which is reported and
 * changes nothing. Three things always hold. LEADING is entered only with a list in hand in
 * which our own candidate is the lowest. Whatever makes that list old (a link that broke or
 * was replaced, a znode that moved, a lease that ran out) leaves LEADING first and lists
 * again. And a candidate that may exist is never forgotten: the way out of every state but
 * OUT, short of the session's end, withdraws it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/macros.h>

#include "election.h"

#define GO(s, c)                                                                                   \
	{                                                                                          \
		ELECTION_##s, ELECTION_DO_##c                                                      \
	}
#define NO(s) GO(s, UNEXPECTED)

static const struct election_step table[ELECTION_STATE_N][ELECTION_EVENT_N] = {
	[ELECTION_OUT] = {
		[ELECTION_EV_CONNECTED] = GO(JOINING, CREATE), /* a session without a candidate */
		[ELECTION_EV_DISCONNECTED] = GO(OUT, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = NO(OUT),
		[ELECTION_EV_FIRST] = NO(OUT),
		[ELECTION_EV_BEHIND] = NO(OUT),
		[ELECTION_EV_NOT_LISTED] = NO(OUT),
		[ELECTION_EV_MOVED] = GO(OUT, NOTHING), /* a watch that is left over */
		[ELECTION_EV_LAPSED] = GO(OUT, NOTHING),
		[ELECTION_EV_FAILED] = NO(OUT),
		[ELECTION_EV_RESIGN] = GO(OUT, NOTHING),
	},
	[ELECTION_JOINING] = {
		/* The answer may have gone with the link, and after a rest it may be there too. */
		[ELECTION_EV_CONNECTED] = GO(LOOKING, LIST),
		[ELECTION_EV_DISCONNECTED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = GO(LOOKING, LIST),
		[ELECTION_EV_FIRST] = NO(JOINING),
		[ELECTION_EV_BEHIND] = NO(JOINING),
		[ELECTION_EV_NOT_LISTED] = NO(JOINING),
		[ELECTION_EV_MOVED] = GO(JOINING, NOTHING), /* what came before; not this one */
		[ELECTION_EV_LAPSED] = GO(JOINING, NOTHING),
		[ELECTION_EV_FAILED] = GO(JOINING, REST),
		[ELECTION_EV_RESIGN] = GO(OUT, WITHDRAW),
	},
	[ELECTION_LOOKING] = {
		[ELECTION_EV_CONNECTED] = GO(LOOKING, LIST),
		[ELECTION_EV_DISCONNECTED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = NO(LOOKING),
		[ELECTION_EV_FIRST] = GO(LEADING, LEAD),
		[ELECTION_EV_BEHIND] = GO(FOLLOWING, WATCH),
		[ELECTION_EV_NOT_LISTED] = GO(JOINING, CREATE),
		[ELECTION_EV_MOVED] = GO(LOOKING, LIST),
		[ELECTION_EV_LAPSED] = GO(LOOKING, NOTHING), /* the list that comes is an answer */
		[ELECTION_EV_FAILED] = GO(LOOKING, REST),
		[ELECTION_EV_RESIGN] = GO(OUT, WITHDRAW),
	},
	[ELECTION_FOLLOWING] = {
		[ELECTION_EV_CONNECTED] = GO(LOOKING, LIST),
		[ELECTION_EV_DISCONNECTED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = NO(FOLLOWING),
		[ELECTION_EV_FIRST] = NO(FOLLOWING),
		[ELECTION_EV_BEHIND] = NO(FOLLOWING),
		[ELECTION_EV_NOT_LISTED] = NO(FOLLOWING),
		[ELECTION_EV_MOVED] = GO(LOOKING, LIST), /* the one before it may live: never lead now */
		[ELECTION_EV_LAPSED] = GO(FOLLOWING, NOTHING),
		[ELECTION_EV_FAILED] = GO(LOOKING, REST),
		[ELECTION_EV_RESIGN] = GO(OUT, WITHDRAW),
	},
	[ELECTION_LEADING] = {
		[ELECTION_EV_CONNECTED] = GO(LOOKING, LIST), /* the link was replaced */
		[ELECTION_EV_DISCONNECTED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = NO(LEADING),
		[ELECTION_EV_FIRST] = NO(LEADING),
		[ELECTION_EV_BEHIND] = NO(LEADING),
		[ELECTION_EV_NOT_LISTED] = NO(LEADING),
		[ELECTION_EV_MOVED] = GO(LOOKING, LIST),
		[ELECTION_EV_LAPSED] = GO(LOOKING, LIST),
		[ELECTION_EV_FAILED] = GO(LOOKING, REST), /* our own znode cannot be watched */
		[ELECTION_EV_RESIGN] = GO(OUT, WITHDRAW),
	},
	[ELECTION_SUSPENDED] = {
		[ELECTION_EV_CONNECTED] = GO(LOOKING, LIST),
		[ELECTION_EV_DISCONNECTED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_EXPIRED] = GO(OUT, NOTHING),
		[ELECTION_EV_MADE] = NO(SUSPENDED),
		[ELECTION_EV_FIRST] = NO(SUSPENDED),
		[ELECTION_EV_BEHIND] = NO(SUSPENDED),
		[ELECTION_EV_NOT_LISTED] = NO(SUSPENDED),
		[ELECTION_EV_MOVED] = GO(SUSPENDED, NOTHING), /* it is listed again anyway */
		[ELECTION_EV_LAPSED] = GO(SUSPENDED, NOTHING),
		[ELECTION_EV_FAILED] = NO(SUSPENDED),
		[ELECTION_EV_RESIGN] = GO(OUT, WITHDRAW),
	},
};

struct election_step election_next(enum election_state state, enum election_event event)
{
	return table[state][event];
}

const char *election_state_name(enum election_state s)
{
	static const char *const names[] = {
#define X(name, text) [ELECTION_##name] = text,
		ELECTION_STATES(X)
#undef X
	};
	return names[s];
}

const char *election_event_name(enum election_event e)
{
	static const char *const names[] = {
#define X(name, text) [ELECTION_EV_##name] = text,
		ELECTION_EVENTS(X)
#undef X
	};
	return names[e];
}

const char *election_command_name(enum election_command c)
{
	static const char *const names[] = {
#define X(name, text) [ELECTION_DO_##name] = text,
		ELECTION_COMMANDS(X)
#undef X
	};
	return names[c];
}

/* --- names ----------------------------------------------------------------------------------- */

#define GUID_DIGITS (ELECTION_GUID_SIZE - 1)
#define NUMBER_SIZE sizeof("-2147483648")

/* The number after a GUID and a dash; false: it is none that the server would have printed. */
static bool parse_number(const char *text, uint32_t *number)
{
	char printed[NUMBER_SIZE];
	char *end;
	long value;

	if (strlen(text) >= sizeof(printed) || text[strspn(text, "-0123456789")] != '\0')
		return false;
	value = strtol(text, &end, 10);
	if (*end != '\0' || value < INT32_MIN || value > INT32_MAX)
		return false;
	snprintf(printed, sizeof(printed), "%010d", (int)value);
	*number = (uint32_t)value;
	return strcmp(printed, text) == 0;
}

static bool parse_name(const char *name, uint32_t *number)
{
	return strspn(name, "0123456789abcdef") == GUID_DIGITS && name[GUID_DIGITS] == '-' &&
	       parse_number(name + GUID_DIGITS + 1, number);
}

bool election_name_is_valid(const char *name)
{
	uint32_t number;

	return parse_name(name, &number);
}

/*
 * The server counts on from the largest number to the smallest, so what matters is the way from
 * one to the other. Of any two different names exactly one is before the other (or, half way
 * round, the one that sorts first): so two can never both take themselves for the lowest.
 */
static bool is_before(const char *a, const char *b)
{
	uint32_t x = 0, y = 0;

	parse_name(a, &x);
	parse_name(b, &y);
	if (x == y || x - y == UINT32_C(1) << 31)
		return strcmp(a, b) < 0;
	return (int32_t)(x - y) < 0;
}

static const char *earlier(const char *a, const char *b)
{
	return !a || is_before(b, a) ? b : a;
}

static bool belongs_to(const char *name, const char *guid)
{
	return strlen(guid) == GUID_DIGITS && strncmp(name, guid, GUID_DIGITS) == 0;
}

static const char *find_predecessor(const char *const *names, size_t count, const char *own)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		if (election_name_is_valid(names[i]) && is_before(names[i], own) &&
		    (!nearest || is_before(nearest, names[i])))
			nearest = names[i];
	}
	return nearest;
}

enum election_event election_stand(const char *const *names, size_t count, const char *guid,
				   const char **own, const char **predecessor, const char **leader)
{
	*own = *predecessor = *leader = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!election_name_is_valid(names[i]))
			continue;
		*leader = earlier(*leader, names[i]);
		if (belongs_to(names[i], guid))
			*own = earlier(*own, names[i]);
	}
	if (!*own)
		return ELECTION_EV_NOT_LISTED;
	*predecessor = find_predecessor(names, count, *own);
	return *predecessor ? ELECTION_EV_BEHIND : ELECTION_EV_FIRST;
}

/* --- the lease ------------------------------------------------------------------------------- */

uint64_t election_lease_end(uint64_t last_reply, uint64_t timeout)
{
	uint64_t lease = timeout / 3 * 2;

	if (last_reply == 0)
		return 0;
	return last_reply > NEVER - lease ? NEVER : last_reply + lease;
}

/* A clock that went back cannot be trusted: no lease. */
bool election_may_act(uint64_t last_reply, uint64_t timeout, uint64_t now)
{
	return now >= last_reply && now < election_lease_end(last_reply, timeout);
}
