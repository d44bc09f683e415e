/*
 * The search: which part of a change does nginx accept?
 *
 * core/deploy/search.h decides what to test next; here it is carried out. A test is a run of
 * nginx -t. If nginx -t passes and only the reload fails, a test is a whole deployment, which is
 * live if it succeeds. A search that takes long deploys the part that is known to pass before it is
 * over.
 */
#ifndef ZKNGINX_AGENT_REFUSAL_SEARCH_H
#define ZKNGINX_AGENT_REFUSAL_SEARCH_H

#include "core/data/quarantine.h"
#include "core/deploy/changes.h"
#include "tester.h"

enum search_end {
	SEARCH_OVER,      /* each change is accepted or refused */
	SEARCH_NO_CHANGE, /* there is nothing to search in */
	SEARCH_STOPPED,   /* a part could not be deployed, and no znode is the cause */
};

struct refusal_search_ops {
	/* nginx runs this part of the change. The model is taken over. */
	void (*accept)(void *ctx, struct model *m);
	/* The search is over. It may be ended in this call. */
	void (*on_end)(void *ctx, enum search_end end);
};

struct refusal_search {
	struct tester *tester;
	const struct refusal_search_ops *ops;
	void *ctx;
	struct changes *changes; /* NULL: no search is under way */
	struct search *search;
	bool *take;
	char **messages; /* by tag */
	size_t message_count;
	bool reloads;           /* a test is a whole deployment: only a reload shows the error */
	bool partly;            /* a part may be deployed before the search is over */
	bool deploying_part;    /* … and is now */
	const char *applied;    /* revision of what nginx runs; borrowed */
	size_t live;            /* units that were accepted when the last part was deployed */
	uint64_t logged;        /* when its progress last was */
	uint64_t refused_since; /* the first refusal since something was accepted; 0: none */
};

void refusal_search_init(struct refusal_search *s, struct tester *tester,
			 const struct refusal_search_ops *ops, void *ctx);

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
/* The outcome of a test or a deployment of the search. */
void refusal_search_outcome(struct refusal_search *s, const struct outcome *o);
/* At the end: calls back with each refused change, and nginx's message about it (NULL: it was
 * refused before and was not tested again). Returns how many there are. */
size_t refusal_search_refused(const struct refusal_search *s,
			      void (*visit)(void *ctx, const struct change *c, const char *message),
			      void *ctx);
/* The log line that ends a search; refused: how many. */
void refusal_search_log(const struct refusal_search *s, size_t refused);
/* Drops the search. */
void refusal_search_end(struct refusal_search *s);

#endif
