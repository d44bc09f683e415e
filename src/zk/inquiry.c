/* All requests are sent at once: a session answers them in order, the sync first. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "inquiry.h"

struct inquiry {
	inquiry_done *done; /* NULL: it was dropped */
	void *ctx;
	size_t open; /* requests without an answer */
	bool lost;
	size_t count;
	int64_t zxids[]; /* `count` */
};

/* One request about one of the paths. */
struct question {
	struct inquiry *inquiry;
	size_t path;
};

static void finish(struct inquiry *i)
{
	if (i->done)
		i->done(i->ctx, !i->lost, i->zxids);
	free(i);
}

static void take_answer(struct inquiry *i, int rc)
{
	i->lost |= session_result_is_lost(rc);
	if (--i->open == 0)
		finish(i);
}

static void on_sync(void *ctx, const struct session_reply *r)
{
	take_answer(ctx, r->rc);
}

static void on_exists(void *ctx, const struct session_reply *r)
{
	struct question *q = ctx;
	struct inquiry *i = q->inquiry;

	if (r->rc == SESSION_OK)
		i->zxids[q->path] = r->stat->pzxid;
	else if (r->rc != SESSION_NO_NODE)
		i->zxids[q->path] = -1;
	free(q);
	take_answer(i, r->rc);
}

static void ask(struct inquiry *i, struct session *s, const char *znode, size_t path)
{
	struct question *q = xcalloc(1, sizeof(*q));

	*q = (struct question){ .inquiry = i, .path = path };
	i->open++;
	session_exists(s, znode, false, on_exists, q);
}

static void ask_above(struct inquiry *i, struct session *s, const char *path, size_t number)
{
	CLEANUP(freep) char *above = xstrdup(path);

	ask(i, s, "/", number);
	for (char *slash = strchr(above + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ask(i, s, above, number);
		*slash = '/';
	}
}

struct inquiry *inquiry_begin(struct session *s, const char *const *paths, size_t count,
			      inquiry_done *done, void *ctx)
{
	struct inquiry *i = xcalloc(1, sizeof(*i) + count * sizeof(i->zxids[0]));

	i->done = done;
	i->ctx = ctx;
	i->count = count;
	i->open = 1;
	session_sync(s, on_sync, i);
	for (size_t n = 0; n < count; n++)
		ask_above(i, s, paths[n], n);
	return i;
}

void inquiry_drop(struct inquiry *i)
{
	if (i)
		i->done = NULL;
}
