/* See servers_peer.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc.h"
#include "servers_peer.h"
#include "sys/timing.h"

#define HELLO_TIME (5 * USEC_PER_SEC)
#define UPSTREAMS_MOST 100000

bool servers_peer_is_worker(int fd, pid_t master, pid_t *pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct proc_stat stat;
	uid_t user;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid <= 0 ||
	    !proc_stat(peer.pid, &stat) || stat.parent != master || !proc_user(peer.pid, &user) ||
	    user != peer.uid)
		return false;
	*pid = peer.pid;
	return true;
}

/* --- what comes ------------------------------------------------------------------------------ */

/* NULL: it is as it should be; else why it is not. */
static const char *take_hello(struct servers_peer *p, struct module_reader *r)
{
	struct module_hello h = module_get_hello(r);

	if (p->said_hello || !module_is_read(r))
		return "it sent a malformed hello";
	if (h.protocol != MODULE_PROTOCOL)
		return "its module speaks another version of the protocol; install the module of "
		       "this version and restart nginx";
	if (h.pid != (uint32_t)p->pid)
		return "its hello names another process";
	p->said_hello = true;
	p->context = h.context;
	p->cycle = h.cycle;
	return NULL;
}

static const char *take_upstream(struct servers_peer *p, struct module_reader *r)
{
	struct module_upstream u = module_get_upstream(r);

	if (!p->said_hello || p->ready || !module_is_read(r) || p->table.count == UPSTREAMS_MOST ||
	    memchr(u.name.data, '\0', u.name.size))
		return "it sent a malformed upstream";
	servers_table_add(&p->table, &u);
	return NULL;
}

static const char *take_ready(struct servers_peer *p, struct module_reader *r)
{
	uint32_t count = module_get_id(r);

	if (!p->said_hello || p->ready || !module_is_read(r) || count < p->table.count)
		return "it sent a malformed end of its hello";
	p->ready = true;
	timing_at(p->deadline, NEVER);
	servers_table_sort(&p->table);
	p->ops->on_ready(p->ctx, p);
	return NULL;
}

static const char *take_answer(struct servers_peer *p, struct module_reader *r)
{
	struct module_answer a = module_get_answer(r);

	if (!p->ready || !module_is_read(r))
		return "it sent a malformed answer";
	/* cppcheck-suppress returnDanglingLifetime ; the answer is read before this returns */
	return p->ops->on_answer(p->ctx, p, &a);
}

static const char *take_frame(struct servers_peer *p, enum module_kind kind, const void *frame,
			      size_t size)
{
	struct module_reader r = module_reader(frame, size);

	switch (kind) {
	case MODULE_HELLO:
		return take_hello(p, &r);
	case MODULE_UPSTREAM:
		return take_upstream(p, &r);
	case MODULE_READY:
		return take_ready(p, &r);
	case MODULE_ANSWER:
		return take_answer(p, &r);
	case MODULE_STATE:
		return servers_states_take(&p->states, &r);
	case MODULE_STATE_END:
		return servers_states_end(&p->states, &r);
	default:
		return "it sent an unexpected frame";
	}
}

static const char *take_frames(struct servers_peer *p)
{
	const char *why = NULL;
	enum module_kind kind;
	size_t at = 0, size;

	while (!why && (size = module_frame_size(p->in.data + at, p->in.size - at, &kind)) != 0) {
		if (size == MODULE_MALFORMED)
			return "it sent a malformed frame";
		why = take_frame(p, kind, p->in.data + at, size);
		at += size;
	}
	memmove(p->in.data, p->in.data + at, p->in.size - at);
	p->in.size -= at;
	return why;
}

/* One read a turn: other connections have their turn, too. */
static const char *receive(struct servers_peer *p)
{
	ssize_t got = recv(p->fd, buf_room(&p->in, MODULE_FRAME_MAX), MODULE_FRAME_MAX, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return NULL;
	if (got < 0)
		return "its connection failed";
	if (got == 0)
		return "it closed its connection";
	buf_grow(&p->in, (size_t)got);
	return take_frames(p);
}

/* --- what goes ------------------------------------------------------------------------------- */

static bool flush(struct servers_peer *p)
{
	while (p->sent < p->out.size) {
		ssize_t n = send(p->fd, p->out.data + p->sent, p->out.size - p->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return sd_event_source_set_io_events(p->io, EPOLLIN | EPOLLOUT) >= 0;
		if (n < 0)
			return false;
		p->sent += (size_t)n;
	}
	buf_clear(&p->out);
	p->sent = 0;
	return sd_event_source_set_io_events(p->io, EPOLLIN) >= 0;
}

bool servers_peer_send(struct servers_peer *p, const void *frame, size_t size)
{
	buf_put(&p->out, frame, size);
	return flush(p);
}

bool servers_peer_ask(struct servers_peer *p)
{
	unsigned char frame[64];

	if (p->states.asked)
		return true;
	return servers_peer_send(p, frame, servers_states_ask(&p->states, frame));
}

/* --- in and out ------------------------------------------------------------------------------ */

static int on_io(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events, void *userdata)
{
	struct servers_peer *p = userdata;
	const char *why = NULL;

	if (events & EPOLLOUT && !flush(p))
		why = "its connection failed";
	if (!why && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		why = receive(p);
	if (why)
		p->ops->on_end(p->ctx, p, why);
	return 0;
}

static int on_deadline(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct servers_peer *p = userdata;

	p->ops->on_end(p->ctx, p, "it did not say hello in time");
	return 0;
}

struct servers_peer *servers_peer_new(sd_event *loop, int fd, pid_t pid,
				      const struct servers_peer_ops *ops, void *ctx)
{
	struct servers_peer *p = xcalloc(1, sizeof(*p));

	*p = (struct servers_peer){ .fd = fd, .pid = pid, .ops = ops, .ctx = ctx };
	if (sd_event_add_io(loop, &p->io, fd, EPOLLIN, on_io, p) < 0) {
		servers_peer_free(p);
		return NULL;
	}
	p->deadline = timing_new(loop, on_deadline, p);
	timing_arm(p->deadline, HELLO_TIME);
	return p;
}

void servers_peer_free(struct servers_peer *p)
{
	sd_event_source_disable_unref(p->io);
	sd_event_source_disable_unref(p->deadline);
	close(p->fd);
	servers_table_fini(&p->table);
	servers_states_fini(&p->states);
	buf_fini(&p->in);
	buf_fini(&p->out);
	free(p);
}
