/*
 * Which balancing method does an upstream have, and does this nginx keep the method's data as this
 * module expects? Neither is in a header of nginx, so both are found out by trying: the directive
 * of each method is given an upstream of its own, which is part of no configuration, and then what
 * it left there is compared with what was expected.
 */
#ifndef ZKNGINX_MODULE_BALANCERS_H
#define ZKNGINX_MODULE_BALANCERS_H

#include "points.h"
#include "ranges.h"

enum balancer {
	ROUND_ROBIN,
	LEAST_CONN,
	IP_HASH,
	HASH,
	HASH_CONSISTENT,
	RANDOM,
	RANDOM_TWO,
	BALANCER_COUNT,
};

struct balancers {
	struct {
		NGX_UPSTREAM(init_pt) init; /* NULL: this nginx does not have it */
		NGX_UPSTREAM(init_peer_pt) init_peer;
		bool expected; /* its data are as they should be */
	} each[BALANCER_COUNT];
	NGX_UPSTREAM(init_pt) keepalive;
	ngx_module_t *hash_module, *random_module, *keepalive_module;
};

/* In the postconfiguration of the module. NGX_ERROR: no memory. */
ngx_int_t balancers_init(struct balancers *b, ngx_conf_t *cf);
/* BALANCER_COUNT: none that is known. */
enum balancer balancers_of(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us);

/* Where nginx looks for the function that begins a request with the method: in the upstream, or in
 * what keepalive keeps. NULL: another module stands in front of it. */
NGX_UPSTREAM(init_peer_pt) *balancers_init_peer(const struct balancers *b,
						NGX_UPSTREAM(srv_conf_t) *us, enum balancer method);

/* Where nginx looks for the data of a method; only when they are as expected. */
struct points **balancers_points(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us);
struct range **balancers_ranges(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us);

#endif
