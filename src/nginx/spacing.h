/* When may the next reload begin? */
#ifndef ZKNGINX_NGINX_SPACING_H
#define ZKNGINX_NGINX_SPACING_H

#include <zknginx/log.h>

#include "master.h"

struct spacing {
	uint64_t last_sent;     /* the last SIGHUP, CLOCK_MONOTONIC; 0: none */
	uint64_t last_duration; /* how long it took until its verdict */
	struct log_limit crowd;
};

/* gap: nginx.reload_gap; m: NULL when there is no master. False: *when says when to ask again. */
bool spacing_is_over(struct spacing *s, uint64_t gap, const struct master *m, uint64_t now,
		     uint64_t *when);

#endif
