/*
 * Attacks on the "safe" policy, for real: hostile snippets are made, and what passes the
 * policy is served by a real nginx, as a server each, and asked raw requests. Around
 * the directories that may be served lie canaries, files that no answer may hold.
 *
 * Each snippet is served twice, the second time with names of files that do not exist:
 * where the answers differ, a client learns which files there are.
 */
#ifndef ZKNGINX_TESTS_RIG_ATTACK_H
#define ZKNGINX_TESTS_RIG_ATTACK_H

#include <zknginx/buf.h>

#include "core/policy/policy.h"
#include "rig_nginx.h"

struct attack {
	struct rig_nginx nginx;
	uint64_t random; /* the state of the generator */
	enum policy_level level;
	int upstream; /* a port: answers with the X-Accel-Redirect that ?r= says */
	unsigned batch;
	/* What came of it. */
	unsigned long made, refused, invalid, served; /* snippets */
	unsigned long tries, canaries, oracles;       /* raw requests, and bad answers */
	unsigned long leaky;                          /* snippets with a bad answer */
};

/* Makes the directories and starts nginx. */
void attack_start(struct attack *a, uint64_t seed, enum policy_level level);
void attack_stop(struct attack *a);
/* Makes snippets until as many pass the policy, and asks each so many requests, at random. */
void attack_batch(struct attack *a, unsigned snippets, unsigned requests);
/* The known tricks, each with the request that is known to go with it. */
void attack_known(struct attack *a);
void attack_print(const struct attack *a);

/* rig_attack_text.c: the body of a server{}, and the raw request. */
#define ATTACK_NAME "canary" /* what the files around the roots are called */
void attack_snippet(struct attack *a, struct buf *out);
void attack_request(struct attack *a, struct buf *out);
struct attack_trick {
	const char *body, *request;
};
/* In the body, %R is the root, %D a deeper one, %U the port of the upstream. */
extern const struct attack_trick attack_tricks[];
extern const size_t attack_trick_count;
void attack_fill(const struct attack *a, const char *body, struct buf *out);
/* A number below n. */
unsigned attack_random(struct attack *a, unsigned n);

#endif
