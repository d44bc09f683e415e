/*
 * The upstreams of the configuration whose servers can be changed, and what this module does for
 * each request on them. Nothing in the configuration names the module: it wraps what nginx calls
 * for an upstream that has a zone.
 *
 * For a request, the balancing method of nginx and its keepalive choose as they do without the
 * module. Then the address and its text are copied into the memory of the request, because nginx
 * reads both after the server may have been removed.
 */
#ifndef ZKNGINX_MODULE_UPSTREAM_H
#define ZKNGINX_MODULE_UPSTREAM_H

#include "balancers.h"

/* The data of this module for each upstream{}. */
struct upstream {
	NGX_UPSTREAM(srv_conf_t) *us;
	NGX_UPSTREAM(init_peer_pt) init; /* what was wrapped */
	enum module_reason reason;
	enum balancer method;
	struct servers *servers; /* in the zone; NULL: not dynamic */
	/* of this process */
	ngx_atomic_uint_t version;
	struct ring ring;
	struct range *ranges;
	uint64_t rest_until; /* microseconds: the ring stays as it is until then */
};

/* The data of this module for http{} or stream{}. */
struct upstreams {
	ngx_array_t each; /* struct upstream *, those with a zone, in the order of their names */
	struct balancers balancers;
	uint64_t cycle;
	const char *path; /* of the daemon's socket */
};

/* In the postconfiguration. */
ngx_int_t upstreams_attach(struct upstreams *all, ngx_conf_t *cf);
struct upstream *upstreams_find(const struct upstreams *all, struct module_text name);

#endif
