/*
 * The search: which part of a change does nginx accept?
 *
 * core/deploy/search.h decides what to test next; here it is carried out. A test is a run of
 * nginx -t. If nginx -t passes and only the reload fails, a test is a whole deployment, which is
 * live if it succeeds. A search that takes long deploys the part that is known to pass before it is
 * over.
 *
 * A search that takes very long is dropped for a newer tree (core/deploy/patience.h): the
 * correction of an operator, and servers that come and go, do not wait for its end. What it has
 * accepted is live by then. What it has proved to be refused goes into quarantine; where more has
 * been accepted since the proof, it is tested again before, if the budget allows that at once. So
 * the search of the newer tree does not begin from the start, and it tests what is new before what
 * the dropped search has left open. The drop waits until a deployment may begin, as the next run
 * begins with one.
 */
#ifndef ZKNGINX_AGENT_REFUSAL_SEARCH_H
#define ZKNGINX_AGENT_REFUSAL_SEARCH_H

#include "attempt.h"
#include "core/data/quarantine.h"
#include "core/deploy/changes.h"
#include "core/deploy/patience.h"
#include "tester.h"

enum search_end {
	SEARCH_OVER,      /* each change is accepted or refused */
	SEARCH_OUTDATED,  /* it was dropped for a newer tree; what is not known yet is open */
	SEARCH_NO_CHANGE, /* there is nothing to search in */
	SEARCH_STOPPED,   /* a part could not be deployed, and no znode is the cause */
};

struct refusal_search_ops {
	/* nginx runs this part of the change. The model is taken over. */
	void (*accept)(void *ctx, struct model *m);
	/* A second has passed, or the search begins. */
	void (*on_progress)(void *ctx);
	/* The search is over. It may be ended in this call. */
	void (*on_end)(void *ctx, enum search_end end);
};

struct refusal_search {
	struct tester *tester;
	const struct refusal_search_ops *ops;
	void *ctx;
	const struct attempt *attempt;
	struct patience patience;
	struct tree *left_open;  /* what the last search was about, if it was dropped; else NULL */
	struct changes *changes; /* NULL: no search is under way */
	struct search *search;
	bool *take;
	char **messages; /* by tag */
	size_t message_count;
	bool reloads;           /* a test is a whole deployment: only a reload shows the error */
	bool dropping;          /* it is about to be dropped */
	bool partly;            /* a part may be deployed before the search is over */
	bool deploying_part;    /* … and is now */
	const char *applied;    /* revision of what nginx runs; borrowed */
	size_t live;            /* units that were accepted when the last part was deployed */
	uint64_t logged;        /* when its progress last was … */
	uint64_t told;          /* … and when on_progress() last was called */
	uint64_t refused_since; /* the first refusal since something was accepted; 0: none */
};

/* attempt: borrowed; it is what it is at each call. */
void refusal_search_init(struct refusal_search *s, struct tester *tester,
			 const struct attempt *attempt, const struct refusal_search_ops *ops,
			 void *ctx);

struct refusal_search_spec {
	struct tree *base;             /* passes */
	const struct model *candidate; /* does not pass */
	const char *root;              /* zookeeper.config */
	const char *message; /* nginx's about the candidate's bundle, which is the tester's; NULL:
				not known */
	bool reloads;
	/* The changes that were refused before are tested last, and a part may be deployed. NULL:
	 * the search is among the accepted znodes. */
	const struct quarantine *quarantine;
	const char *applied;
};
/* on_end() follows; it may be called at once. */
void refusal_search_begin(struct refusal_search *s, const struct refusal_search_spec *spec);
/* A whole candidate is in force. */
void refusal_search_on_accepted(struct refusal_search *s);
/* The attempt has a newer tree. Nothing happens if no search is under way. */
void refusal_search_on_newer(struct refusal_search *s);
/* A sentence for an operator: what is searched, and how far it is; the caller frees. NULL: no
 * search in a change is under way, and none was dropped before its end. */
char *refusal_search_sentence(const struct refusal_search *s);
/* The outcome of a test or a deployment of the search. */
void refusal_search_outcome(struct refusal_search *s, const struct outcome *o);
/* At the end: calls back with each refused change, and nginx's message about it (NULL: it was
 * refused before and was not tested again). Returns how many there are. */
size_t refusal_search_refused(const struct refusal_search *s,
			      void (*visit)(void *ctx, const struct change *c, const char *message),
			      void *ctx);
/* The log line that ends a search; refused: how many. */
void refusal_search_log(const struct refusal_search *s, size_t refused, enum search_end end);
/* Frees what belongs to this search. */
void refusal_search_end(struct refusal_search *s);
void refusal_search_fini(struct refusal_search *s);

#endif
