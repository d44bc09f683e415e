/*
 * See check_connection.h. A first attempt to send is made before any event, because a connection to
 * a server nearby is made at once; while it is not, send() says EAGAIN, and when it fails, why.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <zknginx/model.h>

#include "check_connection.h"
#include "core/check/http_answer.h"

struct check_connection {
	struct check_target *target;
	int fd, epoll;
	SSL *ssl;       /* NULL: plain */
	uint32_t wants; /* the events that epoll tells of; 0: it does not know the socket yet */
	bool shaken;    /* the TLS handshake is over */
	bool sent, is_kept;
	unsigned uses;
	char *answer; /* its beginning, while more has to come; NULL: nothing has come */
	size_t size;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* --- a new connection ------------------------------------------------------------------------- */

/* "10.0.0.1:80", "[2001:db8::1]:80" */
static bool parse_address(const char *text, long port, union address *out)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *colon = strrchr(text, ':');
	bool is_v6 = *text == '[';
	size_t size = colon ? (size_t)(colon - text) - (is_v6 ? 2 : 0) : 0;
	in_port_t net;

	if (!size || size >= sizeof(host))
		return false;
	memcpy(host, text + is_v6, size);
	host[size] = '\0';
	net = htons((in_port_t)(port == UNSET ? strtol(colon + 1, NULL, 10) : port));
	memset(out, 0, sizeof(*out));
	if (is_v6) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = net;
		return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = net;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1;
}

static int dial(const struct check_target *t)
{
	static const struct linger reset = { .l_onoff = 1 };
	union address a;
	int fd, saved;

	if (!parse_address(t->address, t->group->rule.port, &a)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0 &&
	    (connect(fd, &a.any, a.any.sa_family == AF_INET ? sizeof(a.v4) : sizeof(a.v6)) == 0 ||
	     errno == EINPROGRESS))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* OpenSSL's buffers of an idle connection are freed. nginx does not verify the servers of an
 * upstream either, unless a location says so: the check asks whether they answer. */
SSL_CTX *check_connection_tls_new(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (!tls)
		die("OpenSSL: out of memory");
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	return tls;
}

void check_connection_tls_free(SSL_CTX *tls)
{
	SSL_CTX_free(tls);
}

/* A name alone: TLS has no other server names. */
static const char *server_name(const struct check_rule *rule)
{
	const char *host = rule->host;
	struct in_addr ignored;

	return host && !strpbrk(host, ":[") && inet_pton(AF_INET, host, &ignored) != 1 ? host
										       : NULL;
}

static void use_tls(struct check_connection *c, SSL_CTX *tls)
{
	const char *name = server_name(&c->target->group->rule);

	c->ssl = SSL_new(tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    (name && SSL_set_tlsext_host_name(c->ssl, name) != 1))
		die("OpenSSL: out of memory");
	SSL_set_connect_state(c->ssl);
}

struct check_connection *check_connection_new(struct check_target *t, int epoll, SSL_CTX *tls,
					      struct check_result *r)
{
	int fd = dial(t);
	struct check_connection *c;

	if (fd < 0) {
		*r = (struct check_result){ false, CHECK_ERROR, errno };
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	*c = (struct check_connection){ .target = t, .fd = fd, .epoll = epoll };
	if (t->group->tls)
		use_tls(c, tls);
	return c;
}

void check_connection_free(struct check_connection *c)
{
	if (!c)
		return;
	SSL_free(c->ssl);
	close(c->fd);
	free(c->answer);
	free(c);
}

struct check_target *check_connection_target(const struct check_connection *c)
{
	return c->target;
}

bool check_connection_is_kept(const struct check_connection *c)
{
	return c->is_kept;
}

/* --- steps ------------------------------------------------------------------------------------ */

static enum check_step end(struct check_result *r, bool good, enum check_finding finding,
			   int number)
{
	*r = (struct check_result){ good, finding, number };
	return CHECK_STEP_ENDS;
}

/* A kept connection that fails before the first byte of an answer says nothing of the server. */
static enum check_step fail(const struct check_connection *c, struct check_result *r,
			    enum check_finding finding, int number)
{
	return c->uses > 1 && !c->size ? CHECK_STEP_STALE : end(r, false, finding, number);
}

static enum check_step wait_for(struct check_connection *c, uint32_t events, struct check_result *r)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (events == c->wants)
		return CHECK_STEP_WAITS;
	if (epoll_ctl(c->epoll, c->wants ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e) < 0)
		return end(r, false, CHECK_ERROR, errno);
	c->wants = events;
	return CHECK_STEP_WAITS;
}

/* A step of OpenSSL did not succeed. */
static enum check_step on_tls_error(struct check_connection *c, int rc, struct check_result *r)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, EPOLLIN, r);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, EPOLLOUT, r);
	case SSL_ERROR_ZERO_RETURN:
		return fail(c, r, CHECK_CLOSED, 0);
	case SSL_ERROR_SYSCALL:
		if (errno)
			return fail(c, r, CHECK_ERROR, errno);
		return fail(c, r, CHECK_CLOSED, 0);
	default:
		return fail(c, r, c->shaken ? CHECK_CLOSED : CHECK_TLS, 0);
	}
}

/* On loopback, a socket whose own port is the one it asks for connects to itself. */
static bool is_own(const struct check_connection *c, const union address *peer)
{
	union address here;
	socklen_t size = sizeof(here);

	memset(&here, 0, sizeof(here));
	return getsockname(c->fd, &here.any, &size) == 0 && here.v4.sin_port == peer->v4.sin_port &&
	       memcmp(&here, peer,
		      peer->any.sa_family == AF_INET ? sizeof(here.v4) : sizeof(here.v6)) == 0;
}

/* Is the connection made? connect() on a socket that is connecting says so. */
static enum check_step go_connect(struct check_connection *c, struct check_result *r)
{
	union address a;
	const struct check_target *t = c->target;

	if (!parse_address(t->address, t->group->rule.port, &a))
		return end(r, false, CHECK_ERROR, EAFNOSUPPORT);
	if (connect(c->fd, &a.any, a.any.sa_family == AF_INET ? sizeof(a.v4) : sizeof(a.v6)) < 0 &&
	    errno != EISCONN)
		return errno == EALREADY || errno == EINPROGRESS
			       ? wait_for(c, EPOLLOUT, r)
			       : end(r, false, CHECK_ERROR, errno);
	if (is_own(c, &a))
		return end(r, false, CHECK_ERROR, ECONNREFUSED);
	return end(r, true, CHECK_CONNECTED, 0);
}

static enum check_step go_shake(struct check_connection *c, struct check_result *r)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(c->ssl);
	if (rc != 1)
		return on_tls_error(c, rc, r);
	c->shaken = true;
	return end(r, true, CHECK_CONNECTED, 0);
}

/* It fits into the empty buffer of the socket, so it is sent in one piece. */
static enum check_step go_send(struct check_connection *c, struct check_result *r)
{
	const struct check_target *t = c->target;
	const struct check_rule *rule = &t->group->rule;
	char text[1536];
	int size = snprintf(text, sizeof(text),
			    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: zknginxd-check\r\n"
			    "Accept: */*\r\n\r\n",
			    rule->path, rule->host ?: t->address);
	ssize_t sent;

	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		sent = SSL_write(c->ssl, text, size);
		if (sent <= 0)
			return on_tls_error(c, (int)sent, r);
	} else {
		sent = send(c->fd, text, (size_t)size, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == ENOTCONN
				       ? wait_for(c, EPOLLOUT, r)
				       : fail(c, r, CHECK_ERROR, errno);
	}
	c->sent = true;
	return wait_for(c, EPOLLIN, r);
}

static bool is_good(const struct check_rule *rule, unsigned status)
{
	for (size_t i = 0; i < rule->range_count; i++) {
		if (status >= rule->ranges[i].least && status <= rule->ranges[i].most)
			return true;
	}
	return false;
}

/* `data` is all that has come so far. */
static enum check_step classify(struct check_connection *c, const char *data,
				struct check_result *r)
{
	struct http_answer a;

	switch (http_answer_read(data, c->size, &a)) {
	case HTTP_ANSWER_PARTIAL:
		return c->size < CHECK_ANSWER_MOST ? CHECK_STEP_WAITS
						   : end(r, false, CHECK_NO_HTTP, 0);
	case HTTP_ANSWER_WRONG:
		return end(r, false, CHECK_NO_HTTP, 0);
	default:
		break;
	}
	r->good = is_good(&c->target->group->rule, (unsigned)a.status);
	c->is_kept = r->good && a.keeps && c->uses < CHECK_USES_MOST;
	return end(r, r->good, CHECK_STATUS, a.status);
}

static enum check_step take_part(struct check_connection *c, const char *part, size_t size,
				 struct check_result *r)
{
	enum check_step step;

	if (c->answer) {
		memcpy(c->answer + c->size, part, size);
		c->size += size;
		return classify(c, c->answer, r);
	}
	c->size = size;
	step = classify(c, part, r);
	if (step == CHECK_STEP_WAITS) {
		c->answer = xmalloc(CHECK_ANSWER_MOST);
		memcpy(c->answer, part, size);
	}
	return step;
}

/* What of an answer comes in one piece needs no memory of its own. */
static enum check_step read_part(struct check_connection *c, struct check_result *r)
{
	char part[4096];
	size_t room = CHECK_ANSWER_MOST - c->size;
	ssize_t got;

	room = room < sizeof(part) ? room : sizeof(part);
	errno = 0;
	got = c->ssl ? SSL_read(c->ssl, part, (int)room) : recv(c->fd, part, room, 0);
	if (got > 0)
		return take_part(c, part, (size_t)got, r);
	if (c->ssl)
		return on_tls_error(c, (int)got, r);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? CHECK_STEP_WAITS
							 : fail(c, r, CHECK_ERROR, errno);
	return fail(c, r, CHECK_CLOSED, 0);
}

/* Of what OpenSSL has decrypted already, no event tells. */
static enum check_step go_read(struct check_connection *c, struct check_result *r)
{
	enum check_step step;

	if (c->ssl)
		ERR_clear_error();
	do {
		step = read_part(c, r);
	} while (step == CHECK_STEP_WAITS && c->ssl && SSL_pending(c->ssl) > 0);
	return step;
}

enum check_step check_connection_begin(struct check_connection *c, struct check_result *r)
{
	c->uses++;
	c->sent = c->is_kept = false;
	c->size = 0;
	free(TAKE(c->answer));
	return check_connection_go(c, r);
}

enum check_step check_connection_go(struct check_connection *c, struct check_result *r)
{
	if (c->target->group->rule.tcp)
		return c->ssl ? go_shake(c, r) : go_connect(c, r);
	return c->sent ? go_read(c, r) : go_send(c, r);
}
