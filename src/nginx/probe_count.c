/*
 * A turn of the loop reads at most TURN datagrams. If there are more, the socket is left alone for
 * PAUSE, so a flood costs at most TURN reads per PAUSE. Datagrams that do not fit into the socket
 * meanwhile are lost. That does no harm: the share of failures is far above any limit then.
 *
 *	<190>Nov 22 15:04:05 zknginx: 502 502, 200
 *
 * Any process of this host can write to the port; probe_sender.h tells whose datagrams count. A
 *flood of others can still crowd out reports.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/render/render.h"
#include "probe_count.h"
#include "sys/timing.h"

#define TURN 256
#define PAUSE (10 * USEC_PER_MSEC)
#define DATAGRAM 512
#define ROOM (1024 * 1024)

struct probe_count {
	int fd;
	const struct probe_address *address;
	struct probe_senders *senders;
	struct probe_counts counts;
	sd_event_source *io, *timer;
	void (*on_echo)(void *ctx);
	void *ctx;
};

/* --- one datagram ---------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_status(const char *s, size_t size)
{
	return size >= 3 && is_digit(s[0]) && is_digit(s[1]) && is_digit(s[2]);
}

/* "502, 200 : -": is it such a list at all, and is there a 5xx in it? */
static bool parse_upstreams(const char *s, size_t size, bool *failed)
{
	*failed = false;
	while (size) {
		size_t taken = is_status(s, size) ? 3 : strchr("-,: ", *s) && *s ? 1 : 0;

		if (!taken)
			return false;
		*failed = *failed || (taken == 3 && *s == '5');
		s += taken;
		size -= taken;
	}
	return true;
}

bool probe_count_parse(const char *text, size_t size, struct probe_counts *counts)
{
	static const char tag[] = " " RENDER_PROBE_TAG ": ";
	const char *at = memmem(text, size, tag, sizeof(tag) - 1), *end = text + size;
	bool error, upstream_failed;

	if (!size || text[0] != '<' || !at)
		return false;
	at += sizeof(tag) - 1;
	if (end - at < 4 || !is_status(at, (size_t)(end - at)) || at[3] != ' ' ||
	    !parse_upstreams(at + 4, (size_t)(end - at - 4), &upstream_failed))
		return false;
	error = at[0] == '5';
	counts->errors += error;
	counts->upstream_errors += upstream_failed;
	counts->echoes += !error && !upstream_failed;
	return true;
}

/* --- the socket ------------------------------------------------------------------------------ */

/* False: there is nothing more. */
static bool read_one(struct probe_count *c)
{
	struct probe_address from = { .size = 0 };
	socklen_t length = sizeof(from.v6);
	char text[DATAGRAM];
	ssize_t got = recvfrom(c->fd, text, sizeof(text), MSG_TRUNC, &from.any, &length);

	if (got < 0)
		return errno != EAGAIN;
	if ((size_t)got <= sizeof(text) && probe_address_is_loopback(&from) &&
	    probe_sender_counts(c->senders, &from))
		probe_count_parse(text, (size_t)got, &c->counts);
	return true;
}

/* True: there may be more. */
static bool read_turn(struct probe_count *c)
{
	for (unsigned i = 0; i < TURN; i++) {
		if (!read_one(c))
			return false;
	}
	return true;
}

/* One turn, and what comes of it. True: there may be more. */
static bool take(struct probe_count *c)
{
	uint64_t before = c->counts.echoes;
	bool more = read_turn(c);

	if (c->counts.echoes > before)
		c->on_echo(c->ctx);
	return more;
}

static int on_datagram(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED,
		       void *userdata)
{
	struct probe_count *c = userdata;

	if (take(c)) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		timing_arm(c->timer, PAUSE);
	}
	return 0;
}

static int on_pause_over(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct probe_count *c = userdata;

	sd_event_source_set_enabled(c->io, SD_EVENT_ON);
	return 0;
}

static int listen_on(struct probe_count *c, struct err *e)
{
	const struct probe_address *a = c->address;
	int room = ROOM;

	c->fd = socket(a->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_sys(e, "UDP %s", a->text);
	/* as much of it as the kernel grants */
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(c->fd, &a->any, a->size) < 0)
		return err_sys(e, "listen on UDP %s", a->text);
	return 0;
}

int probe_count_new(sd_event *loop, const struct probe_address *a,
		    const struct probe_workers *workers, void (*on_echo)(void *ctx), void *ctx,
		    struct probe_count **out, struct err *e)
{
	struct probe_count *c = xcalloc(1, sizeof(*c));

	*c = (struct probe_count){ .fd = -1, .address = a, .on_echo = on_echo, .ctx = ctx };
	c->senders = probe_senders_new(a, workers);
	if (listen_on(c, e) < 0) {
		probe_count_free(c);
		return -1;
	}
	if (sd_event_add_io(loop, &c->io, c->fd, EPOLLIN, on_datagram, c) < 0 ||
	    sd_event_add_time(loop, &c->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_pause_over, c) <
		    0 ||
	    sd_event_source_set_priority(c->io, SD_EVENT_PRIORITY_IDLE) < 0)
		die("probe: no event source");
	*out = c;
	return 0;
}

void probe_count_free(struct probe_count *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	probe_senders_free(c->senders);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

struct probe_counts probe_count_now(struct probe_count *c)
{
	take(c);
	return c->counts;
}
