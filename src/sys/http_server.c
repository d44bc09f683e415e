/*
 * The epoll descriptor of libmicrohttpd is a source of the loop, and MHD_get_timeout() says when it
 * has to run without an event.
 *
 * The library does not watch a connection that waits. That its client is gone is noticed when
 * something is written to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include <zknginx/log.h>

#include "http_server.h"
#include "places.h"
#include "timing.h"

#define CLIENT_TIMEOUT 5u /* seconds */
#define TURNS 32 /* so that a crowd of clients does not keep the loop from its other work */

struct http_server {
	const char *name;
	struct places places;
	struct MHD_Daemon *daemon;
	sd_event_source *events, *timer;
	bool running, again; /* the library is on the stack; … and has to run once more */
};

static void arm(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (s->again)
		timing_arm(s->timer, 0);
	else if (MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
		timing_arm(s->timer, (uint64_t)wait_ms * USEC_PER_MSEC);
	else
		timing_at(s->timer, NEVER);
}

/* What is resumed while the library runs is taken up in one more turn. So is the next client after
 * the end of a connection: at its limit the library does not watch the socket where it listens. */
void http_server_run(struct http_server *s)
{
	s->again = true;
	if (s->running)
		return;
	s->running = true;
	for (unsigned turn = 0; s->again && turn < TURNS; turn++) {
		uint64_t ended = s->places.ended;

		s->again = false;
		MHD_run(s->daemon);
		s->again |= s->places.ended != ended;
	}
	s->running = false;
	arm(s);
}

static int on_event(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
		    void *ctx)
{
	http_server_run(ctx);
	return 0;
}

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *ctx)
{
	http_server_run(ctx);
	return 0;
}

void http_server_renew(struct http_server *s, struct MHD_Connection *c)
{
	places_renew(&s->places, c);
}

static void on_library_error(void *ctx, const char *fmt, va_list args)
{
	const struct http_server *s = ctx;
	char text[256];

	/* the format comes from the library */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
	log_debug("%s: %s", s->name, text);
}

static int start(struct http_server *s, int fd, const struct http_server_spec *spec, struct err *e)
{
	places_init(&s->places, spec->places);
	s->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | spec->flags, 0, NULL, NULL, spec->on_call,
		spec->ctx, MHD_OPTION_EXTERNAL_LOGGER, on_library_error, s,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, spec->places,
		MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		spec->memory, MHD_OPTION_NOTIFY_CONNECTION, places_on_connection, &s->places,
		MHD_OPTION_NOTIFY_COMPLETED, spec->on_completed, spec->ctx, MHD_OPTION_END);
	/* the library owns the socket now, also when it fails to start */
	if (!s->daemon)
		return err_set(e, ERR_SYS, "%s: libmicrohttpd does not start", s->name);
	return 0;
}

static int attach(struct http_server *s, sd_event *loop, struct err *e)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int rc;

	if (!info)
		return err_set(e, ERR_SYS, "%s: libmicrohttpd has no epoll", s->name);
	s->timer = timing_new(loop, on_timer, s);
	rc = sd_event_add_io(loop, &s->events, info->epoll_fd, EPOLLIN, on_event, s);
	if (rc < 0) {
		errno = -rc;
		return err_sys(e, "%s: event loop", s->name);
	}
	arm(s);
	return 0;
}

int http_server_new(sd_event *loop, int fd, const struct http_server_spec *spec,
		    struct http_server **out, struct err *e)
{
	CLEANUP(http_server_freep) struct http_server *s = xcalloc(1, sizeof(*s));

	s->name = spec->name;
	if (start(s, fd, spec, e) < 0 || attach(s, loop, e) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->events);
	sd_event_source_disable_unref(s->timer);
	s->running = true; /* what is answered while it ends does not run it again */
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	free(s);
}
