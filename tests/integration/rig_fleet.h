/*
 * A fleet: several hosts (rig_host.h) on one ZooKeeper, each with a daemon, an nginx, a state
 * directory and settings of its own.
 *
 * In these tests a revision has a word ("1", "2", "bad"). A snippet contains it, and each nginx
 * answers it on a port of its own, so that a test can ask each host which revision it serves.
 *
 * fleet_eventually() checks all hosts and the plan at each turn. It fails the test when a host
 * serves a revision that the plan does not permit it, and when the plan leaves out a step, goes
 * back, or permits more hosts than its step has.
 */
#ifndef ZKNGINX_TESTS_RIG_FLEET_H
#define ZKNGINX_TESTS_RIG_FLEET_H

#include <zknginx/digest.h>

#include "rig_host.h"

#define FLEET_MAX 5
#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define FLEET_SNIPPET CONFIG "/snippets/http/fleet"

/* Times so short that a rollout takes a second or two. */
#define FLEET_TIMES FLEET_TIMES_OF_BATCHES("100ms")
#define FLEET_TIMES_OF_BATCHES(time)                                                               \
	"batch_time = \"" time "\"; settle = \"100ms\"; apply_timeout = \"40s\"; "                 \
	"vanish_timeout = \"30s\"; "
/* web1 first, then one host after the other. */
#define FLEET_CANARY_BAKING(time) FLEET_CANARY_AND_BATCHES(time, "100ms")
#define FLEET_CANARY_AND_BATCHES(bake, batch)                                                      \
	"mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"" bake                      \
	"\"; " FLEET_TIMES_OF_BATCHES(batch)
#define FLEET_CANARY FLEET_CANARY_BAKING("300ms")
/* … a revision stays on the canary until it is promoted. */
#define FLEET_STAYS FLEET_CANARY_BAKING("1h")
/* … and after each batch, too. */
#define FLEET_STAYS_IN_STEPS FLEET_CANARY_AND_BATCHES("1h", "1h")

struct rig_fleet_host {
	struct rig_host host;
	int port;            /* "/" answers the revision (of "sick…" with 503), "/app" what
				upstream "app" says */
	int probe;           /* of nginx.probe */
	const char *name;    /* cluster.host; the host's own where NULL */
	const char *rollout; /* the group's lines for this host; the fleet's where NULL */
	char permitted[512]; /* every revision that a plan was seen to permit it */
	char served[512];    /* every revision that it was seen to serve, in order: "1 2 1" */
	uint64_t worker; /* when the youngest worker that was noted in it began, in clock ticks */
};

struct rig_fleet_plan {
	int version; /* of the znode; -1: there is none */
	char phase[16], accepted[80], target[80];
	long attempt, step;
	char hosts[256]; /* "web1 web2" */
};

struct rig_fleet {
	struct rig_zookeeper *zookeeper;
	struct rig_zk *zk; /* the operator's client */
	struct rig_fleet_host hosts[FLEET_MAX];
	size_t count;
	const char *session_timeout; /* "2s" */
	const char *rollout;         /* lines of the group `rollout` */
	const char *cluster;         /* further lines of the group `cluster`, or NULL */
	const char *more;            /* further groups, or NULL */
	bool gated;                  /* the gate command fails while nginx serves "bad…" */
	bool probed;                 /* each nginx has its probe */
	bool promoted; /* a step of the plan may add more than one host (promoted to all) */
	struct rig_fleet_plan plan; /* as it was read last */
	struct {
		char word[16], digest[DIGEST_HEX_SIZE];
	} pushed[64]; /* the revisions, in order */
	size_t pushed_count;
};

/* For cmocka: *state is a struct rig_fleet of the whole program, which has one ZooKeeper. Each test
 * begins with revision "1" in it and with three hosts, web1 …, of which nothing is started: fill in
 * the settings above, then start. */
int rig_fleet_setup(void **state);
int rig_fleet_teardown(void **state);
int rig_fleet_begin(void **state);
int rig_fleet_end(void **state);

#define rollout_test(t) cmocka_unit_test_setup_teardown(t, rig_fleet_begin, rig_fleet_end)

/* … with sessions that outlast the pauses of a busy machine: for tests in which a host that leaves
 * says so, and that assert who leads or how many hosts there are. */
int rig_fleet_begin_calm(void **state);

#define calm_test(t) cmocka_unit_test_setup_teardown(t, rig_fleet_begin_calm, rig_fleet_end)

/* One more host, not started; returns its number. */
size_t rig_fleet_add(struct rig_fleet *f);
/* Write the settings file of a host from the fields. */
void rig_fleet_settings(struct rig_fleet *f, size_t i);

/* Other lines of the group `rollout` for all daemons, which run: by SIGHUP, so a moment later. */
void rig_fleet_change_rollout(struct rig_fleet *f, const char *rollout);

/* Start all of them, `first` first, so that it leads. Waits until all serve what ZooKeeper has,
 * and, where there is a plan, until the first revision is accepted. */
void rig_fleet_start(struct rig_fleet *f, size_t first);
/* Start a host's daemon, and its nginx when it does not run. */
void rig_fleet_start_host(struct rig_fleet *f, size_t i);
/* Send a signal to a host's daemon. After SIGKILL and SIGTERM, waits for its end. */
void rig_fleet_signal(struct rig_fleet *f, size_t i, int signal);
/* While its daemon is down: remove its state directory. */
void rig_fleet_wipe(struct rig_fleet *f, size_t i);

/* Publish a revision: one write. "WORD!" is one that nginx -t refuses. */
void rig_fleet_push(struct rig_fleet *f, const char *word);
/* The digest of the config as it is in ZooKeeper. */
const char *rig_fleet_revision(struct rig_fleet *f);
/* The word of a revision that was pushed; "?" for others, "" for none. */
const char *rig_fleet_word(const struct rig_fleet *f, const char *revision);
/* The digest of a word that was pushed. */
const char *rig_fleet_digest(const struct rig_fleet *f, const char *word);
/* An operator's request: a bare word, or JSON. Waits until the leader has consumed it. */
void rig_fleet_request(struct rig_fleet *f, const char *request);
/* Request a promote until it is granted: it is refused while the verdict of a host is missing. */
void rig_fleet_promote(struct rig_fleet *f, const char *request);

/* Has the host served exactly these, in this order? During a reload old and new workers answer:
 * what a worker says counts if it began after those that have spoken before. */
bool rig_fleet_served(struct rig_fleet *f, size_t i, const char *words);
/* What the host's nginx answers now; "" when there is no answer. Valid for a few calls. */
const char *rig_fleet_serves(struct rig_fleet *f, size_t i);
bool rig_fleet_all_serve(struct rig_fleet *f, const char *word);
/* The word of the revision that its daemon says nginx runs. */
const char *rig_fleet_applied(struct rig_fleet *f, size_t i);
/* Does the live http.conf contain this server of 127.0.0.1? */
bool rig_fleet_has_server(struct rig_fleet *f, size_t i, int port);
bool rig_fleet_all_have_server(struct rig_fleet *f, int port);

/* A field ("failure.host") of a JSON znode below the cluster; "" for null or nothing. Numbers and
 * booleans as JSON prints them. Valid for a few calls. */
const char *rig_fleet_field(struct rig_fleet *f, const char *znode, const char *field);
/* Is the plan in this phase, and is this its target (NULL: any, "": none)? */
bool rig_fleet_is(struct rig_fleet *f, const char *phase, const char *target);
/* … idle with this revision accepted? */
bool rig_fleet_accepted(struct rig_fleet *f, const char *word);
/* Has this field of the plan this text? */
bool rig_fleet_plan_says(struct rig_fleet *f, const char *field, const char *text);
/* How many entries of the history are complete and of this revision (NULL: any)? *outcome (may be
 * NULL): of the last of them. */
size_t rig_fleet_history(struct rig_fleet *f, const char *word, const char **outcome);
/* The host whose candidate is the lowest; -1: there is none. */
long rig_fleet_leader(struct rig_fleet *f);
/* A host that does not lead and is none of the canaries (which are web1). */
size_t rig_fleet_bystander(struct rig_fleet *f);

/* Check everything once; fails the test as described above. */
void rig_fleet_look(struct rig_fleet *f);
/* Check for so long. For what must not happen. */
void rig_fleet_watch(struct rig_fleet *f, uint64_t usec);

#define fleet_eventually(f, condition)                                                             \
	do {                                                                                       \
		uint64_t give_up_ = rig_now() + RIG_PATIENCE;                                      \
		while (rig_fleet_look(f), !(condition)) {                                          \
			if (rig_now() > give_up_) {                                                \
				rig_fleet_tell(f);                                                 \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			rig_pause(NULL);                                                           \
		}                                                                                  \
	} while (0)
/* Print everything that is known to standard error. */
void rig_fleet_tell(struct rig_fleet *f);

/* Start with `leader` as leader and these lines of the group `rollout`, push "2", and wait until
 * the canary serves it. */
void rig_fleet_put_on_canary(struct rig_fleet *f, size_t leader, const char *rollout);
/* Wait until this revision is accepted, and served by all. */
void rig_fleet_await_accepted(struct rig_fleet *f, const char *word);

#endif
