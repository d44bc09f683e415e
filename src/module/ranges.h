/*
 * The ranges of "random": where each server's share of the sum of the weights begins. nginx makes
 * them once in each worker, and then searches as many as there are servers now. So they have
 * entries for as many servers as the zone can have; those without a server are never chosen.
 *
 * A worker's ranges may be older than the servers: a removed server stays readable, and is down.
 */
#ifndef ZKNGINX_MODULE_RANGES_H
#define ZKNGINX_MODULE_RANGES_H

#include "servers.h"

/* As nginx 1.22 keeps it, which no header says: balancers.c compares it with one that nginx made.
 */
struct range {
	NGX_UPSTREAM(rr_peer_t) *peer;
	ngx_uint_t begin;
};

/* NULL: no memory. For free(). */
struct range *ranges_new(const struct servers *s, ngx_log_t *log);
void ranges_renew(struct range *ranges, struct servers *s);

#endif
