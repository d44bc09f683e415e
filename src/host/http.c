/*
 * A few pages, for every client that can connect to the address that the operator chose.
 * libmicrohttpd has no thread here: its epoll descriptor is a source of the loop, and
 * MHD_get_timeout() says when it has to run without an event.
 *
 * A client that is silent is disconnected after CLIENT_TIMEOUT. One that sends a byte now and then
 * is not, so when all CONNECTIONS places are taken, the oldest connection is shut down: a client
 * that sends its request at once is answered long before it is the oldest.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "http.h"
#include "listening.h"

#define CONNECTIONS 32
#define CLIENT_TIMEOUT 5u /* seconds */
#define CLIENT_MEMORY ((size_t)16384)
#define BACKLOG 64
#define TEXT_TYPE "text/plain; charset=utf-8"

/* A connection, from the library's first word about it to its last one. */
struct place {
	struct MHD_Connection *connection; /* NULL: the place is free */
	uint64_t turn;                     /* of its beginning: the oldest has the lowest */
};

struct http {
	struct place places[CONNECTIONS];
	uint64_t turn;
	struct MHD_Daemon *server;
	sd_event_source *events, *timer;
	const struct http_page *pages;
	size_t page_count;
	void *ctx;
	bool is_local;
	char *socket_path; /* NULL: no unix socket */
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
			      char *text, size_t size)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (!r) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	rc = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
				   const char *text)
{
	return answer(connection, status, TEXT_TYPE, xstrdup(text), strlen(text));
}

static const struct http_page *find_page(const struct http *h, const char *path)
{
	for (size_t i = 0; i < h->page_count; i++) {
		if (strcmp(h->pages[i].path, path) == 0)
			return &h->pages[i];
	}
	return NULL;
}

static enum MHD_Result answer_not_found(const struct http *h, struct MHD_Connection *connection)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_puts(&text, "no such page; there are");
	for (size_t i = 0; i < h->page_count; i++)
		buf_printf(&text, " %s", h->pages[i].path);
	buf_putc(&text, '\n');
	return answer_text(connection, MHD_HTTP_NOT_FOUND, buf_str(&text));
}

static enum MHD_Result answer_page(const struct http *h, struct MHD_Connection *connection,
				   const struct http_page *page)
{
	const struct http_request request = {
		.accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						      MHD_HTTP_HEADER_ACCEPT),
		.is_local = h->is_local,
	};
	struct http_reply reply = { .status = MHD_HTTP_OK, .type = TEXT_TYPE };
	size_t size;

	page->write(h->ctx, &request, &reply);
	size = reply.body.size;
	return answer(connection, reply.status, reply.type, buf_take(&reply.body), size);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version UNUSED,
				  const char *upload UNUSED, size_t *upload_size, void **state)
{
	static char seen;
	const struct http *h = ctx;
	const struct http_page *page;

	if (!*state) { /* first call: the headers are complete, a body may follow */
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0; /* the body is ignored */
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD are allowed\n");
	page = find_page(h, url);
	return page ? answer_page(h, connection, page) : answer_not_found(h, connection);
}

/* The library sees the end of the stream and closes the connection itself. */
static void shut_oldest(struct http *h)
{
	const union MHD_ConnectionInfo *info;
	struct place *oldest = &h->places[0];

	for (size_t i = 1; i < CONNECTIONS; i++) {
		if (h->places[i].turn < oldest->turn)
			oldest = &h->places[i];
	}
	info = MHD_get_connection_info(oldest->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		shutdown(info->connect_fd, SHUT_RDWR);
	oldest->turn = h->turn++; /* while it ends, the next one is another */
}

static struct place *place_of(struct http *h, const struct MHD_Connection *connection)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (h->places[i].connection == connection)
			return &h->places[i];
	}
	return NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **state UNUSED,
			  enum MHD_ConnectionNotificationCode code)
{
	bool begins = code == MHD_CONNECTION_NOTIFY_STARTED;
	struct http *h = ctx;
	struct place *place = place_of(h, begins ? NULL : connection);

	if (!place)
		return;
	*place = (struct place){ begins ? connection : NULL, h->turn++ };
	if (begins && !place_of(h, NULL))
		shut_oldest(h);
}

static void on_library_error(void *ctx UNUSED, const char *fmt, va_list args)
{
	char text[256];

	/* the format comes from the library */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
	log_debug("metrics: %s", text);
}

/* Run the server, then sleep until its next event or deadline. */
static int run(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(h->server);
	if (MHD_get_timeout(h->server, &wait_ms) != MHD_YES)
		return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	sd_event_source_set_time_relative(h->timer, (uint64_t)wait_ms * USEC_PER_MSEC);
	return sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static int on_event(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
		    void *ctx)
{
	return run(ctx);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *ctx)
{
	return run(ctx);
}

static int start(struct http *h, int fd, struct err *e)
{
	h->server = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, h,
		MHD_OPTION_EXTERNAL_LOGGER, on_library_error, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		CLIENT_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	/* the library owns the socket now, also when it fails to start */
	if (!h->server)
		return err_set(e, ERR_SYS, "metrics.listen: libmicrohttpd does not start");
	return 0;
}

static int attach(struct http *h, sd_event *loop, struct err *e)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->server, MHD_DAEMON_INFO_EPOLL_FD);
	int rc;

	if (!info)
		return err_set(e, ERR_SYS, "metrics.listen: libmicrohttpd has no epoll");
	rc = sd_event_add_io(loop, &h->events, info->epoll_fd, EPOLLIN, on_event, h);
	if (rc >= 0)
		rc = sd_event_add_time_relative(loop, &h->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
						h);
	if (rc < 0) {
		errno = -rc;
		return err_sys(e, "metrics.listen: event loop");
	}
	return 0;
}

int http_new(sd_event *loop, const struct http_spec *spec, void *ctx, struct http **out,
	     struct err *e)
{
	CLEANUP(listening_fini) struct listening l = { .fd = -1 };
	struct http *h;

	if (listening_open(spec->listen, &l, e) < 0)
		return -1;
	h = xcalloc(1, sizeof(*h));
	h->pages = spec->pages;
	h->page_count = spec->page_count;
	h->ctx = ctx;
	h->is_local = l.is_local;
	h->socket_path = TAKE(l.path);
	if (start(h, listening_take(&l), e) < 0 || attach(h, loop, e) < 0) {
		http_free(h);
		return -1;
	}
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->events);
	sd_event_source_disable_unref(h->timer);
	if (h->server)
		MHD_stop_daemon(h->server);
	if (h->socket_path)
		unlink(h->socket_path);
	free(h->socket_path);
	free(h);
}
