/*
 * The epoll descriptor of libmicrohttpd is a source of the loop, and MHD_get_timeout() says when it
 * has to run without an event.
 *
 * The library does not watch a connection that waits. That its client is gone is noticed when
 * something is written to it.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <zknginx/log.h>

#include "places.h"
#include "web.h"

#define CLIENT_TIMEOUT 5u /* seconds */
#define CLIENT_MEMORY ((size_t)65536)
#define BODY_MOST ((size_t)4096)
#define STREAM_BLOCK ((size_t)65536)

struct web {
	sd_event *loop;
	struct places places;
	struct MHD_Daemon *server;
	sd_event_source *events, *timer;
	bool running, again; /* the library is on the stack; … and has to run once more */
	const char *policy;
	void (*on_request)(void *ctx, struct web_request *r);
	void *ctx;
};

struct web_request {
	struct web *web;
	struct MHD_Connection *connection;
	char *path, *method;
	struct buf body;
	bool too_long, waits;
	/* of a stream */
	const struct web_stream_ops *ops;
	void *stream;
	struct buf text; /* not sent yet, from `sent` on */
	size_t sent;
	bool over;
};

/* --- running ---------------------------------------------------------------------------------- */

static void arm(struct web *w)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (MHD_get_timeout(w->server, &wait_ms) != MHD_YES) {
		sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(w->timer, (uint64_t)wait_ms * USEC_PER_MSEC);
	sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

/* What is resumed while the library runs is taken up in one more turn. So is the next client after
 * the end of a connection: at its limit the library does not watch the socket where it listens. */
static void run(struct web *w)
{
	w->again = true;
	if (w->running)
		return;
	w->running = true;
	while (w->again) {
		uint64_t ended = w->places.ended;

		w->again = false;
		MHD_run(w->server);
		w->again |= w->places.ended != ended;
	}
	w->running = false;
	arm(w);
}

static int on_event(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
		    void *ctx)
{
	run(ctx);
	return 0;
}

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *ctx)
{
	run(ctx);
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void add_headers(const struct web *w, struct MHD_Response *a, const char *type)
{
	static const char *const fixed[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Permissions-Policy", "camera=(), geolocation=(), microphone=()" },
	};

	MHD_add_response_header(a, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(a, "Content-Security-Policy", w->policy);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		MHD_add_response_header(a, fixed[i][0], fixed[i][1]);
}

/* One that waits goes on. */
static void queue(struct web_request *r, unsigned status, struct MHD_Response *a)
{
	MHD_queue_response(r->connection, status, a);
	MHD_destroy_response(a);
	if (!r->waits)
		return;
	r->waits = false;
	places_keep(r->connection, false);
	MHD_resume_connection(r->connection);
	run(r->web);
}

void web_answer(struct web_request *r, unsigned status, const char *type, struct buf *text)
{
	size_t size = text->size;
	char *bytes = size ? buf_take(text) : xstrdup("");
	struct MHD_Response *a =
		MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);

	if (!a)
		die("libmicrohttpd: no memory for a response");
	add_headers(r->web, a, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(a, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
	queue(r, status, a);
}

void web_refuse(struct web_request *r, unsigned status, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	char *words;

	va_start(args, fmt);
	words = xvasprintf(fmt, args);
	va_end(args);
	buf_printf(&text, "%s\n", words);
	free(words);
	web_answer(r, status, WEB_TEXT, &text);
}

void web_wait(struct web_request *r)
{
	r->waits = true;
	places_keep(r->connection, true);
	MHD_suspend_connection(r->connection);
}

/* --- streams ---------------------------------------------------------------------------------- */

static void fill(struct web_request *r)
{
	if (r->sent == r->text.size) {
		buf_clear(&r->text);
		r->sent = 0;
	}
	if (!r->text.size && !r->over)
		r->over = !r->ops->more(r->stream, &r->text);
}

static ssize_t read_stream(void *ctx, uint64_t position UNUSED, char *out, size_t most)
{
	struct web_request *r = ctx;
	size_t size;

	fill(r);
	size = r->text.size - r->sent;
	if (size > most)
		size = most;
	if (size) {
		memcpy(out, buf_str(&r->text) + r->sent, size);
		r->sent += size;
		return (ssize_t)size;
	}
	if (r->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	r->waits = true;
	MHD_suspend_connection(r->connection);
	return 0;
}

void web_stream(struct web_request *r, const struct web_stream_ops *ops, void *ctx)
{
	struct MHD_Response *a = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
								   read_stream, r, NULL);

	if (!a)
		die("libmicrohttpd: no memory for a response");
	r->ops = ops;
	r->stream = ctx;
	places_keep(r->connection, true);
	add_headers(r->web, a, "text/event-stream; charset=utf-8");
	queue(r, MHD_HTTP_OK, a);
}

void web_stream_wake(struct web_request *r)
{
	if (!r->waits)
		return;
	r->waits = false;
	MHD_resume_connection(r->connection);
	run(r->web);
}

/* --- requests --------------------------------------------------------------------------------- */

const char *web_method(const struct web_request *r)
{
	return r->method;
}

const char *web_path(const struct web_request *r)
{
	return r->path;
}

const char *web_header(const struct web_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *web_query(const struct web_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *web_body(const struct web_request *r)
{
	return buf_str(&r->body);
}

static struct web_request *begin(struct web *w, struct MHD_Connection *c, const char *path,
				 const char *method)
{
	struct web_request *r = xcalloc(1, sizeof(*r));

	r->web = w;
	r->connection = c;
	r->path = xstrdup(path);
	r->method = xstrdup(method);
	return r;
}

/* First when the headers are complete, then for each part of a body, then at the end. */
static enum MHD_Result on_call(void *ctx, struct MHD_Connection *c, const char *path,
			       const char *method, const char *version UNUSED, const char *upload,
			       size_t *size, void **state)
{
	struct web_request *r = *state;
	struct web *w = ctx;

	if (!r) {
		*state = begin(w, c, path, method);
		return MHD_YES;
	}
	if (*size) {
		r->too_long |= r->body.size + *size > BODY_MOST;
		if (!r->too_long)
			buf_put(&r->body, upload, *size);
		*size = 0;
		return MHD_YES;
	}
	if (r->too_long)
		web_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "the request is longer than %zu bytes",
			   BODY_MOST);
	else
		w->on_request(w->ctx, r);
	return MHD_YES;
}

static void on_completed(void *ctx UNUSED, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode code UNUSED)
{
	struct web_request *r = TAKE(*state);

	if (!r)
		return;
	places_keep(c, false);
	if (r->ops)
		r->ops->on_end(r->stream);
	buf_fini(&r->body);
	buf_fini(&r->text);
	free(r->path);
	free(r->method);
	free(r);
}

/* --- the server ------------------------------------------------------------------------------- */

static void on_library_error(void *ctx UNUSED, const char *fmt, va_list args)
{
	char text[256];

	/* the format comes from the library */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
	log_debug("ui: %s", text);
}

static int start(struct web *w, int fd, struct err *e)
{
	w->server = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_call, w, MHD_OPTION_EXTERNAL_LOGGER, on_library_error, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PLACES,
		MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CLIENT_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, places_on_connection, &w->places,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, w, MHD_OPTION_END);
	/* the library owns the socket now, also when it fails to start */
	if (!w->server)
		return err_set(e, ERR_SYS, "--listen: libmicrohttpd does not start");
	return 0;
}

static int attach(struct web *w, struct err *e)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->server, MHD_DAEMON_INFO_EPOLL_FD);
	int rc;

	if (!info)
		return err_set(e, ERR_SYS, "--listen: libmicrohttpd has no epoll");
	rc = sd_event_add_io(w->loop, &w->events, info->epoll_fd, EPOLLIN, on_event, w);
	if (rc >= 0)
		rc = sd_event_add_time_relative(w->loop, &w->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
						w);
	if (rc < 0) {
		errno = -rc;
		return err_sys(e, "--listen: event loop");
	}
	return 0;
}

int web_new(sd_event *loop, int fd, const char *policy,
	    void (*on_request)(void *ctx, struct web_request *r), void *ctx, struct web **out,
	    struct err *e)
{
	CLEANUP(web_freep) struct web *w = xcalloc(1, sizeof(*w));

	w->loop = loop;
	w->policy = policy;
	w->on_request = on_request;
	w->ctx = ctx;
	if (start(w, fd, e) < 0 || attach(w, e) < 0)
		return -1;
	*out = TAKE(w);
	return 0;
}

void web_free(struct web *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->events);
	sd_event_source_disable_unref(w->timer);
	if (w->server)
		MHD_stop_daemon(w->server);
	free(w);
}
