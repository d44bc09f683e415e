/*
 * The requests of a session. Each is in exactly one place: waiting (in the order of asking), sent
 * (with its handle), or refused. It leaves by being answered, exactly once.
 */
#ifndef ZKNGINX_ZK_OUTBOX_H
#define ZKNGINX_ZK_OUTBOX_H

#include "handle.h"

struct outbox {
	struct requests waiting, refused; /* not sent yet; never to be sent */
	size_t in_flight;
	unsigned long sent; /* so far */
};

void outbox_init(struct outbox *o);
/* Takes the request. One that is not valid is refused. */
void outbox_add(struct outbox *o, struct request *r);
/* Send what waits, as far as the window allows. False: the library cannot use the handle any more.
 */
bool outbox_send(struct outbox *o, struct handle *h);
/* Is there anything for outbox_answer_refused() to do? */
bool outbox_has_refused(const struct outbox *o);
/* Nothing waits, is in flight or refused. */
bool outbox_is_empty(const struct outbox *o);

void outbox_answer(struct outbox *o, struct note *n);
/* What was refused since the last time. */
void outbox_answer_refused(struct outbox *o);
/* All that was sent through h, or waits, with SESSION_GONE. h may be NULL. */
void outbox_answer_gone(struct outbox *o, struct handle *h);

/* Does this result only say that the connection was lost, and nothing of the request? */
bool outbox_is_lost(int rc);

#endif
