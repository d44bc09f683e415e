/*
 * Follows a revision through the fleet, host by host, until it has landed on all of them, was
 * stopped, or was replaced by another one. Nothing is written: the rollout goes on without.
 */
#ifndef ZKNGINX_CTL_FOLLOW_H
#define ZKNGINX_CTL_FOLLOW_H

#include "ctl/console/ctl.h"

struct follow;

/* Before the change is written: reads the fleet, and the problems that it has already.
 * ERR_UNAVAILABLE: ZooKeeper does not answer, or the fleet cannot be read. */
int follow_new(struct ctl *ctl, struct follow **out, struct err *e);
void follow_free(struct follow *f);
DEFINE_CLEANUP(struct follow *, follow_free)

#define FOLLOW_INTERRUPTED 130 /* Ctrl-C */

/*
 * Prints what happens to the config of which the root has this version, a line for each event (none
 * with --json), until the end. limit: for at most so long (microseconds), NEVER: without a limit.
 * Returns the exit code: 0 landed; 1 a host refuses it, or the rollout was halted, reverted or
 * replaced; 3 nobody can tell: no host is in the fleet, ZooKeeper is away for longer than
 * --timeout, or the limit has passed.
 */
int follow_run(struct follow *f, int version, uint64_t limit);
/* The same of the newest config once its revision begins so. */
int follow_run_revision(struct follow *f, const char *prefix, uint64_t limit);
/* The revision that was followed; "" = the change was not seen. */
const char *follow_revision(const struct follow *f);
/* After that: {"hosts": [{"host", "message", "state"}], "message", "outcome"}. */
json_t *follow_json(const struct follow *f);

#endif
