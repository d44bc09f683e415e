/*
 * What becomes of a configuration that nginx does not take.
 *
 * First the ground is asked: does what nginx runs still pass by itself? If not, the cause lies on
 * this host, and no znode is blamed (refusal_ground.c). If it does, only the changed znodes can be
 * at fault, and the part of the change that nginx takes is searched for (refusal_search.c). While
 * one of these is under way the spine waits; changes that arrive join its next run.
 */
#ifndef ZKNGINX_REFUSAL_H
#define ZKNGINX_REFUSAL_H

#include <systemd/sd-event.h>

#include <zknginx/problem.h>

#include "core/deploy/blame.h"
#include "core/deploy/budget.h"
#include "core/deploy/changes.h"
#include "core/discover/discover.h"
#include "nginx/deploy.h"
#include "nginx/fingerprint.h"

struct daemon;

enum refusal_step {
	REFUSAL_IDLE,
	REFUSAL_GROUND, /* what nginx runs is tested by itself */
	REFUSAL_BARE,   /* … it does not pass: does nginx.conf pass without any of it? */
	REFUSAL_LOST,   /* … it does: which accepted znodes have become impossible? */
	REFUSAL_SEARCH, /* which of the changes does nginx take? */
	REFUSAL_PART,   /* what is known to pass goes live before the search is over */
	REFUSAL_RETEST, /* the ground did not hold: does it now? */
};

#define REFUSAL_FILES_MAX 64
#define REFUSAL_PORTS_MAX 16

/* A file that a message of nginx names: when it changes, what was refused is tried again. */
struct refusal_file {
	char *path;
	struct fingerprint seen;
};

struct refusal {
	/* The configuration as a whole is not in force. */
	struct digest digest;
	char *message;                 /* NULL: it is */
	enum problem_kind kind;        /* … */
	bool of_host;                  /* no znode is at fault */
	enum host_condition condition; /* … but this */
	uint64_t pause, due;           /* when the same bytes may be tried again */

	/* The host's own part of the configuration. */
	char *ground; /* nginx's message about it; NULL: as far as is known it holds */
	bool traced;  /* the accepted znodes that it concerns are known */
	uint64_t ground_pause;
	uint64_t ground_due; /* when it is tested again */
	bool leaves_out;     /* the attempt is without a lost znode */

	/* The work under way. */
	enum refusal_step step;
	bool real;                /* a test is a whole deployment: only a reload tells */
	enum problem_kind blamed; /* of the problems that come of the search */
	char *first;              /* what nginx said of the whole candidate */
	bool contradicted;        /* the last search found that nginx takes all of it */
	bool warned;              /* … which it would have taken, with a warning */
	struct changes *changes;
	struct search *search;
	bool *take;
	char **messages; /* by tag */
	size_t message_count;
	struct model *model; /* that is tested */
	struct bundle *bundle;
	char *warnings; /* that what nginx runs gives; NULL: not known */
	uint64_t began; /* the first refusal since something was accepted; 0: none */
	uint64_t test_began;
	size_t live; /* units that were taken when a part went live last */
	struct budget budget;
	sd_event_source *timer;          /* the next test may begin … */
	void (*again)(struct daemon *d); /* … by this */

	/* Files and names that messages speak of. */
	sd_event_source *watch;
	struct refusal_file files[REFUSAL_FILES_MAX];
	size_t file_count;
	unsigned ports[REFUSAL_PORTS_MAX]; /* somebody else listens on these */
	size_t port_count;
	char revision[DIGEST_HEX_SIZE]; /* of the last run */
};

void refusal_init(struct daemon *d);
void refusal_fini(struct daemon *d);

/* --- refusal.c: for the spine --- */

/* nginx would not have the attempt. The spine waits until converge() is called from here. */
void refusal_trace(struct daemon *d, const struct outcome *o);
/* Nothing can be blamed: these bytes are not tried again for a while. of_host: the cause is not in
 * ZooKeeper, and no znode gets a problem. */
void refusal_whole(struct daemon *d, enum problem_kind kind, bool of_host, const char *message);
/* The deployment failed because of this host: the same bytes are tried again soon. */
void refusal_host(struct daemon *d, const struct outcome *o);
/* The candidate is published and not refused: what was refused before does not count any more. */
void refusal_forget(struct daemon *d);
/* An outcome of a test of ours: true, and it is no outcome of the spine's attempt. */
bool refusal_takes_outcome(struct daemon *d, const struct outcome *o);
bool refusal_is_busy(const struct daemon *d);
/* Before the spine makes a model of attempt.tree: the tree to make it of (one reference). */
struct tree *refusal_filter(struct daemon *d);
/* After it: accepted znodes that are lost for longer than they may be are left out. */
void refusal_leave_out_lost(struct daemon *d);
/* The attempt is in force. */
void refusal_on_accepted(struct daemon *d, const struct outcome *o);
/* Something outside of ZooKeeper has changed: whatever was refused may pass now. */
void refusal_on_change(struct daemon *d);
/* Do these bytes have to wait? */
bool refusal_waits(struct daemon *d, const struct bundle *b);
/* Host names that nginx could not resolve: they are to be asked for. */
void refusal_want_names(const struct daemon *d, struct name_list *wanted);
/* Addresses of host names have changed. */
void refusal_on_names(struct daemon *d);

/* --- between the parts --- */

/* May a test begin now? If not, `again` is called when it may. */
bool refusal_may_test(struct daemon *d, void (*again)(struct daemon *d));
/* Test the configuration of these znodes. Only when it may. */
void refusal_test(struct daemon *d, struct tree *sources);
/* The work is over, and so is the attempt: the spine goes on from the newest tree, soon. */
void refusal_finish(struct daemon *d);
/* nginx's own sentence in what it wrote about the bundle under test; the caller frees it. */
char *refusal_sentence(const struct daemon *d, const char *message);
/* Did nginx take it, or is it running with it? */
bool refusal_is_success(const struct outcome *o);

/* refusal_ground.c */
void refusal_ask_ground(struct daemon *d);
void refusal_on_ground(struct daemon *d, const struct outcome *o);
void refusal_on_bare(struct daemon *d, const struct outcome *o);
void refusal_on_retest(struct daemon *d, const struct outcome *o);
/* The search among the accepted znodes is over. */
void refusal_on_lost(struct daemon *d);
void refusal_ground_holds(struct daemon *d);
/* nginx said so of what it runs; it is to be tested again, and traced. */
void refusal_doubt_ground(struct daemon *d, const char *message);
/* What nginx runs did not pass: is another test due? */
void refusal_retest_if_due(struct daemon *d);

/* refusal_search.c */
/* Which of the changes from `base`, which passes, to the candidate does nginx take? `message`: what
 * it said of the candidate's bundle, which is the one under test; NULL: that is not known. */
void refusal_search(struct daemon *d, struct tree *base, const struct model *candidate,
		    const char *message);
void refusal_on_searched(struct daemon *d, const struct outcome *o);
void refusal_on_part(struct daemon *d, const struct outcome *o);
void refusal_search_fini(struct refusal *r);

/* refusal_watch.c */
/* Look whether a cause is over, as long as something is refused. */
void refusal_watch(struct daemon *d);
void refusal_watch_init(struct daemon *d);
void refusal_watch_fini(struct daemon *d);

#endif
