/* Pages over HTTP on metrics.listen: libmicrohttpd, driven from the loop, without a thread of its
 * own. */
#ifndef ZKNGINX_HOST_HTTP_H
#define ZKNGINX_HOST_HTTP_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

struct http;

/* Of a client that may be anybody who reaches the address. */
struct http_request {
	const char *accept; /* the header; NULL: there is none */
	bool is_local;      /* the address is on loopback, or a unix socket */
};

struct http_reply {
	unsigned status;  /* 200 unless a page says otherwise */
	const char *type; /* "text/plain; charset=utf-8" unless … */
	struct buf body;
};

struct http_page {
	const char *path;
	void (*write)(void *ctx, const struct http_request *request, struct http_reply *out);
};

struct http_spec {
	const char *listen; /* "127.0.0.1:9641", "[::1]:9641", "unix:/run/zknginxd/metrics.sock" */
	const struct http_page *pages; /* borrowed */
	size_t page_count;
};

/* GET and HEAD of a page are answered with what it writes; everything else is 404 or 405. */
int http_new(sd_event *loop, const struct http_spec *spec, void *ctx, struct http **out,
	     struct err *e);
void http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free)

#endif
