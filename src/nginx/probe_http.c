/*
 * A small HTTP client. The request fits into the empty buffer of a new socket, so it is sent in one
 * piece as soon as the connection is made. The answer is read until nginx closes the connection;
 * one that is longer than LIMIT is not from our server.
 *
 * `done` is always called from the loop, by the deadline's timer or the socket: a failure that is
 * known at once only brings the deadline forward.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "core/render/render.h"
#include "probe_http.h"
#include "sys/timing.h"

#define LIMIT 4096

struct probe_http {
	int fd;
	bool sent;
	const char *path;
	const struct probe_address *address;
	uint64_t deadline;
	struct buf answer;
	char failure[256]; /* "" = none yet */
	sd_event_source *io, *timer;
	probe_answer_fn done;
	void *ctx;
};

/* --- the address ---------------------------------------------------------------------------- */

static bool parse_host(char *host, uint16_t port, struct probe_address *out)
{
	size_t size = strlen(host);

	if (host[0] == '[' && size > 2 && host[size - 1] == ']') {
		host[size - 1] = '\0';
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		out->size = sizeof(out->v6);
		return inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(port);
	out->size = sizeof(out->v4);
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1;
}

bool probe_address_is_loopback(const struct probe_address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return a->any.sa_family == AF_INET && ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

int probe_address_parse(const char *text, struct probe_address *out, struct err *e)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	*out = (struct probe_address){ .size = 0 };
	if (!colon || strlen(text) >= sizeof(host) || *end || port < 1 || port > 65535)
		return err_set(e, ERR_INPUT, "\"%s\" is not an address with a port", text);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	snprintf(out->text, sizeof(out->text), "%s", text);
	if (!parse_host(host, (uint16_t)port, out) || !probe_address_is_loopback(out))
		return err_set(e, ERR_INPUT, "\"%s\" is not a loopback address", text);
	return 0;
}

/* --- one question --------------------------------------------------------------------------- */

void probe_http_free(struct probe_http *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->io);
	sd_event_source_disable_unref(h->timer);
	if (h->fd >= 0)
		close(h->fd);
	buf_fini(&h->answer);
	free(h);
}

static void finish(struct probe_http *h, bool ok, const char *text)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	probe_answer_fn done = h->done;
	void *ctx = h->ctx;

	probe_http_free(h);
	done(ctx, ok, copy);
}

static void finish_failed(struct probe_http *h, int error)
{
	char text[256];

	snprintf(text, sizeof(text), "nginx does not answer on %s: %s", h->address->text,
		 strerrordesc_np(error) ?: "unknown error");
	finish(h, false, text);
}

static int on_deadline(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct probe_http *h = userdata;
	char text[256];

	if (*h->failure)
		snprintf(text, sizeof(text), "%s", h->failure);
	else
		snprintf(text, sizeof(text), "nginx did not answer on %s within %.1f seconds",
			 h->address->text, (double)h->deadline / (double)USEC_PER_SEC);
	finish(h, false, text);
	return 0;
}

/* The answer is complete. */
static void classify_answer(struct probe_http *h)
{
	const char *answer = buf_str(&h->answer), *body = strstr(answer, "\r\n\r\n");
	char text[256];
	int status;

	if (sscanf(answer, "HTTP/1.%*1[01] %3d", &status) != 1 || !body) {
		snprintf(text, sizeof(text), "what listens on %s does not speak HTTP",
			 h->address->text);
		finish(h, false, text);
	} else if (status != 200) {
		snprintf(text, sizeof(text), "%s answers %s with status %d", h->address->text,
			 h->path, status);
		finish(h, false, text);
	} else {
		finish(h, true, body + 4);
	}
}

static void read_some(struct probe_http *h)
{
	char part[1024];
	ssize_t got = recv(h->fd, part, sizeof(part), 0);

	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish_failed(h, errno);
		return;
	}
	buf_put(&h->answer, part, (size_t)got);
	if (got == 0 || h->answer.size > LIMIT)
		classify_answer(h);
}

/* The connection is made, or has failed. */
static void send_request(struct probe_http *h)
{
	char text[256];
	int error = 0, size;
	socklen_t length = sizeof(error);

	size = snprintf(text, sizeof(text),
			"GET %s HTTP/1.0\r\nHost: " RENDER_PROBE_HOST "\r\n\r\n", h->path);
	if (getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (!error && send(h->fd, text, (size_t)size, MSG_NOSIGNAL) != size)
		error = errno ?: EIO;
	h->sent = true;
	if (!error && sd_event_source_set_io_events(h->io, EPOLLIN) < 0)
		error = EIO;
	if (error)
		finish_failed(h, error);
}

static int on_io(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
		 void *userdata)
{
	struct probe_http *h = userdata;

	if (!h->sent)
		send_request(h);
	else
		read_some(h);
	return 0;
}

static int dial(struct probe_http *h, sd_event *loop)
{
	h->fd = socket(h->address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->fd < 0)
		return -1;
	if (connect(h->fd, &h->address->any, h->address->size) < 0 && errno != EINPROGRESS)
		return -1;
	if (sd_event_add_io(loop, &h->io, h->fd, EPOLLOUT, on_io, h) < 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

struct probe_http *probe_http_get(sd_event *loop, const struct probe_address *a, const char *path,
				  uint64_t deadline, probe_answer_fn done, void *ctx)
{
	struct probe_http *h = xcalloc(1, sizeof(*h));

	*h = (struct probe_http){
		.fd = -1, .path = path, .address = a, .deadline = deadline, .done = done, .ctx = ctx
	};
	h->timer = timing_new(loop, on_deadline, h);
	if (dial(h, loop) < 0) {
		snprintf(h->failure, sizeof(h->failure), "nginx does not answer on %s: %s", a->text,
			 strerrordesc_np(errno));
		deadline = 0;
	}
	timing_arm(h->timer, deadline);
	return h;
}
