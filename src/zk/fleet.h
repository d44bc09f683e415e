/*
 * The fleet's znodes below zookeeper.cluster: that this host is here
 * (members/HOST, ephemeral, small) and how it is (reports/HOST, persistent, the
 * full report). On the control session, which survives reconnects.
 *
 * An ephemeral of this name that belongs to another session is waited out, never
 * overwritten: it is our own old session, or a second host with our name.
 */
#ifndef ZKNGINX_ZK_FLEET_H
#define ZKNGINX_ZK_FLEET_H

#include "session.h"

struct fleet;

int fleet_new(sd_event *loop, const struct zookeeper_settings *settings, const char *host,
	      void (*on_state)(void *ctx), void *ctx, struct fleet **out, struct err *e);
/* Ends the session, so that the member znode goes at once. */
void fleet_free(struct fleet *f);

/* What to publish from now on; copied; written when it differs, latest wins, at most one write of
 * each in flight. */
void fleet_publish(struct fleet *f, const char *member, size_t member_size, const char *report,
		   size_t report_size);

/* Is members/HOST ours? Otherwise *why says what it waits for ("" = not connected). */
bool fleet_is_member(const struct fleet *f, const char **why);
const struct session *fleet_session(const struct fleet *f);

#endif
