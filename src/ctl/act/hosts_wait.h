/*
 * Waiting until every host of the fleet reports something: a drain, the end of a guard. The hosts
 * are those that are members now; a host that leaves is not waited for, one that comes is. A host
 * that is no member, but whose report is still there, is away: its nginx may run, and does not
 * follow.
 */
#ifndef ZKNGINX_CTL_HOSTS_WAIT_H
#define ZKNGINX_CTL_HOSTS_WAIT_H

#include <zknginx/status.h>

#include "ctl/console/ctl.h"

struct host_answer {
	const char *host;
	bool done;
	bool away;
};

struct hosts_wait {
	/* Does this report show it? */
	bool (*shows)(void *ctx, const struct status *s);
	/* Does this report say that it will not? Called for each report. May be NULL. */
	bool (*refuses)(void *ctx, const struct status *s);
	void *ctx;
	uint64_t timeout; /* microseconds; 0: look once */
	/* The result; in the arena. */
	struct arena *arena;
	struct host_answer *hosts; /* sorted */
	size_t count;
	size_t members, done; /* of them */
	bool refused;         /* by one of them at least */
};

/* Waits until every host shows it, or the timeout. ERR_UNAVAILABLE: ZooKeeper does not answer, or
 * the hosts cannot be read. */
int hosts_wait(struct ctl *ctl, struct hosts_wait *w, struct err *e);
/* For when the override is written, and hosts_wait() has failed. Returns an exit code. */
int hosts_are_unknown(struct err *e);
/* Do all hosts show it? Where there is none, too. */
bool hosts_are_done(const struct hosts_wait *w);
/* "web1, web2" of those that do not, in the arena. */
const char *hosts_missing(const struct hosts_wait *w);
/* ", on 2 of 3 hosts", on the screen. */
void hosts_print(const struct hosts_wait *w, const struct screen *s);
/* Names the hosts that are away, with what follows from it ("…: it sends requests …"). */
void hosts_say_away(const struct hosts_wait *w, const char *then);
/* [{"away", "done", "host"}, …] */
json_t *hosts_json(const struct hosts_wait *w);

#endif
