/*
 * The ground of a fault case: a whole host (rig_host.h) whose daemon reaches ZooKeeper through a
 * proxy, clients that send requests to nginx all the time (load.h), and a look at what must hold at
 * each instant (invariants.h). A case injects one fault, waits for what has to be noticed, ends the
 * fault, and says how long both took. Its row of the table is printed, and kept for the end.
 *
 * Each case begins with a new ZooKeeper and a new nginx; site "s" answers "v1".
 */
#ifndef ZKNGINX_TESTS_GROUND_H
#define ZKNGINX_TESTS_GROUND_H

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../integration/rig_host.h"
#include "../integration/rig_proxy.h"
#include "invariants.h"
#include "load.h"
#include "usage.h"

#define FAULT_CONFIG "/nginx/config"
#define FAULT_CLUSTER "/nginx/cluster"

/* What the alerts of a case wait for is short, so that a case is. */
#define FAULT_ALERTS "alerts: { raise_after = \"100ms\"; clear_after = \"100ms\"; };\n"

struct ground {
	struct rig_host host;
	struct rig_proxy *proxy;
	char hosts[32]; /* the proxy, for zookeeper.hosts */
	int port;       /* of site "s" */
	unsigned edit;  /* it answers "v" and this number */
	struct load *load;
	struct invariants *invariants;
	uint64_t begun, healed; /* the fault */
	double detect, recover; /* s; < 0: not measured */
	unsigned reloads;       /* when the fault began */
	long usage[USAGE_N];    /* of the daemon then */
	bool grows;             /* it may use more at the end than before */
	char note[128];         /* for the row */
};

struct fault_case {
	const char *id;    /* "Z1" */
	const char *title; /* what is injected */
	void (*run)(struct ground *g);
	/* All that follows may be left out. */
	const char *settings;           /* more lines of the settings */
	const char *zookeeper_settings; /* … of its group zookeeper */
	const char *nginx_settings;     /* … of its group nginx */
	const char *server;             /* more lines of the ZooKeeper server's configuration */
	bool prepare_only; /* nothing is started, and nothing is requested: run() does that */
	bool stops_nginx;  /* the case ends nginx itself: failed requests are counted, not judged */
	const char *tmpfs; /* mount options: the state directory is such a file system */
};

#define FAULT_CASE(name, what, function, ...)                                                      \
	{                                                                                          \
		.id = (name), .title = (what), .run = (function), __VA_ARGS__                      \
	}

/* Run them; returns what main() has to return. RIG_FILTER=Z1 runs one. Rows are appended to the
 * file $FAULT_ROWS, and printed. */
int fault_run(const struct fault_case *cases, size_t count);
/* Append a row that needs no ground. */
void fault_row(const char *id, const char *title, bool held, const char *figures, const char *note);

/* … of a case that cannot be injected: why not. */
void fault_not_tried(const char *id, const char *title, const char *why);

/* Start the daemon and nginx, the clients and the looks. Without prepare_only it has been done. */
void ground_start(struct ground *g);
/* The fault begins now. */
void fault(struct ground *g);
/* Wait until the daemon has noticed it: the time is the row's "detect". */
#define detects(g, condition)                                                                      \
	do {                                                                                       \
		eventually(NULL, condition);                                                       \
		(g)->detect = (double)(rig_now() - (g)->begun) / 1e6;                              \
	} while (0)
/* The fault lasts so long. */
void lasts(struct ground *g, uint64_t usec);
/* The fault ends now. */
void heals(struct ground *g);
/* Wait for a condition without an operator's action: the time since the fault ended is the row's
 * "recover". */
#define recovers(g, condition)                                                                     \
	do {                                                                                       \
		eventually(NULL, condition);                                                       \
		(g)->recover = (double)(rig_now() - (g)->healed) / 1e6;                            \
	} while (0)
/* … for the next edit to be served, the state "applied" and no alert. */
void recovers_with_an_edit(struct ground *g);
void notes(struct ground *g, const char *fmt, ...) PRINTF(2, 3);

/* Site "s" answers the next number; not waited for. */
void ground_edit(struct ground *g);
/* Does nginx answer the last one? */
bool ground_serves(struct ground *g);
bool ground_has_alerts(struct ground *g);
/* A new client of the operator: after an outage the old one's session may be over. */
void ground_connect(struct ground *g);
/* Reloads since the fault began. */
unsigned ground_reloads(struct ground *g);
/* The size of the daemon's log. */
size_t ground_log_size(struct ground *g);
void ground_restart_daemon(struct ground *g, int signal);

#endif
