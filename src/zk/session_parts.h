/* What the parts of a session share: its life and its notes (session.c), how it comes by a
 * handle (session_open.c), its link (session_link.c), its requests (session_request.c). */
#ifndef ZKNGINX_ZK_SESSION_PARTS_H
#define ZKNGINX_ZK_SESSION_PARTS_H

#include <zknginx/log.h>

#include "handle.h"
#include "resolver.h"

struct session {
	sd_event *loop;
	char *name;
	struct session_ops ops;
	void *ctx;
	struct hosts *hosts;
	uint64_t wanted_timeout;
	char *auth_file;

	struct queue *queue;
	struct notes notes; /* taken from the queue, not handled yet */
	sd_event_source *incoming, *work, *retry, *beat;

	struct handle *handle; /* NULL between two handles */
	char *known;           /* addresses, as last resolved; NULL: none yet */
	char *addresses;       /* that the handle was opened with */
	char *first; /* that it began with, which the next one is not to begin with; may be NULL */
	uint64_t opened;
	unsigned epoch, closing, failures;
	bool resolving, linked, authenticating, authenticated, was_connected, freeing;
	bool proved;      /* the handle has had an answer from the ensemble */
	const char *doom; /* why the handle is to be closed at the next step; NULL: it is not */

	enum session_state state;
	uint64_t since, link_changed, unlinked, cut_short;
	/* so that neither a flapping link nor what keeps failing floods the log */
	struct log_limit flap, unopened, unresolved, refused_auth, distrusted;
	int64_t id;
	uint64_t timeout;
	char server[64];
	unsigned long reconnects;

	struct requests waiting, refused; /* not sent yet; never to be sent */
	size_t in_flight;
	unsigned long requests;
	bool beating;
	uint64_t beat_sent, last_reply;
};

/* The handle will be closed at the next step of the loop, and another opened. */
void session_doom(struct session *s, const char *why);

#define SESSION_BEATS 6 /* within one timeout */

/* session_open.c */
void session_enter(struct session *s, enum session_state state);
/* For what goes wrong again and again: a line of each kind in a while. */
bool session_may_log(struct log_limit *limit);
/* Plans the next handle; its pause is counted from `begin`. */
void session_reopen_after(struct session *s, uint64_t begin);
void session_resolve(struct session *s);
/* Until the first answer, or the next step towards it, or else the next beat. */
void session_arm_beat(struct session *s);
void session_on_resolved(struct session *s, struct note *n);
int session_on_retry(sd_event_source *source, uint64_t usec, void *ctx);

/* session_link.c */
/* Closes the doomed handle, tells everybody, and plans the next. */
void session_bury(struct session *s);
void session_on_link_state(struct session *s, struct note *n);
void session_on_auth(struct session *s, struct note *n);
void session_on_beat(struct session *s, struct note *n);
int session_on_beat_timer(sd_event_source *source, uint64_t usec, void *ctx);

/* session_request.c */
/* Sends what waits, as far as the window allows. */
void session_pump(struct session *s);
void session_answer(struct session *s, struct note *n);
/* Answers what was refused since the last time. */
void session_answer_refused(struct session *s);
/* Answers everything that was sent through h, or waits, with SESSION_GONE. h may be NULL. */
void session_answer_gone(struct session *s, struct handle *h);
/* Does this result tell of the connection, and nothing of the request? */
bool session_is_lost(int rc);

#endif
