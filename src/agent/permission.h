/*
 * The permission: which config this host may run, and the tree that follows from it
 * (core/rollout/choice.h).
 *
 * The plan is part of the newest tree, so the plan and the config that it speaks of are of one
 * instant. If the permitted revision is not the newest one, its config comes from memory, from disk
 * (STATE/config.tree) or from the history.
 */
#ifndef ZKNGINX_AGENT_PERMISSION_H
#define ZKNGINX_AGENT_PERMISSION_H

#include <zknginx/member.h>
#include <zknginx/problem.h>
#include <zknginx/settings.h>

#include "core/fleet/config_note.h"
#include "core/rollout/rollout.h"
#include "running.h"
#include "trust.h"
#include "zk/fleet.h"

struct permission_spec {
	const struct settings *settings; /* until permission_use_settings() */
	const char *host;
};

struct permission_ops {
	/* The permit may have changed. */
	void (*on_permit)(void *ctx, const struct permit *p);
	/* A fetch from the history is over: choose again. */
	void (*on_fetched)(void *ctx);
};

struct permission;
struct permission *permission_new(const struct permission_spec *spec,
				  const struct permission_ops *ops, void *ctx);
void permission_free(struct permission *p);
void permission_use_settings(struct permission *p, const struct settings *settings);
/* Which configs may be applied; borrowed. */
const struct trust *permission_trust(const struct permission *p);
/* Membership and the history; borrowed, NULL: there is none any more. */
void permission_join(struct permission *p, struct fleet *fleet);

/*
 * A new newest tree. What cannot be read counts as it was when it last could be: as operators wrote
 * it, if that config is stored, else as nginx runs it. So every host computes the same revision,
 * whether it was started before or after. unreadable: a problem for each path. stale_plan: a plan
 * that this transaction wrote is from an older history, and is ignored; 0: none is.
 */
void permission_on_tree(struct permission *p, struct tree *newest,
			const struct problems *unreadable, const struct running *running,
			int64_t stale_plan);
/* The settings or the membership may have changed. */
void permission_update(struct permission *p);

/* What this host may run of the newest tree. */
struct choice_result {
	struct tree *tree; /* one reference */
	char revision[DIGEST_HEX_SIZE];
	uint64_t due; /* choose again at that time, or NEVER */
};
/*
 * Adds to `problems`. If the permitted config is not at hand, a fetch from the history begins, and
 * the answer is what the host runs until then. Only after permission_on_tree(). published: the
 * revision of the live files, "" = none.
 */
void permission_choose(struct permission *p, const struct running *running, const char *published,
		       struct problems *problems, struct choice_result *out);
/* nginx runs this tree, whose revision is this: its config is stored, to keep it in force, and an
 * older signed config is a replay from now on. */
void permission_keep(struct permission *p, struct tree *tree, const char *revision);

/* What is known; borrowed until the next call. */
struct permission_facts {
	struct tree *newest;         /* what could not be read is filled in; NULL: none was read */
	const char *newest_revision; /* "" = none */
	bool whole;                  /* everything in it was read once at least */
	bool wiped;                  /* the config has no object at all */
	bool untrusted;              /* … has not the signature that trust.require asks for */
	const struct config_push
		*push;       /* an unfinished one, so the config is incomplete; NULL: none */
	struct tree *stored; /* the config that is stored for a restart; NULL: none … */
	const char *stored_revision; /* … and its revision; "" = none */
	const struct plan *plan;     /* NULL: there is none that can be read */
	const struct permit *permit;
	enum member_part part;
};
void permission_facts(const struct permission *p, struct permission_facts *out);

#endif
