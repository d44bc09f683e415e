/*
 * The fleet's znodes below zookeeper.cluster: that this host is there (members/HOST, ephemeral,
 * small) and its state (reports/HOST, persistent, the full report); and, with cluster.service, a
 * registration as a Curator service. All of it is on the control session, which survives
 * reconnects, as is the election.
 *
 * An ephemeral of this name that belongs to another session is never overwritten: it is our own
 * previous session, or a second host with our name. When it has outlived any session that we could
 * have had, it is a second host: then this daemon is a duplicate, logs it, and writes neither
 * member nor report as long as the other host is there.
 */
#ifndef ZKNGINX_ZK_FLEET_H
#define ZKNGINX_ZK_FLEET_H

#include "election.h"

struct fleet;

struct fleet_spec {
	const struct zookeeper_settings *zookeeper;
	const char *host;
	const char *service; /* znode path; "" = none */
	/* The connection, the membership or the election changed. */
	void (*on_state)(void *ctx);
	void *ctx;
};
int fleet_new(sd_event *loop, const struct fleet_spec *spec, struct fleet **out, struct err *e);
/* Ends the session, so that the ephemeral znodes go at once. */
void fleet_free(struct fleet *f);

struct fleet_news {
	const char *member, *report;
	size_t member_size, report_size;
	const char *service; /* Curator's JSON of the instance; NULL: not announced now */
	size_t service_size;
};
/* What to publish from now on; copied; written when it differs; the latest counts. At most one
 * write of each is in flight, and there is a pause between two reports. */
void fleet_publish(struct fleet *f, const struct fleet_news *news);

enum fleet_membership {
	FLEET_PENDING,   /* not connected, or not registered yet */
	FLEET_MEMBER,    /* members/HOST is ours */
	FLEET_DUPLICATE, /* members/HOST is another host's */
};
/* *why (may be NULL): what it waits for, or which host has the name; "" = not connected. */
enum fleet_membership fleet_membership(const struct fleet *f, const char **why);

struct session *fleet_session(const struct fleet *f);
struct election *fleet_election(const struct fleet *f);

#endif
