/* See seen_workers.h. A turn is an iteration of the loop. */
#include <stdlib.h>
#include <string.h>

#include "seen_workers.h"
#include "sys/timing.h"

#define READ_AGAIN (500 * USEC_PER_MSEC)

struct seen_workers {
	sd_event *loop;
	struct workers now;
	pid_t master; /* whose they are; 0: nobody's */
	uint64_t start_time;
	uint64_t turn;      /* in which they were looked at */
	struct buf list;    /* of the children then */
	uint64_t titles_at; /* when the titles were read */
};

static uint64_t turn_of(const struct seen_workers *c)
{
	uint64_t turn = 0;

	sd_event_get_iteration(c->loop, &turn);
	return turn;
}

static bool is_of(const struct seen_workers *c, const struct master *m)
{
	return c->master == m->pid && c->start_time == m->start_time;
}

static void forget(struct seen_workers *c)
{
	c->now = (struct workers){ .serving_count = 0 };
	c->master = 0;
	buf_clear(&c->list);
}

/* One that was forked a moment ago is a worker in the next. */
static bool is_read(const struct seen_workers *c, const struct master *m, const struct buf *list)
{
	return is_of(c, m) && !c->now.starting && list->size == c->list.size &&
	       memcmp(buf_str(list), buf_str(&c->list), list->size) == 0 &&
	       timing_now() < c->titles_at + READ_AGAIN;
}

static void look(struct seen_workers *c, const struct master *m, bool closely)
{
	CLEANUP(buf_fini) struct buf list = BUF_INIT;
	bool has_list = master_list(m, &list);

	c->turn = turn_of(c);
	if (!closely && has_list && is_read(c, m, &list))
		return;
	if (has_list)
		workers_of_list(buf_str(&list), &c->now);
	else
		master_workers(m, &c->now);
	buf_clear(&c->list);
	buf_put(&c->list, list.data, list.size);
	c->master = m->pid;
	c->start_time = m->start_time;
	c->titles_at = timing_now();
}

const struct workers *seen_workers_look(struct seen_workers *c, const struct master *m)
{
	if (!m)
		forget(c);
	else if (!is_of(c, m) || c->turn != turn_of(c))
		look(c, m, false);
	return &c->now;
}

const struct workers *seen_workers_look_closely(struct seen_workers *c, const struct master *m)
{
	if (m)
		look(c, m, true);
	else
		forget(c);
	return &c->now;
}

struct seen_workers *seen_workers_new(sd_event *loop)
{
	struct seen_workers *c = xcalloc(1, sizeof(*c));

	c->loop = sd_event_ref(loop);
	return c;
}

void seen_workers_free(struct seen_workers *c)
{
	if (!c)
		return;
	sd_event_unref(c->loop);
	buf_fini(&c->list);
	free(c);
}
