/*
 * The HTTP server of libmicrohttpd, driven from the loop, without a thread of its own. Who starts
 * it answers the requests, in the library's words (microhttpd.h).
 */
#ifndef ZKNGINX_SYS_HTTP_SERVER_H
#define ZKNGINX_SYS_HTTP_SERVER_H

#include <microhttpd.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

struct http_server;

struct http_server_spec {
	const char *name; /* of the setting or option, for errors and the log; borrowed */
	unsigned places;  /* how many connections there may be: PLACES_MOST at most */
	size_t memory;    /* of each, in bytes */
	unsigned flags;   /* more of the library's, or 0 */
	MHD_AccessHandlerCallback on_call;
	MHD_RequestCompletedCallback on_completed; /* NULL: nothing is to be done then */
	void *ctx;                                 /* of both */
};

/* fd: a listening socket, which the server owns from now on. */
int http_server_new(sd_event *loop, int fd, const struct http_server_spec *spec,
		    struct http_server **out, struct err *e);
/* Ends all connections; none may be suspended. */
void http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* After a connection was resumed. */
void http_server_run(struct http_server *s);
/* The connection has sent a whole request: those that have not are shut down for others first. */
void http_server_renew(struct http_server *s, struct MHD_Connection *c);

#endif
