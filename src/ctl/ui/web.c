/* Requests of the page, and their answers. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sys/http_server.h"
#include "sys/places.h"
#include "web.h"

#define CLIENT_MEMORY ((size_t)65536)
#define BODY_MOST ((size_t)4096)
#define STREAM_BLOCK ((size_t)65536)

struct web {
	struct http_server *server;
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
	http_server_run(r->web->server);
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
	http_server_run(r->web->server);
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
	http_server_renew(w->server, c);
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

int web_new(sd_event *loop, int fd, const char *policy,
	    void (*on_request)(void *ctx, struct web_request *r), void *ctx, struct web **out,
	    struct err *e)
{
	CLEANUP(web_freep) struct web *w = xcalloc(1, sizeof(*w));
	const struct http_server_spec server = {
		.name = "--listen",
		.places = PLACES_MOST,
		.memory = CLIENT_MEMORY,
		.flags = MHD_ALLOW_SUSPEND_RESUME,
		.on_call = on_call,
		.on_completed = on_completed,
		.ctx = w,
	};

	w->policy = policy;
	w->on_request = on_request;
	w->ctx = ctx;
	if (http_server_new(loop, fd, &server, &w->server, e) < 0)
		return -1;
	*out = TAKE(w);
	return 0;
}

void web_free(struct web *w)
{
	if (!w)
		return;
	http_server_free(w->server);
	free(w);
}
