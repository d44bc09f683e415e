/*
 * The HTTP server of the page: libmicrohttpd, driven from the loop, without a thread of its own.
 *
 * A request is answered at once, later (it waits), or with a stream whose text grows.
 */
#ifndef ZKNGINX_CTL_UI_WEB_H
#define ZKNGINX_CTL_UI_WEB_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

struct web;
struct web_request;

#define WEB_TEXT "text/plain; charset=utf-8"
#define WEB_JSON "application/json"

/* fd: a listening socket, which the server owns from now on. on_request: the request is whole; the
 * handler answers it, lets it wait, or makes it a stream. policy: the Content-Security-Policy of
 * every answer (borrowed). */
int web_new(sd_event *loop, int fd, const char *policy,
	    void (*on_request)(void *ctx, struct web_request *r), void *ctx, struct web **out,
	    struct err *e);
/* Ends all connections. No request may wait, and no stream may be open. */
void web_free(struct web *w);
DEFINE_CLEANUP(struct web *, web_free)

/* Valid while the request is. NULL: there is none. */
const char *web_method(const struct web_request *r);
const char *web_path(const struct web_request *r);
const char *web_header(const struct web_request *r, const char *name);
const char *web_query(const struct web_request *r, const char *name);
const char *web_body(const struct web_request *r); /* "" where there is none */

/* Answers it now; takes the text. For one that waits, too. */
void web_answer(struct web_request *r, unsigned status, const char *type, struct buf *text);
/* The same with a sentence for a person. */
void web_refuse(struct web_request *r, unsigned status, const char *fmt, ...) PRINTF(3, 4);
/* It is answered later, whether its client is still there or not. */
void web_wait(struct web_request *r);

/*
 * Answers with a stream of server-sent events. more() appends what there is (returns false: the
 * stream ends); after nothing the stream sleeps until web_stream_wake(). on_end is called once,
 * when the connection has ended, whoever has ended it.
 */
struct web_stream_ops {
	bool (*more)(void *ctx, struct buf *out);
	void (*on_end)(void *ctx);
};
void web_stream(struct web_request *r, const struct web_stream_ops *ops, void *ctx);
void web_stream_wake(struct web_request *r);

#endif
