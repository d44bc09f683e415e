/*
 * The only way from the library's threads (and our helper threads) to the loop: a list of notes
 * under a mutex, and an eventfd that becomes readable when the list is no longer empty. A push
 * takes the note.
 *
 * Every thread that may still push holds a reference, so a helper that outlives its session pushes
 * into a shut queue without harm.
 */
#ifndef ZKNGINX_ZK_QUEUE_H
#define ZKNGINX_ZK_QUEUE_H

#include <sys/queue.h>

#include "session.h"

struct handle;
struct request;

enum note_kind {
	NOTE_REPLY,    /* to `request`; rc and reply are set */
	NOTE_STATE,    /* of the connection: rc is a ZOO_…_STATE */
	NOTE_WATCH,    /* rc is a ZOO_…_EVENT, text the path */
	NOTE_AUTH,     /* rc of the credentials */
	NOTE_BEAT,     /* rc of a heartbeat */
	NOTE_CLOSED,   /* `handle` is closed: nothing calls back into it any more */
	NOTE_RESOLVED, /* text: numeric addresses, "" when there are none; error: what failed */
	NOTE_SERVER,   /* these four are of the relay (relay.h) */
	NOTE_DISTRUST,
	NOTE_SLOW,
	NOTE_STALE,
	NOTE_KIND_N
};

struct note {
	STAILQ_ENTRY(note) link;
	enum note_kind kind;
	struct handle *handle; /* that it comes from; NULL for NOTE_RESOLVED and the relay's */
	struct request *request;
	int rc;
	const char *text;
	char *error; /* freed with the note; may be NULL */
	struct session_reply reply;
	struct session_stat stat;
	_Alignas(max_align_t) char bytes[]; /* what text and reply point to */
};
STAILQ_HEAD(notes, note);

/* Zeroed, with room for `extra` bytes. */
struct note *note_new(enum note_kind kind, struct handle *handle, size_t extra);
void note_free(struct note *n);

struct queue;

int queue_new(struct queue **out, struct err *e);
struct queue *queue_ref(struct queue *q);
void queue_unref(struct queue *q);

/* On any thread. Takes the note. False: the queue is shut, and the note was freed. */
bool queue_push(struct queue *q, struct note *n);

/* On the loop thread. Readable while there are notes. */
int queue_fd(const struct queue *q);
/* Moves all notes to the end of `to`. */
void queue_take(struct queue *q, struct notes *to);
bool queue_is_empty(struct queue *q);
/* From now on notes are dropped. */
void queue_shut(struct queue *q);

#endif
