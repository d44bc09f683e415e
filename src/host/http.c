/* A few pages, for every client that can connect to the address that the operator chose. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "sys/http_server.h"
#include "sys/listening.h"

#define CONNECTIONS 32
#define CLIENT_MEMORY ((size_t)16384)
#define TEXT_TYPE "text/plain; charset=utf-8"

struct http {
	struct http_server *server;
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
	http_server_renew(h->server, connection);
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD are allowed\n");
	page = find_page(h, url);
	return page ? answer_page(h, connection, page) : answer_not_found(h, connection);
}

int http_new(sd_event *loop, const struct http_spec *spec, void *ctx, struct http **out,
	     struct err *e)
{
	CLEANUP(listening_fini) struct listening l = { .fd = -1 };
	CLEANUP(http_freep) struct http *h = xcalloc(1, sizeof(*h));
	const struct http_server_spec server = {
		.name = "metrics.listen",
		.places = CONNECTIONS,
		.memory = CLIENT_MEMORY,
		.on_call = on_request,
		.ctx = h,
	};

	if (listening_open("metrics.listen", spec->listen, &l, e) < 0)
		return -1;
	h->pages = spec->pages;
	h->page_count = spec->page_count;
	h->ctx = ctx;
	h->is_local = l.is_local;
	h->socket_path = TAKE(l.path);
	if (http_server_new(loop, listening_take(&l), &server, &h->server, e) < 0)
		return -1;
	*out = TAKE(h);
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	http_server_free(h->server);
	if (h->socket_path)
		unlink(h->socket_path);
	free(h->socket_path);
	free(h);
}
