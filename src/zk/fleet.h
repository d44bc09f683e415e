/*
 * The fleet's znodes below zookeeper.cluster: that this host is here
 * (members/HOST, ephemeral, small) and how it is (reports/HOST, persistent, the
 * full report), and, where cluster.service says so, as a Curator service. On the control
 * session, which survives reconnects; the election stands on it too.
 *
 * An ephemeral of this name that belongs to another session is waited out, never
 * overwritten: it is our own old session, or a second host with our name. Once it has outlived
 * any session that we could have had, it is a second host: then this daemon has refused, says so,
 * and writes neither member nor report while the other one is there.
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
	const char *service; /* Curator's JSON of the instance; NULL: not to be announced now */
	size_t service_size;
};
/* What to publish from now on; copied; written when it differs, latest wins, at most one write of
 * each in flight; reports are spaced. */
void fleet_publish(struct fleet *f, const struct fleet_news *news);

enum fleet_membership {
	FLEET_PENDING,   /* not connected, or not registered yet */
	FLEET_MEMBER,    /* members/HOST is ours */
	FLEET_DUPLICATE, /* … is another host's: this one has refused */
};
/* *why (may be NULL): what it waits for, or who has the name; "" = not connected. */
enum fleet_membership fleet_membership(const struct fleet *f, const char **why);

struct session *fleet_session(const struct fleet *f);
struct election *fleet_election(const struct fleet *f);

#endif
