/*
 * Generations on disk.
 *
 *	STATE/generations/N/{http.conf,stream.conf,manifest.json}   immutable
 *	STATE/generations/N/tree.txt     the znodes it was made from, added once nginx runs it
 *	STATE/live -> generations/N      what nginx includes
 *	STATE/applied.json               the generation that a master is known to run
 *	STATE/lock                       locked while a daemon runs
 *
 * Publishing is one rename of the link, so http.conf and stream.conf change in the same instant and
 * no reload, by any process, sees half a generation. Everything is fsynced before the link names
 * it. Opening a state directory finds the newest generation whose bytes match its manifest, and
 * makes an empty one where there is none, so that nginx.conf can include the files from the start.
 * What a provisioning tool has made in advance (empty files) is taken over.
 */
#ifndef ZKNGINX_NGINX_STAGE_H
#define ZKNGINX_NGINX_STAGE_H

#include <zknginx/bundle.h>
#include <zknginx/err.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

#include "applied.h"

struct stage;

/* ERR_REFUSED when another daemon has the lock; ERR_INPUT when something in the directory needs a
 * person, such as another directory in place of the link. */
int stage_open(const struct state_settings *settings, struct stage **out, struct err *e);
/* The same, but changed files of the live generation are left as they are; stage_live_is_intact()
 * reports them. */
int stage_open_as_it_is(const struct state_settings *settings, struct stage **out, struct err *e);
void stage_close(struct stage *s);
/* Settings read again; the directory stays what it is. */
void stage_configure(struct stage *s, const struct state_settings *settings);
DEFINE_CLEANUP(struct stage *, stage_close)

/* The generation that `live` names: its number, whether it is this bundle, and its revision (hex;
 * "" for the empty one). */
unsigned long stage_live(const struct stage *s);
bool stage_live_is(const struct stage *s, const struct bundle *b);
const char *stage_live_revision(const struct stage *s);

/*
 * The accepted znodes of the live generation, or, if it has none, those of the newest generation
 * before it; *revision (may be NULL) is the one of that generation. One reference; an empty tree
 * and
 * "" when no generation has any.
 */
int stage_accepted_tree(const struct stage *s, struct tree **tree, char revision[DIGEST_HEX_SIZE],
			struct err *e);
/* The accepted znodes of the live generation alone, in a state directory that another daemon may
 * have locked. */
int stage_peek_tree(const char *directory, struct tree **tree, struct err *e);

/* Do the live files still hold the bytes of their manifest? *name: the first that does not ("live":
 * the link itself). See live_files.h for what it costs. */
bool stage_live_is_intact(struct stage *s, const char **name);

/* Absolute paths. */
const char *stage_live_directory(const struct stage *s);                  /* STATE/live */
const char *stage_cache_directory(const struct stage *s);                 /* STATE/cache */
char *stage_generation_directory(const struct stage *s, unsigned long n); /* the caller frees */

/* Write a bundle as the next generation. Not durable yet. */
int stage_write(struct stage *s, struct bundle *b, const char *revision, unsigned long *n,
		struct err *e);
/* Complete a written generation with its manifest, and make it durable (fsync of files and
 * directories). nginx may test its files meanwhile. */
int stage_sync(struct stage *s, unsigned long n, struct err *e);
/* Point `live` at a generation; atomic and durable. */
int stage_publish(struct stage *s, unsigned long n, struct err *e);
/*
 * The same in two steps, so that the signal need not wait for the disk: after the first the new
 * generation is live, after the second it is still live after a crash of the host. In between a
 * crash leaves the old link or the new one, and both name a whole generation.
 */
int stage_switch(struct stage *s, unsigned long n, struct err *e);
int stage_settle(struct stage *s, struct err *e);
/* Remove a generation that is not live. */
void stage_discard(struct stage *s, unsigned long n);
/* Add the accepted znodes to a published generation. */
int stage_record(struct stage *s, unsigned long n, const struct tree *accepted, struct err *e);
/* Has the live generation its accepted znodes? One with other files and the same znodes, for a
 * check or a drain, lacks them at first, and the older ones that have them are pruned. */
bool stage_has_record(const struct stage *s);

int stage_set_applied(struct stage *s, const struct applied *a, struct err *e);
/* False when no master is known to run any (after a boot of the host, or stage_doubt_applied()). */
bool stage_applied(const struct stage *s, struct applied *a);
/* See applied_doubt(). The generation stays the last good one. */
void stage_doubt_applied(struct stage *s);

/* Was the live generation published before this time (clock ticks since boot)? False when unknown.
 */
bool stage_was_live_before(const struct stage *s, uint64_t ticks);

/* Where to go back to from a bad generation: the applied one, else the newest intact one with
 * accepted znodes, else the newest intact one. False when there is none. */
bool stage_last_good(const struct stage *s, unsigned long bad, unsigned long *good);

/* Remove all but the newest `keep` generations; never the live one, the applied one, or `spare`. */
void stage_prune(struct stage *s, unsigned long spare);

#endif
