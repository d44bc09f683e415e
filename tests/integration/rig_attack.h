/*
 * Attacks on the "safe" policy with a real nginx: hostile snippets are generated, and each one that
 * passes the policy becomes a server of its own and gets raw requests. Around the directories that
 * may be served there are canaries: files whose content no answer may contain.
 *
 * Each snippet is served twice, the second time with names of files that do not exist. Where the
 * two answers differ, a client can find out which files exist.
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
	int upstream; /* a port: answers with the X-Accel-Redirect that ?r= contains */
	unsigned batch;
	/* The results. */
	unsigned long made, refused, invalid, served; /* snippets */
	unsigned long tries, canaries, oracles;       /* raw requests, and bad answers */
	unsigned long leaky;                          /* snippets with a bad answer */
};

/* Makes the directories and starts nginx. */
void attack_start(struct attack *a, uint64_t seed, enum policy_level level);
void attack_stop(struct attack *a);
/* Generates snippets until this many pass the policy, and sends each this many requests, at
 * random. */
void attack_batch(struct attack *a, unsigned snippets, unsigned requests);
/* The known tricks, each with its known request. */
void attack_known(struct attack *a);
/* The same with typed sites in place of snippets. */
void attack_site_batch(struct attack *a, unsigned sites, unsigned requests);
void attack_known_sites(struct attack *a);
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
/* Parts of them: a regular expression, what a rewrite makes of it, and one statement. */
void attack_regex(struct attack *a, struct buf *out);
const char *attack_replacement(struct attack *a);
void attack_statement(struct attack *a, struct buf *out);

/* rig_attack_site.c: typed sites. */
struct attack_site_trick {
	const char *site, *template, *request; /* template: NULL where there is none */
};
extern const struct attack_site_trick attack_site_tricks[];
extern const size_t attack_site_trick_count;
/* The body of the server{} that the site becomes, for the caller to free; NULL: it is refused. */
char *attack_known_site(struct attack *a, const struct policy *policy,
			const struct attack_site_trick *trick);
char *attack_random_site(struct attack *a, const struct policy *policy);
/* A number below n. */
unsigned attack_random(struct attack *a, unsigned n);

#endif
