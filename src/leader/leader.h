/*
 * The leader: what the one host that is elected does for the fleet.
 *
 *	leader.c		when: elected, one step at a time, resigned
 *	leader_view.c		what it reads: the fleet's znodes as values
 *	leader_decide.c		what it asks core/rollout
 *	leader_watch.c		what it reports: conditions of the fleet
 *	leader_writer.c		one write at a time, and the wait until it is seen
 *	leader_plan.c		what it writes: the plan, with the answer to a request
 *	leader_live.c		… the list of hosts that serve
 *	leader_archive.c	… the history: every revision that is rolled out, and the pruning
 *	leader_publish.c	… an old revision, as the config again
 *	leader_commands.c	what it runs: the commands of the settings
 *
 * It knows nothing of the daemon: what this host's agent knows comes as an argument, and what it
 * finds goes out as conditions. Freed before the fleet that it borrows.
 */
#ifndef ZKNGINX_LEADER_H
#define ZKNGINX_LEADER_H

#include <zknginx/settings.h>
#include <zknginx/tree.h>

#include "core/status/conditions.h"
#include "zk/fleet.h"

struct leader;

struct leader_spec {
	sd_event *loop;
	const struct settings *settings; /* borrowed, until leader_use_settings() */
	const char *host;                /* copied */
	struct fleet *fleet;             /* borrowed */
};

struct leader_ops {
	/* The conditions of the fleet, or whether this host leads, may have changed. Not called
	 * from within leader_new() and leader_free(). */
	void (*on_change)(void *ctx);
};

struct leader *leader_new(const struct leader_spec *spec, const struct leader_ops *ops, void *ctx);
void leader_free(struct leader *l);
DEFINE_CLEANUP(struct leader *, leader_free)

/* What this host's agent knows; all of it is copied, or a reference is taken. */
struct leader_facts {
	struct tree *tree;    /* the newest settled one; NULL: there is none yet */
	const char *newest;   /* the revision of its config; "" … */
	bool known;           /* false: not all of it is readable, it has no object, or a push of it
				 is unfinished: no revision that may be rolled out */
	bool unfinished;      /* … the last of these */
	bool current;         /* false: the tree is from before the connection was lost, or
				 ZooKeeper has gone back to an older history: a leader does nothing */
	int64_t stale_plan;   /* the plan of this transaction is from an older history: it counts as
				 none, and is written over; 0: none is */
	const char *accepted; /* … then what was accepted before; "" */
	const char *plan;     /* … and the plan that was followed then, JSON; "" */
	struct tree *stored;  /* the config that is kept for restarts; NULL: none … */
	const char *stored_revision; /* … and its revision; "" */
	const char *applied;         /* the revision that nginx is known to run; "" */
};

/* The election or one of these facts may have changed. */
void leader_update(struct leader *l, const struct leader_facts *facts);
/* SIGHUP: these settings from now on (they may be the ones of before); everything is read again. */
void leader_use_settings(struct leader *l, const struct settings *settings);

/*
 * Before the daemon ends: true when the loop ends by itself, once cluster.on_resigned has run. So
 * the commands that follow the leader have run before another leader is elected.
 */
bool leader_leave(struct leader *l);

/* Does it do a leader's work now? */
bool leader_is_active(const struct leader *l);
/* What is wrong with the fleet; empty while this host does not lead. Valid until the next call or
 * event. */
const struct conditions *leader_conditions(const struct leader *l);
/* Of the fleet, as of the last turn; meaningless while this host does not lead. */
struct leader_numbers {
	unsigned long members;
	/* That may run the revision of the plan, or are to once its rollout has ended; and those
	 * that run it. */
	unsigned long hosts, hosts_done;
};
const struct leader_numbers *leader_numbers(const struct leader *l);
/* How many requests its own session has made; 0 while this host does not lead. */
unsigned long leader_requests(const struct leader *l);

#endif
