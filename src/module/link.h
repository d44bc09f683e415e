/*
 * The connection of this worker to the daemon. The worker calls: nothing listens in nginx, and
 * where there is no daemon there is an attempt a second, and nothing else.
 *
 * The connection counts as idle: it neither delays the exit of a worker nor is reported as left
 * open. An exiting worker closes it, and does not call again.
 */
#ifndef ZKNGINX_MODULE_LINK_H
#define ZKNGINX_MODULE_LINK_H

#include "upstream.h"

/* Call now, and from now on. `all` has to live as long as the worker. NGX_ERROR: no memory. */
ngx_int_t link_start(const struct upstreams *all, ngx_cycle_t *cycle);

#endif
