/*
 * When may the live link change? While nothing could read half of the change, or be taken for a
 * reload of ours.
 */
#ifndef ZKNGINX_NGINX_QUIET_H
#define ZKNGINX_NGINX_QUIET_H

#include <systemd/sd-event.h>

#include "master.h"

struct quiet {
	sd_event_source *timer;
	const struct master *master;
	struct workers seen; /* at the last look */
	bool has_seen;
	uint64_t until; /* CLOCK_MONOTONIC; give up then */
	void (*done)(void *ctx, bool is_quiet);
	void *ctx;
};

/* done: is_quiet is false when the master was busy until the end of the time. */
void quiet_init(struct quiet *q, sd_event *loop, void (*done)(void *ctx, bool is_quiet), void *ctx);
void quiet_fini(struct quiet *q);
/* `done` follows, perhaps from within. m: NULL when no nginx reads the live files; borrowed
 * until then. */
void quiet_wait(struct quiet *q, const struct master *m, uint64_t until);

#endif
