/*
 * Generations on disk.
 *
 *	STATE/generations/N/{http.conf,stream.conf,manifest.json}   immutable
 *	STATE/generations/N/tree.txt     the znodes it was made from, added once it is proved
 *	STATE/live -> generations/N      what nginx includes
 *	STATE/applied.json               the generation that a master was seen to run
 *	STATE/lock                       held while a daemon runs
 *
 * Publishing is one rename of the link, so http.conf and stream.conf change in the
 * same instant and no reload, by anybody, sees half a generation. Everything is
 * fsynced before the link names it. Opening a state directory finds the newest
 * generation whose bytes match its manifest, and makes an empty one where there
 * is none, so that nginx.conf may include the files from the start.
 */
#ifndef ZKNGINX_NGINX_STAGE_H
#define ZKNGINX_NGINX_STAGE_H

#include <zknginx/bundle.h>
#include <zknginx/err.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

struct stage;

/* ERR_REFUSED when another daemon holds the lock. */
int stage_open(const struct state_settings *settings, struct stage **out, struct err *e);
/* The same, but files of the live generation that somebody has changed are left as they are:
 * stage_live_is_intact() tells of them. */
int stage_open_as_it_is(const struct state_settings *settings, struct stage **out, struct err *e);
void stage_close(struct stage *s);
/* Settings read again; the directory stays what it is. */
void stage_configure(struct stage *s, const struct state_settings *settings);
DEFINE_CLEANUP(struct stage *, stage_close)

/* The generation that `live` names: its number, digest and revision (hex; "" for the empty one). */
unsigned long stage_live(const struct stage *s);
const struct digest *stage_live_digest(const struct stage *s);
const char *stage_live_revision(const struct stage *s);

/*
 * The accepted znodes of the live generation, or where it has none yet those of the newest one
 * before it; for a restart. One reference; an empty tree where there are none at all.
 */
int stage_live_tree(const struct stage *s, struct tree **tree, struct err *e);
/* The same of somebody else's state directory, without its lock; of the live generation alone. */
int stage_peek_tree(const char *directory, struct tree **tree, struct err *e);

/* Do the live files still hold the bytes of their manifest? *name: the first that does not ("live":
 * the link itself). Cheap while nobody touches them; bytes that change without any time of the file
 * (a failing disk) are seen within the hour, when the files are read again, or at a restart. */
bool stage_live_is_intact(struct stage *s, const char **name);

/* Absolute paths. */
const char *stage_live_directory(const struct stage *s);                  /* STATE/live */
const char *stage_cache_directory(const struct stage *s);                 /* STATE/cache */
char *stage_generation_directory(const struct stage *s, unsigned long n); /* the caller frees */

/* Write a bundle as the next generation. Not durable yet. */
int stage_write(struct stage *s, const struct bundle *b, const char *revision, unsigned long *n,
		struct err *e);
/* Make a written generation durable (fsync of files and directories). */
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

/* Which generation which master was seen to run; survives our restart. */
struct applied {
	unsigned long generation;
	long pid;
	uint64_t start_time; /* of the master, in clock ticks since boot */
};
int stage_set_applied(struct stage *s, const struct applied *a, struct err *e);
/* False when none is known to run any (the host has been booted since, or doubted). */
bool stage_applied(const struct stage *s, struct applied *a);
/* What the master runs is not certain any more, nor that one which runs now was started with it;
 * the generation stays the last good one. */
void stage_doubt_applied(struct stage *s);

/* Was the live generation published before this time (clock ticks since boot)? False when that is
 * not known. */
bool stage_was_live_before(const struct stage *s, uint64_t ticks);

/* Where to go back to from a bad generation: the applied one, else the newest intact one that
 * was proved, else the newest intact one. False when there is none. */
bool stage_last_good(const struct stage *s, unsigned long bad, unsigned long *good);

/* Remove all but the newest `keep` generations; never the live one, the one that was last seen to
 * run, or `spare`. */
void stage_prune(struct stage *s, unsigned long spare);

#endif
