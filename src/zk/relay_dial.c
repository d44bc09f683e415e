/* A connection to a server: TCP, then TLS. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <openssl/ssl.h>

#include "relay_dial.h"

void dial_fini(struct dial *d)
{
	free(d->why);
	free(d->stale);
	*d = (struct dial){ 0 };
}

static enum dial_result fail(struct dial *d, enum dial_result result, char *why)
{
	free(d->why);
	d->why = why;
	return result;
}

enum dial_result dial_begin(struct dial *d, struct stream *s, const struct relay_server *server)
{
	int flags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

	dial_fini(d);
	s->fd = socket(server->address.ss_family, flags, 0);
	if (s->fd < 0 ||
	    (connect(s->fd, (const struct sockaddr *)&server->address, server->size) < 0 &&
	     errno != EINPROGRESS))
		return fail(d, DIAL_UNREACHABLE, xstrdup(strerror(errno)));
	return DIAL_WAITS;
}

static enum dial_result continue_tls(struct dial *d, struct stream *s, const struct relay_tls *tls,
				     const struct relay_server *server)
{
	int rc = stream_shake_hands(s);

	if (rc < 0)
		return fail(d, DIAL_REFUSED, relay_tls_error(tls, s->tls, server->host));
	return rc ? DIAL_DONE : DIAL_WAITS;
}

enum dial_result dial_continue(struct dial *d, struct stream *s, struct relay_tls *tls,
			       const struct relay_server *server)
{
	int error = 0, on = 1;
	socklen_t size = sizeof(error);

	if (d->reached)
		return continue_tls(d, s, tls, server);
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
		return fail(d, DIAL_UNREACHABLE, xstrdup(strerror(error ?: errno)));
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	d->reached = true;
	if (!tls)
		return DIAL_DONE;
	s->tls = relay_tls_connection(tls, server->host, &d->stale);
	SSL_set_fd(s->tls, s->fd);
	return continue_tls(d, s, tls, server);
}

uint32_t dial_events(const struct dial *d, const struct stream *s)
{
	return d->reached && !s->wants_write ? EPOLLIN : EPOLLOUT;
}
