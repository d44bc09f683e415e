/* See servers_workers.h. A peer is freed only at the end of its own callback. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "servers_workers.h"
#include "sys/timing.h"

#define MOST (4 * MASTER_WORKERS_MAX)
#define SOCKET_PAUSE (5 * USEC_PER_SEC)
#define STRANGER_PAUSE (200 * USEC_PER_MSEC)

/* What cannot be had, and that each upstream's servers are reloaded for it. */
#define REFUSED "servers of upstreams cannot be changed without a reload: "

/* --- hello ----------------------------------------------------------------------------------- */

/* Workers of one cycle have the same lists: the first one has said it. */
static void on_ready(void *ctx, struct servers_peer *p)
{
	struct servers_workers *w = ctx;
	struct servers_side *side = &w->sides[p->context];

	if (p->cycle > side->cycle) {
		servers_table_fini(&side->table);
		side->cycle = p->cycle;
		side->table = p->table;
		p->table = (struct servers_table){ 0 };
	}
	servers_table_fini(&p->table);
	log_debug("worker %ld of nginx says hello, of %s", (long)p->pid,
		  p->context == MODULE_HTTP ? "http" : "stream");
	w->ops->on_hello(w->ctx);
}

static const char *on_answer(void *ctx, struct servers_peer *p, const struct module_answer *a)
{
	struct servers_workers *w = ctx;

	return w->ops->on_answer(w->ctx, p, a);
}

/* --- the end of one -------------------------------------------------------------------------- */

static void log_end(struct servers_workers *w, const struct servers_peer *p, const char *why)
{
	if (p->ready || strcmp(w->logged, why) == 0) {
		log_debug("worker %ld of nginx: %s", (long)p->pid, why);
		return;
	}
	snprintf(w->logged, sizeof(w->logged), "%s", why);
	log_notice(REFUSED "worker %ld of nginx: %s", (long)p->pid, why);
}

void servers_workers_drop(struct servers_workers *w, struct servers_peer *p)
{
	struct servers_peer **at = &w->peers;
	struct servers_side *side = &w->sides[p->context];

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	w->count--;
	if (p->ready && p->cycle == side->cycle && !servers_workers_any(w, p->context)) {
		servers_table_fini(&side->table);
		side->cycle = 0;
	}
	w->ops->on_gone(w->ctx, p);
	servers_peer_free(p);
}

static void on_end(void *ctx, struct servers_peer *p, const char *why)
{
	struct servers_workers *w = ctx;

	log_end(w, p, why);
	servers_workers_drop(w, p);
}

/* --- who is there ---------------------------------------------------------------------------- */

struct servers_peer *servers_workers_any(const struct servers_workers *w,
					 enum module_context context)
{
	struct servers_peer *p = w->peers;

	while (p && !(p->ready && p->context == context && p->cycle == w->sides[context].cycle))
		p = p->next;
	return p;
}

bool servers_workers_have_module(const struct servers_workers *w)
{
	return w->sides[MODULE_HTTP].cycle || w->sides[MODULE_STREAM].cycle;
}

static bool is_heard(const struct servers_workers *w, pid_t pid, enum module_context context)
{
	for (const struct servers_peer *p = w->peers; p; p = p->next) {
		if (p->ready && p->pid == pid && p->context == context)
			return p->cycle == w->sides[context].cycle;
	}
	return false;
}

/* Of the newest cycle, for either side that has one. */
static bool is_heard_whole(const struct servers_workers *w, pid_t pid)
{
	for (int c = MODULE_HTTP; c <= MODULE_STREAM; c++) {
		enum module_context context = (enum module_context)c;

		if (w->sides[context].cycle && !is_heard(w, pid, context))
			return false;
	}
	return true;
}

struct hearing {
	const struct servers_workers *workers;
	bool any, all;
};

/* One that was heard is not looked at: whether it serves or leaves, it has the newest lists. Any
 * other may be one that leaves, or no worker. One that was just forked has the master's title for a
 * moment. */
static void hear(void *ctx, pid_t child)
{
	struct hearing *h = ctx;
	enum child_kind kind;

	if (!h->all)
		return;
	if (is_heard_whole(h->workers, child)) {
		h->any = true;
		return;
	}
	kind = master_child_kind(child);
	h->all = kind != CHILD_SERVES && kind != CHILD_STARTS;
}

bool servers_workers_are_heard(const struct servers_workers *w)
{
	const struct master *m = w->ops->master(w->ctx);
	struct hearing h = { .workers = w, .all = true };

	if (!m || !servers_workers_have_module(w))
		return false;
	master_children(m, hear, &h);
	return h.any && h.all;
}

/* --- the socket ------------------------------------------------------------------------------ */

static const struct servers_peer_ops peer_ops = { on_ready, on_answer, on_end };

static void refuse(struct servers_workers *w, int fd)
{
	uint64_t now = timing_now();

	close(fd);
	if (now < w->stranger_at + STRANGER_PAUSE)
		return;
	w->stranger_at = now;
	w->ops->on_stranger(w->ctx);
}

static void greet(struct servers_workers *w, int fd)
{
	const struct master *m = w->ops->master(w->ctx);
	struct servers_peer *p;
	pid_t pid;

	if (!m || w->count == MOST || !servers_peer_is_worker(fd, m->pid, &pid)) {
		refuse(w, fd);
		return;
	}
	p = servers_peer_new(w->loop, fd, pid, &peer_ops, w);
	if (!p)
		return;
	p->next = w->peers;
	w->peers = p;
	w->count++;
}

static int on_accept(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
	struct servers_workers *w = userdata;
	/* cppcheck-suppress nullPointer ; accept4(2) gives no address then */
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (peer >= 0)
		greet(w, peer);
	return 0;
}

static int open_socket(struct servers_workers *w, struct err *e)
{
	int rc;

	if (servers_socket_open(&w->socket, e) < 0)
		return -1;
	rc = sd_event_add_io(w->loop, &w->accept, w->socket.listener, EPOLLIN, on_accept, w);
	if (rc >= 0)
		return 0;
	servers_socket_close(&w->socket);
	errno = -rc;
	return err_sys(e, "watch the socket of nginx's workers");
}

static int on_open(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct servers_workers *w = userdata;
	struct err e;

	if (open_socket(w, &e) == 0)
		return 0;
	if (strncmp(w->logged, e.text, sizeof(w->logged) - 1) != 0)
		log_notice(REFUSED "%s", e.text);
	snprintf(w->logged, sizeof(w->logged), "%s", e.text);
	timing_arm(w->open, SOCKET_PAUSE);
	return 0;
}

static void close_all(struct servers_workers *w)
{
	while (w->peers)
		servers_workers_drop(w, w->peers);
	w->accept = sd_event_source_disable_unref(w->accept);
	servers_socket_close(&w->socket);
	timing_at(w->open, NEVER);
}

void servers_workers_use(struct servers_workers *w, bool on)
{
	if (w->on == on)
		return;
	w->on = on;
	if (on)
		on_open(NULL, 0, w);
	else
		close_all(w);
}

void servers_workers_init(struct servers_workers *w, sd_event *loop,
			  const struct servers_workers_ops *ops, void *ctx)
{
	*w = (struct servers_workers){
		.loop = loop, .ops = ops, .ctx = ctx, .socket = SERVERS_SOCKET_CLOSED
	};
	w->open = timing_new(loop, on_open, w);
}

void servers_workers_fini(struct servers_workers *w)
{
	close_all(w);
	sd_event_source_disable_unref(w->open);
}
