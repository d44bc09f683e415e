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
	/* Does this report say that it will not? Then `why` is printed. Called for each report. May
	 * be NULL. */
	bool (*refuses)(void *ctx, const struct status *s, struct buf *why);
	void *ctx;
	const char *what; /* was written, for messages; NULL: "the override" */
	uint64_t timeout; /* microseconds; 0: look once */
	/* The result; in the arena. */
	struct arena *arena;
	struct host_answer *hosts; /* sorted */
	size_t count;
	size_t members, done; /* of them */
	const char *refusal;  /* of one of them at least; NULL: none refuses */
};

/* Waits until every host shows it, or the timeout. ERR_UNAVAILABLE: ZooKeeper does not answer, or
 * the hosts cannot be read. */
int hosts_wait(struct ctl *ctl, struct hosts_wait *w, struct err *e);

/* The end of a command that has written an override. */
struct hosts_follow {
	struct hosts_wait wait;
	bool waits;                                           /* for the hosts; else none is read */
	void (*print)(void *ctx, const struct hosts_wait *w); /* the command's result */
	const char *away; /* what follows for a host that is away ("…: it sends requests …") */
};

/* Waits as long as --timeout says, prints the result, and names the hosts that are away or do not
 * follow. Returns an exit code. */
int hosts_follow(struct ctl *ctl, struct hosts_follow *f);
/* ", on 2 of 3 hosts", on the screen. */
void hosts_print(const struct hosts_wait *w, const struct screen *s);
/* [{"away", "done", "host"}, …] */
json_t *hosts_json(const struct hosts_wait *w);

#endif
