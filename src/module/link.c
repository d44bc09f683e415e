/* See link.h. */
#include "link.h"
#include "commands.h"

#define CALL_EVERY 1000 /* ms */

struct link {
	const struct upstreams *all;
	ngx_connection_t *connection; /* NULL: not connected */
	ngx_event_t timer;
	ngx_connection_t timer_owner; /* nginx's debugging log reads it */
	struct outbox out;
	size_t filled;
	unsigned char in[MODULE_FRAME_MAX];
};

static void drop(struct link *l)
{
	ngx_close_connection(l->connection);
	l->connection = NULL;
	l->filled = 0;
	outbox_clear(&l->out);
	if (!ngx_exiting && !ngx_quit && !ngx_terminate)
		ngx_add_timer(&l->timer, CALL_EVERY);
}

/* False: the connection is lost. */
static bool flush(struct link *l)
{
	struct module_writer *w = &l->out.writer;

	if (l->out.lost)
		return false;
	while (l->out.sent < w->size) {
		ssize_t n = l->connection->send(l->connection, w->data + l->out.sent,
						w->size - l->out.sent);

		if (n == NGX_AGAIN)
			break;
		if (n <= 0)
			return false;
		l->out.sent += (size_t)n;
	}
	return ngx_handle_write_event(l->connection->write, 0) == NGX_OK;
}

/* All whole frames that have come. */
static bool run_frames(struct link *l)
{
	size_t at = 0, size;
	enum module_kind kind;

	while ((size = module_frame_size(l->in + at, l->filled - at, &kind)) != 0) {
		if (size == MODULE_MALFORMED ||
		    !commands_run(l->all, kind, l->in + at, size, &l->out))
			return false;
		at += size;
	}
	l->filled -= at;
	ngx_memmove(l->in, l->in + at, l->filled);
	return true;
}

/* A frame fits the buffer, so there is room unless a frame is whole. */
static bool take(struct link *l)
{
	ngx_connection_t *c = l->connection;

	for (;;) {
		ssize_t n = c->recv(c, l->in + l->filled, sizeof(l->in) - l->filled);

		if (n == NGX_AGAIN)
			return ngx_handle_read_event(c->read, 0) == NGX_OK;
		if (n <= 0)
			return false;
		l->filled += (size_t)n;
		if (!run_frames(l))
			return false;
	}
}

static void on_read(ngx_event_t *event)
{
	ngx_connection_t *c = event->data;
	struct link *l = c->data;

	if (c->close || !take(l) || !flush(l))
		drop(l);
}

static void on_write(ngx_event_t *event)
{
	ngx_connection_t *c = event->data;
	struct link *l = c->data;

	if (!flush(l))
		drop(l);
}

static ngx_connection_t *open_connection(struct link *l)
{
	ngx_socket_t s = ngx_socket(AF_UNIX, SOCK_STREAM, 0);
	ngx_connection_t *c;

	if (s == (ngx_socket_t)-1)
		return NULL;
	c = ngx_nonblocking(s) == -1 ? NULL : ngx_get_connection(s, ngx_cycle->log);
	if (!c) {
		ngx_close_socket(s);
		return NULL;
	}
	c->data = l;
	c->log = c->read->log = c->write->log = ngx_cycle->log;
	c->recv = ngx_recv;
	c->send = ngx_send;
	c->log_error = NGX_ERROR_INFO;
	c->read->handler = on_read;
	c->write->handler = on_write;
	c->write->ready = 1;
	c->idle = 1;
	return c;
}

/* A socket of this kind is connected at once, or not. */
static bool call(struct link *l)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ngx_cpystrn((u_char *)address.sun_path, (u_char *)l->all->path, sizeof(address.sun_path));
	l->connection = open_connection(l);
	return l->connection &&
	       connect(l->connection->fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void on_time(ngx_event_t *event)
{
	struct link *l = ((ngx_connection_t *)event->data)->data;

	if (call(l)) {
		commands_hello(l->all, &l->out);
		if (!flush(l) || ngx_handle_read_event(l->connection->read, 0) != NGX_OK)
			drop(l);
	} else if (l->connection) {
		drop(l);
	} else {
		ngx_add_timer(&l->timer, CALL_EVERY);
	}
}

ngx_int_t link_start(const struct upstreams *all, ngx_cycle_t *cycle)
{
	struct link *l = ngx_pcalloc(cycle->pool, sizeof(*l));

	if (!l)
		return NGX_ERROR;
	l->all = all;
	l->timer_owner.fd = (ngx_socket_t)-1;
	l->timer_owner.data = l;
	l->timer.data = &l->timer_owner;
	l->timer.handler = on_time;
	l->timer.log = cycle->log;
	l->timer.cancelable = 1;
	on_time(&l->timer);
	return NGX_OK;
}
