/*
 * Quarantine: changes of znodes that nginx has refused.
 *
 * An entry is a znode with the refused bytes, or its deletion. While an entry is in force, and the
 * tree has exactly these bytes, the znode counts as what nginx runs (its accepted form), or as
 * missing. A znode with other bytes is not affected. An entry is released for another try after a
 * while, because the cause may be outside of ZooKeeper; each refusal doubles that time. When
 * something has changed that may be the cause, it is released at once, and the time is not doubled.
 *
 * There are also lost entries: znodes that nginx runs and could not load again (for example because
 * a certificate was deleted). A lost znode stays in force for a grace time and is left out after
 * that.
 *
 * Pure: time is an argument (CLOCK_MONOTONIC, microseconds). Nothing fails. All arguments are
 * borrowed for the call, and what is kept is copied.
 */
#ifndef ZKNGINX_QUARANTINE_H
#define ZKNGINX_QUARANTINE_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

struct quarantine;

struct quarantine *quarantine_new(void);
void quarantine_free(struct quarantine *q);
DEFINE_CLEANUP(struct quarantine *, quarantine_free)

/*
 * nginx refused these bytes of the znode; `to` is NULL when it refused its deletion. message: in
 * nginx's own words. Counts one more refusal of this change.
 */
void quarantine_add(struct quarantine *q, const char *path, const struct znode *to,
		    enum problem_kind kind, const char *message, uint64_t now);
/* The change was released but has not been tried: it is refused as before, for the same reason. */
void quarantine_keep(struct quarantine *q, const char *path, const struct znode *to, uint64_t now);
/*
 * nginx runs these bytes and could not load them again. They are left out from `due` on. A later
 * call for the same bytes does not change that time.
 */
void quarantine_lose(struct quarantine *q, const struct znode *z, const char *message,
		     uint64_t due);
/* nginx can load all of these accepted znodes. Returns true when one of them was lost. */
bool quarantine_find_again(struct quarantine *q, const struct tree *accepted);

/* Has this change an entry, in force or released? */
bool quarantine_knows(const struct quarantine *q, const char *path, const struct znode *to);

/*
 * The tree (one reference) with all refused changes taken back, and a problem for each of them.
 * With a new znode that is refused, everything below it is removed as well. A change that was
 * released is not taken back, but stays a problem until nginx runs it.
 */
struct tree *quarantine_apply(const struct quarantine *q, struct tree *tree,
			      const struct tree *accepted, struct problems *problems);
/*
 * The znodes of a candidate without the lost ones whose time has come (one reference). NULL: there
 * are none of these.
 */
struct tree *quarantine_leave_out(const struct quarantine *q, const struct tree *sources,
				  uint64_t now);

/* Release entries whose time has come, and forget those that neither tree has any more. */
void quarantine_expire(struct quarantine *q, const struct tree *tree, const struct tree *accepted,
		       uint64_t now);
/*
 * nginx runs these znodes: forget the released entries among them, and remove their problems from
 * the list. Returns true when there was such an entry.
 */
bool quarantine_accept(struct quarantine *q, const struct tree *accepted,
		       struct problems *problems);
/* When the next entry is due to be released, or NEVER. */
uint64_t quarantine_due(const struct quarantine *q);
/*
 * Something has changed that may be the cause: release all entries that nginx -t refused. With
 * `reloads` also those that a reload refused, where another try costs more.
 */
void quarantine_release(struct quarantine *q, bool reloads);
/* When the next lost znode is to be left out, after `now`, or NEVER. */
uint64_t quarantine_next_loss(const struct quarantine *q, uint64_t now);
/* Forget everything (on SIGHUP). */
void quarantine_clear(struct quarantine *q);
/* The number of entries in force. */
size_t quarantine_count(const struct quarantine *q);
/* Has it no entry at all, in force, released or lost? */
bool quarantine_is_empty(const struct quarantine *q);

/* Calls visit() with the message of each entry that is in force or lost; borrowed for the call. */
void quarantine_each_message(const struct quarantine *q,
			     void (*visit)(void *ctx, const char *message), void *ctx);

#endif
