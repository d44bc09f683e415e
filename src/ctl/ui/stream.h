/*
 * The pages that are open: each one has a stream of server-sent events. A new one gets the whole
 * state first, then each difference. One that reads too slowly gets the whole state again in place
 * of what it has missed.
 */
#ifndef ZKNGINX_CTL_UI_STREAM_H
#define ZKNGINX_CTL_UI_STREAM_H

#include "web.h"

struct streams;

/* whole: appends the event with the whole state. */
struct streams *streams_new(sd_event *loop, void (*whole)(void *ctx, struct buf *out), void *ctx);
/* After web_free(): nothing is open. */
void streams_free(struct streams *s);

/* Makes the request a stream; refuses it when too many are open. */
void streams_add(struct streams *s, struct web_request *r);
/* To all: an event. */
void streams_send(struct streams *s, const char *event, const char *data);
/* Ends all of them. */
void streams_end(struct streams *s);

/* Appends one event; data is without line feeds. */
void streams_put(struct buf *out, const char *event, const char *data);

#endif
