/*
 * The note: the data of the config root, which is no part of a revision. A client that pushes a
 * config writes there who did it and why: {"by": TEXT, "note": TEXT}. A signer adds "revision",
 * "serial", "time" and "signature" (signature.h).
 *
 * A push that needs several transactions begins with the mark "push": {"by": TEXT, "time": TIME,
 * "id": TEXT, "left": NUMBER} and ends with a note without it. While the mark is there, the config
 * below the root is incomplete: no host takes it, and the leader does not roll it out or store it.
 * Data that is no such JSON, or whose mark is not complete, is a note without a mark.
 */
#ifndef ZKNGINX_CONFIG_NOTE_H
#define ZKNGINX_CONFIG_NOTE_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/tree.h>

struct config_push {
	const char *by;     /* who pushes */
	const char *id;     /* which push; not empty */
	uint64_t time;      /* when it began, microseconds since 1970 */
	unsigned long left; /* znodes that are not written yet */
};

/* A removal of many znodes leaves the same mark. Its id, of the path that is removed, in the arena;
 * and the path of such a mark, NULL: it is that of a push. */
const char *config_removal_id(struct arena *a, const char *path);
const char *config_push_removal(const struct config_push *p);

/* Far above what anybody signs, and still exact in everybody's JSON. */
#define SERIAL_MAX 1000000000000000UL

struct config_note {
	const char *by, *note; /* "" = not given */
	/* What was signed, and when; "" and 0 = not given. */
	const char *revision, *time, *signature;
	unsigned long serial;
	bool unfinished; /* the mark is there: */
	struct config_push push;
	const char *other; /* the keys of another version or client, as JSON; NULL = none */
};

/* Says nothing, and has no mark. */
struct config_note config_note_empty(void);

/* Its revision, serial, time and signature in place of the ones that n has. */
void config_note_take_signature(struct config_note *n, const struct config_note *from);

/* Into the arena. Any data is a note. */
void config_note_parse(struct arena *a, const char *data, size_t size, struct config_note *out);
/* JSON with sorted keys. What was parsed from it is printed again; `other` is kept. */
void config_note_print(const struct config_note *n, struct buf *out);

/* The note of the config root in this tree; without a root an empty one. */
void config_note_of(struct arena *a, const struct tree *t, const char *root,
		    struct config_note *out);
/* The same znode without a mark; the znode itself where it has none. */
struct znode config_note_unmarked(struct arena *a, const struct znode *z);

#endif
