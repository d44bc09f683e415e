/* A stream that nobody reads is noticed by the heartbeat, which also keeps proxies from ending it.
 */
#include <microhttpd.h>
#include <stdlib.h>

#include "stream.h"
#include "sys/timing.h"

#define STREAMS_MOST 32
#define PENDING_MOST ((size_t)4 << 20)
#define HEARTBEAT (10 * USEC_PER_SEC)

struct stream {
	struct streams *all;
	struct web_request *request; /* NULL: the place is free */
	struct buf pending;
	bool whole; /* the whole state comes next */
};

struct streams {
	struct stream items[STREAMS_MOST];
	sd_event_source *timer;
	void (*write_whole)(void *ctx, struct buf *out);
	void *ctx;
	bool ending;
};

void streams_put(struct buf *out, const char *event, const char *data)
{
	buf_printf(out, "event: %s\ndata: ", event);
	buf_puts(out, data);
	buf_puts(out, "\n\n");
}

static bool more(void *ctx, struct buf *out)
{
	struct stream *s = ctx;

	if (s->all->ending)
		return false;
	if (s->whole)
		s->all->write_whole(s->all->ctx, out);
	else
		buf_put(out, buf_str(&s->pending), s->pending.size);
	s->whole = false;
	buf_fini(&s->pending);
	s->pending = (struct buf)BUF_INIT;
	return true;
}

static void on_end(void *ctx)
{
	struct stream *s = ctx;

	buf_fini(&s->pending);
	*s = (struct stream){ .all = s->all };
}

void streams_add(struct streams *s, struct web_request *r)
{
	static const struct web_stream_ops ops = { more, on_end };

	for (size_t i = 0; i < STREAMS_MOST; i++) {
		struct stream *one = &s->items[i];

		if (one->request)
			continue;
		*one = (struct stream){ .all = s, .request = r, .whole = true };
		web_stream(r, &ops, one);
		return;
	}
	web_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "%d pages are open: close one first",
		   STREAMS_MOST);
}

static void give(struct stream *s, const char *text, size_t size)
{
	if (!s->request)
		return;
	if (s->pending.size + size > PENDING_MOST) {
		buf_fini(&s->pending);
		s->pending = (struct buf)BUF_INIT;
		s->whole = true;
	}
	if (!s->whole)
		buf_put(&s->pending, text, size);
	web_stream_wake(s->request);
}

void streams_send(struct streams *s, const char *event, const char *data)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	streams_put(&text, event, data);
	for (size_t i = 0; i < STREAMS_MOST; i++)
		give(&s->items[i], buf_str(&text), text.size);
}

static int on_heartbeat(sd_event_source *source UNUSED, uint64_t now UNUSED, void *ctx)
{
	struct streams *s = ctx;

	for (size_t i = 0; i < STREAMS_MOST; i++)
		give(&s->items[i], ":\n\n", 3);
	timing_arm(s->timer, HEARTBEAT);
	return 0;
}

void streams_end(struct streams *s)
{
	s->ending = true;
	for (size_t i = 0; i < STREAMS_MOST; i++) {
		if (s->items[i].request)
			web_stream_wake(s->items[i].request);
	}
}

struct streams *streams_new(sd_event *loop, void (*whole)(void *ctx, struct buf *out), void *ctx)
{
	struct streams *s = xcalloc(1, sizeof(*s));

	s->write_whole = whole;
	s->ctx = ctx;
	s->timer = timing_new(loop, on_heartbeat, s);
	timing_arm(s->timer, HEARTBEAT);
	for (size_t i = 0; i < STREAMS_MOST; i++)
		s->items[i].all = s;
	return s;
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->timer);
	free(s);
}
