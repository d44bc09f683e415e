/*
 * The checker: carries out the checks of core/check on the loop, and tells when the failures have
 * changed.
 *
 * It has an epoll descriptor of its own, which is looked at every 20 ms while checks are under way:
 * a result that is so much later changes nothing, and hundreds of them cost one turn of the loop.
 * Not more than CHECK_SOCKETS_MOST sockets are open, and not more than half of what the process may
 * open; a check that finds no room is made a little later, and counted as late.
 *
 * Where a change of them takes no reload it is told at once, but not within 0.3 s after the last
 * time. Else it is told after 0.3 s, so that servers that fail together are one change, and not
 * within 5 s after the last time, so that a server that comes and goes does not reload nginx all
 * the time.
 */
#ifndef ZKNGINX_HOST_CHECKER_H
#define ZKNGINX_HOST_CHECKER_H

#include <systemd/sd-event.h>

#include "core/check/check_targets.h"

#define CHECK_SOCKETS_MOST 8192

struct checker_ops {
	/* A state has changed; the status has more to say. */
	void (*on_change)(void *ctx);
	/* Are the servers of this upstream changed without a reload? */
	bool (*is_live)(void *ctx, const char *upstream);
	/* The failing servers are others, and that may be acted on now. */
	void (*on_failures)(void *ctx);
};

struct checker_counts {
	unsigned long good, bad; /* checks */
	unsigned long late;      /* checks that had to wait for a socket */
	unsigned long sockets;   /* that are open now */
};

struct checker;
struct checker *checker_new(sd_event *loop, const struct checker_ops *ops, void *ctx);
void checker_free(struct checker *c);

/* From now on the servers of this model are checked, and no others: nothing more is sent to them.
 */
void checker_follow(struct checker *c, const struct model *m);

struct check_failures checker_failures(const struct checker *c, struct arena *a);
const struct checks *checker_checks(const struct checker *c);
struct checker_counts checker_counts(const struct checker *c);

#endif
