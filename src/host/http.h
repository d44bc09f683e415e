/* The /metrics endpoint: libmicrohttpd, driven from the loop, without a thread of its own. */
#ifndef ZKNGINX_HOST_HTTP_H
#define ZKNGINX_HOST_HTTP_H

#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

struct http;

/*
 * listen: "127.0.0.1:9641" or "[::1]:9641". GET /metrics (HEAD too) is answered with
 * what `write` fills in; everything else is 404 or 405.
 */
int http_new(sd_event *loop, const char *listen, void (*write)(void *ctx, struct buf *out),
	     void *ctx, struct http **out, struct err *e);
void http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free)

#endif
