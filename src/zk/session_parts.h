/* The struct of a session. session.c: its life and its notes; session_request.c: its owner's
 * requests; session_link.c:
 * its handle and its link; session_relay.c: what the relay says; session_open.c: what these share.
 * Each calls only those after it. */
#ifndef ZKNGINX_ZK_SESSION_PARTS_H
#define ZKNGINX_ZK_SESSION_PARTS_H

#include <zknginx/log.h>
#include <zknginx/numbers.h>

#include "acl.h"
#include "address_book.h"
#include "outbox.h"
#include "relay.h"

struct session {
	sd_event *loop;
	char *name;
	struct session_ops ops;
	void *ctx;
	uint64_t wanted_timeout;
	char *auth_file;
	struct acl_book acls; /* of what it creates */

	struct queue *queue;
	struct notes notes; /* taken from the queue, not handled yet */
	sd_event_source *incoming, *work, *retry, *beat;

	struct relay_port *relay; /* that the handles connect to */
	struct handle *handle;    /* NULL between two handles */
	struct address_book addresses;
	struct outbox outbox;
	uint64_t opened;
	unsigned epoch, closing, failures;
	bool linked, authenticating, authenticated, was_connected, freeing;
	bool proved; /* the handle has had an answer from the ensemble */
	const char
		*condemned; /* why the handle is to be closed at the next step; NULL: it is not */

	enum session_state state;
	uint64_t since, link_changed, unlinked, cut_short;
	/* Neither a flapping link nor a lasting failure floods the log. */
	struct log_limit flap, unopened, unresolved, refused_auth, distrust_log, unanswered_log,
		stale_tls;
	int64_t id;
	uint64_t timeout;
	char server[64], last_server[64]; /* "": none now; the last one that there was */
	unsigned long reconnects, expirations;
	struct histogram beats; /* how long they took */

	bool beating;
	uint64_t beat_sent, last_reply;
	uint64_t slow;  /* when a part of a large answer last arrived; 0: never */
	char *distrust; /* the server that was last refused, and why; NULL: none so far */
	uint64_t distrusted_at;
	char *unanswered; /* why the last session could not be used; NULL: it could */
	char *slow_text;  /* how much of it; NULL: no answer is slow now */
};

#define SESSION_BEATS 6 /* within one timeout */

/* session_open.c */
void session_enter(struct session *s, enum session_state state);
/* For a failure that lasts: a line of each kind in a while. */
bool session_may_log(struct log_limit *limit);
/* The handle will be closed at the next step of the loop, and another opened. */
void session_condemn(struct session *s, const char *why);
/* Plan the next handle; its pause is counted from `begin`. */
void session_reopen_after(struct session *s, uint64_t begin);
void session_resolve(struct session *s);
/* Until the first answer, or the next step towards it, or else the next beat. */
void session_arm_beat(struct session *s);
/* Send requests that wait, and see to it that refused ones are answered. */
void session_pump(struct session *s);
void session_on_resolved(struct session *s, struct note *n);
int session_on_retry(sd_event_source *source, uint64_t usec, void *ctx);

/* session_link.c */
/* Close the condemned handle, report its end, and plan the next one. */
void session_close_condemned(struct session *s);
void session_on_link_state(struct session *s, struct note *n);
void session_on_auth(struct session *s, struct note *n);
void session_on_beat(struct session *s, struct note *n);
/* session_relay.c */
int session_open_relay(struct session *s, const struct zookeeper_settings *settings, struct err *e);
/* The last server granted a session that could not be used, because … */
void session_set_unanswered(struct session *s, const char *why);
void session_on_server(struct session *s, struct note *n);
void session_on_distrust(struct session *s, struct note *n);
void session_on_slow(struct session *s, struct note *n);
void session_on_stale(struct session *s, struct note *n);
int session_on_beat_timer(sd_event_source *source, uint64_t usec, void *ctx);

#endif
