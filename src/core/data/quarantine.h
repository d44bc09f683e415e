/*
 * Quarantine: changes of znodes that nginx has refused.
 *
 * An entry names a znode and the refused bytes, or its deletion. As long as the tree says exactly
 * that, the znode counts as nginx runs it (its accepted form), or as not there; a znode with
 * other bytes is not affected. Each refusal doubles the time until the entry is let go for another
 * try, as the cause may be outside of ZooKeeper; when something has changed that may be the cause,
 * it is tried again at once and nothing is doubled.
 *
 * What nginx runs and could not load again (its certificate was deleted, say) is an entry as well:
 * a lost one. It stays in force for a grace time, and is left out only after that.
 *
 * Pure: time is an argument.
 */
#ifndef ZKNGINX_QUARANTINE_H
#define ZKNGINX_QUARANTINE_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

struct quarantine;

struct quarantine *quarantine_new(void);
void quarantine_free(struct quarantine *q);
DEFINE_CLEANUP(struct quarantine *, quarantine_free)

/* nginx refused these bytes of the znode (to NULL: its deletion); message in its own words. */
void quarantine_add(struct quarantine *q, const char *path, const struct znode *to,
		    enum problem_kind kind, const char *message, uint64_t now);
/* There was no other try of this change after all: it stays refused, for the same reason. */
void quarantine_keep(struct quarantine *q, const char *path, const struct znode *to, uint64_t now);
/* nginx runs these bytes, and could not load them again. They are left out from `due` on, the
 * first time that is said of them. */
void quarantine_lose(struct quarantine *q, const struct znode *z, const char *message,
		     uint64_t due);
/* nginx can load all of these accepted znodes. True: one of them was lost. */
bool quarantine_find_again(struct quarantine *q, const struct tree *accepted);

/* Was this change refused before, and is its entry let go or in force? */
bool quarantine_knows(const struct quarantine *q, const char *path, const struct znode *to);

/*
 * The tree (one reference) with all refused changes taken back, and a problem for each. A new
 * znode that is refused takes what is below it with it. What was let go for another try is not
 * taken back, but stays a problem until nginx runs it.
 */
struct tree *quarantine_apply(const struct quarantine *q, struct tree *tree,
			      const struct tree *accepted, struct problems *problems);
/* The znodes of a candidate without the lost ones that are to be left out by now (one reference).
 * NULL: there are none. */
struct tree *quarantine_leave_out(const struct quarantine *q, const struct tree *sources,
				  uint64_t now);

/* Let go of entries whose time has come, and forget those that neither tree has any more. */
void quarantine_expire(struct quarantine *q, const struct tree *tree, const struct tree *accepted,
		       uint64_t now);
/* nginx runs these znodes: what was tried again and is among them is forgotten, and its problem
 * dropped. True: there was such an entry. */
bool quarantine_accept(struct quarantine *q, const struct tree *accepted,
		       struct problems *problems);
/* When the next entry is due, or NEVER. */
uint64_t quarantine_due(const struct quarantine *q);
/* Something has changed that may be the cause: let go of all that nginx -t refused. `reloads`: and
 * of all that a reload refused, where a try is not as cheap. */
void quarantine_release(struct quarantine *q, bool reloads);
/* When the next lost form is to be left out, after `now`, or NEVER. */
uint64_t quarantine_next_loss(const struct quarantine *q, uint64_t now);
/* Forget everything (the operator asked for it: SIGHUP). */
void quarantine_clear(struct quarantine *q);
/* How many are in force. */
size_t quarantine_count(const struct quarantine *q);
bool quarantine_is_empty(const struct quarantine *q);

/* Calls back with the message of each entry in force, and of each lost one. */
void quarantine_each_message(const struct quarantine *q,
			     void (*visit)(void *ctx, const char *message), void *ctx);

#endif
