/*
 * Trust: which configurations this host may apply, by their signatures (core/fleet/signature.h).
 *
 * With trust.require a config is applied only if the note of its root has a good signature of a
 * trusted key, wherever the config comes from: ZooKeeper, the history, or STATE/config.tree. What
 * nginx runs stays in force whatever is found.
 *
 * The serial of the last revision that was applied for good is kept in STATE/trust.json. "For good"
 * is: not on trial, as a host goes back from a trial to the accepted revision. A different revision
 * with the same or a lower serial is a replay. With "config" that is asked of the config in
 * ZooKeeper alone, so the plan can name an older signed revision; with "all" it is asked of every
 * config.
 */
#ifndef ZKNGINX_AGENT_TRUST_H
#define ZKNGINX_AGENT_TRUST_H

#include <zknginx/problem.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

#include "core/fleet/signature.h"

struct trust;
/* Reads STATE/trust.json; if that cannot be used, no config is trusted until the file is repaired
 * or deleted. The settings are borrowed until trust_use_settings(). */
struct trust *trust_new(const struct settings *settings);
void trust_free(struct trust *t);
/* The newest config is judged by these. */
void trust_use_settings(struct trust *t, const struct settings *settings);

/* The newest config, and its revision: may it be applied? */
void trust_look(struct trust *t, struct tree *newest, const char *revision);
/* Always false without trust.require. */
bool trust_refuses_newest(const struct trust *t);
/* … and is that because it is older than what this host has applied? */
bool trust_newest_is_replay(const struct trust *t);
/* May this config, which is not the newest, be applied? Else *why, until the next call. */
bool trust_accepts(struct trust *t, const struct tree *config, const char *revision,
		   const char **why);
/* nginx runs this config for good. True: the last serial is another one now, and the newest config
 * was judged again: it may be a replay. */
bool trust_applied(struct trust *t, const struct tree *config, const char *revision);

/* Where the newest is refused: why, and what is served meanwhile; in the arena. */
const char *trust_explain(const struct trust *t, struct arena *a, const char *newest,
			  const char *serving);

/* The same, as a problem of the config root. */
void trust_add_problem(const struct trust *t, const char *newest, const char *serving,
		       struct problems *problems);

/* Borrowed until the next call. */
struct trust_facts {
	enum trust_mode require;
	const char *state;    /* of the newest config: signature_result_name(); "" = unknown */
	const char *key;      /* that has signed it; "" */
	const char *why;      /* it is not taken; "" = it is */
	unsigned long serial; /* of the newest config; 0 = none */
	unsigned long last;   /* the last one that was applied; 0 = none */
};
void trust_facts(const struct trust *t, struct trust_facts *out);

#endif
