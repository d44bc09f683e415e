/*
 * The thread of the relay, its ports, and which server a connection goes to.
 *
 * Everything below "on the relay's thread" runs there and nowhere else. Orders reach it through a
 * list under a mutex; a port belongs to the thread from its first order on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "relay_parts.h"
#include "sys/disk.h"
#include "sys/thread.h"
#include "sys/timing.h"

#define SHORTEST_PAUSE (100 * USEC_PER_MSEC) /* after all servers have failed once … */
#define LONGEST_PAUSE (3 * USEC_PER_SEC)     /* … and at most, however often they fail */
#define LASTING (5 * USEC_PER_SEC) /* a granted session that lives so long ends the failures */
/* Connections are accepted in batches, so many in an interval: other processes cannot keep the
 * thread busy, and do not keep the library out. */
#define BATCHES_MOST 2
#define BATCHES_INTERVAL (10 * USEC_PER_MSEC)

struct relay_port {
	struct queue *queue;
	struct wire_limits limits;
	struct relay_tls *tls; /* NULL: plain text */
	int fd;
	unsigned number; /* set before the first order */
	sd_event *loop;
	sd_event_source *source, *timer;
	struct relay_server *servers;
	size_t server_count, next; /* which one to try next */
	struct relay_link *link;   /* the newest connection of the library; NULL: none */
	struct relay_link *done;   /* over; freed at the next turn */
	unsigned failures;         /* in a row, of any server */
	uint64_t due;              /* no server is tried before */
	uint64_t granted;          /* when the link's session was granted; 0: not yet */
};

enum order_kind { ORDER_OPEN, ORDER_SERVERS, ORDER_CLOSE };

struct order {
	STAILQ_ENTRY(order) entry;
	enum order_kind kind;
	struct relay_port *port;
	char *addresses;
};

STAILQ_HEAD(orders, order);

/* What the threads share. */
static struct {
	pthread_mutex_t lock;
	struct orders orders;
	int fd; /* an eventfd: there are orders */
	bool runs;
} relay = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* --- on the relay's thread: notes ------------------------------------------------------------- */

static void note(struct relay_port *p, enum note_kind kind, const char *fmt, ...) PRINTF(3, 4);
static void note(struct relay_port *p, enum note_kind kind, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	struct note *n;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	n = note_new(kind, NULL, strlen(text) + 1);
	strcpy(n->bytes, text);
	n->text = n->bytes;
	queue_push(p->queue, n);
}

/* --- on the relay's thread: links ------------------------------------------------------------- */

static uint64_t pause_of(const struct relay_port *p)
{
	size_t rounds = p->server_count ? p->failures / p->server_count : p->failures;
	uint64_t longest = SHORTEST_PAUSE << (rounds < 10 ? rounds : 10);

	if (p->failures == 0 || (p->server_count && p->failures % p->server_count))
		return 0;
	if (longest > LONGEST_PAUSE)
		longest = LONGEST_PAUSE;
	return timing_jitter(longest, 30);
}

/* The link, or the next one, is connected when the pause is over. The library may come again
 * meanwhile, which does not begin the pause anew. */
static void try_later(struct relay_port *p)
{
	uint64_t now = timing_now();

	timing_arm(p->timer, p->due > now ? p->due - now : 0);
}

static void fail(struct relay_port *p)
{
	p->failures++;
	p->due = timing_now() + pause_of(p);
}

/* The next connection begins with another server, whoever ended this one: the library ends it when
 * the server does not answer any more, and such a server may still accept connections. */
static void leave_server(struct relay_port *p)
{
	if (p->server_count)
		p->next = (p->next + 1) % p->server_count;
}

static void on_server(void *ctx, struct relay_link *l)
{
	note(ctx, NOTE_SERVER, "%s", relay_link_server(l)->name);
}

static void on_granted(void *ctx, struct relay_link *l UNUSED)
{
	struct relay_port *p = ctx;

	p->granted = timing_now();
}

static void on_stale(void *ctx, struct relay_link *l UNUSED, const char *why)
{
	note(ctx, NOTE_STALE, "%s", why);
}

static void on_slow(void *ctx, struct relay_link *l, size_t got, size_t size)
{
	if (size)
		note(ctx, NOTE_SLOW, "%zu of %zu bytes of an answer of %s", got, size,
		     relay_link_server(l)->name);
	else
		note(ctx, NOTE_SLOW, "%s", "");
}

static void on_end(void *ctx, struct relay_link *l, enum link_end end, const char *why)
{
	struct relay_port *p = ctx;

	if (end == LINK_DISTRUSTED)
		note(p, NOTE_DISTRUST, "%s %s", relay_link_server(l)->name, why);
	leave_server(p);
	if (p->granted && timing_now() - p->granted > LASTING)
		p->failures = 0;
	else if (end != LINK_CLIENT_LEFT)
		fail(p);
	p->granted = 0;
	if (end == LINK_UNREACHABLE) {
		try_later(p);
		return;
	}
	note(p, NOTE_SERVER, "%s", "");
	relay_link_free(p->done);
	p->done = TAKE(p->link);
	timing_arm(p->timer, 0);
}

static int on_timer(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct relay_port *p = ctx;

	relay_link_free(TAKE(p->done));
	if (p->link && relay_link_is_waiting(p->link) && p->server_count)
		relay_link_connect(p->link, &p->servers[p->next % p->server_count]);
	return 0;
}

static int on_connection(sd_event_source *s UNUSED, int fd, uint32_t events UNUSED, void *ctx)
{
	static const struct link_ops ops = { on_server, on_granted, on_stale, on_slow, on_end };
	struct relay_port *p = ctx;
	int client = relay_accept_own(fd);

	if (client < 0)
		return 0;
	/* The library has one connection; an older one is over, although its end was not seen. */
	relay_link_free(TAKE(p->link));
	p->granted = 0;
	p->link = relay_link_new(p->loop, client, &p->limits, p->tls, &ops, p);
	try_later(p);
	return 0;
}

/* --- on the relay's thread: orders ------------------------------------------------------------ */

static void open_port(struct relay_port *p, sd_event *loop)
{
	p->loop = loop;
	p->timer = timing_new(loop, on_timer, p);
	/* Neither connections of other processes nor a lack of descriptors keep the thread busy. */
	if (sd_event_add_io(loop, &p->source, p->fd, EPOLLIN, on_connection, p) < 0 ||
	    sd_event_source_set_ratelimit(p->source, BATCHES_INTERVAL, BATCHES_MOST) < 0)
		die("sd-event: cannot watch a port");
}

static void free_port(struct relay_port *p)
{
	relay_link_free(p->link);
	relay_link_free(p->done);
	sd_event_source_disable_unref(p->source);
	sd_event_source_disable_unref(p->timer);
	disk_close(&p->fd);
	queue_unref(p->queue);
	free(p->servers);
	relay_tls_free(p->tls);
	free(p);
}

static void set_servers(struct relay_port *p, char *addresses)
{
	free(p->servers);
	p->servers = relay_servers(addresses, &p->server_count);
	p->next = 0;
	try_later(p);
}

static void carry_out(struct order *o, sd_event *loop)
{
	if (o->kind == ORDER_OPEN)
		open_port(o->port, loop);
	else if (o->kind == ORDER_SERVERS)
		set_servers(o->port, o->addresses);
	else
		free_port(o->port);
	free(o->addresses);
	free(o);
}

static struct order *take_order(void)
{
	struct order *o;

	pthread_mutex_lock(&relay.lock);
	o = STAILQ_FIRST(&relay.orders);
	if (o)
		STAILQ_REMOVE_HEAD(&relay.orders, entry);
	pthread_mutex_unlock(&relay.lock);
	return o;
}

static int on_orders(sd_event_source *s, int fd, uint32_t events UNUSED, void *ctx UNUSED)
{
	struct order *o;
	eventfd_t count;

	(void)eventfd_read(fd, &count);
	while ((o = take_order()))
		carry_out(o, sd_event_source_get_event(s));
	return 0;
}

static void *run(void *arg UNUSED)
{
	sd_event *loop = NULL;

	if (sd_event_new(&loop) < 0 ||
	    sd_event_add_io(loop, NULL, relay.fd, EPOLLIN, on_orders, NULL) < 0)
		die("sd-event: no loop for the relay");
	sd_event_loop(loop);
	die("sd-event: the loop of the relay has ended");
}

/* --- for the other threads -------------------------------------------------------------------- */

static int start(struct err *e)
{
	int rc;

	if (relay.runs)
		return 0;
	STAILQ_INIT(&relay.orders);
	relay.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (relay.fd < 0)
		return err_sys(e, "eventfd");
	rc = thread_start("zkd-relay", CONFINE_NETWORK, run, NULL);
	if (rc != 0) {
		disk_close(&relay.fd);
		return err_set(e, ERR_SYS, "cannot start the thread of the relay: %s",
			       strerror(rc));
	}
	relay.runs = true;
	return 0;
}

static void give_order(enum order_kind kind, struct relay_port *p, const char *addresses)
{
	struct order *o = xcalloc(1, sizeof(*o));

	o->kind = kind;
	o->port = p;
	o->addresses = addresses ? xstrdup(addresses) : NULL;
	pthread_mutex_lock(&relay.lock);
	STAILQ_INSERT_TAIL(&relay.orders, o, entry);
	pthread_mutex_unlock(&relay.lock);
	if (eventfd_write(relay.fd, 1) < 0)
		die("eventfd: %m");
}

static int listen_on_loopback(struct relay_port *p, struct err *e)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(p->fd, SOMAXCONN) < 0 || getsockname(p->fd, (struct sockaddr *)&a, &size) < 0)
		return err_sys(e, "cannot listen on 127.0.0.1 for the relay to ZooKeeper");
	p->number = ntohs(a.sin_port);
	return 0;
}

int relay_open(struct queue *q, const struct wire_limits *limits, const struct tls_settings *tls,
	       struct relay_port **out, struct err *e)
{
	struct relay_port *p = xcalloc(1, sizeof(*p));

	p->limits = *limits;
	p->fd = -1;
	if (relay_tls_new(tls, &p->tls, e) < 0 || start(e) < 0 || listen_on_loopback(p, e) < 0) {
		relay_tls_free(p->tls);
		disk_close(&p->fd);
		free(p);
		return -1;
	}
	p->queue = queue_ref(q);
	give_order(ORDER_OPEN, p, NULL);
	*out = p;
	return 0;
}

void relay_close(struct relay_port *p)
{
	if (p)
		give_order(ORDER_CLOSE, p, NULL);
}

void relay_set_servers(struct relay_port *p, const char *addresses)
{
	give_order(ORDER_SERVERS, p, addresses);
}

char *relay_address(const struct relay_port *p)
{
	return xasprintf("127.0.0.1:%u", p->number);
}
