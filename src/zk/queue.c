/*
 * The queue from other threads to the loop. The eventfd is written only when the list was empty, so
 * a burst of a thousand replies costs one wake-up. The lock is held only to append or to take a
 * list.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "queue.h"

struct queue {
	pthread_mutex_t lock;
	unsigned refs; /* this and all below: under lock */
	bool shut;
	struct notes notes;
	int fd;
};

struct note *note_new(enum note_kind kind, struct handle *handle, size_t extra)
{
	struct note *n = xcalloc(1, sizeof(*n) + extra);

	n->kind = kind;
	n->handle = handle;
	n->text = "";
	return n;
}

void note_free(struct note *n)
{
	free(n->error);
	free(n);
}

int queue_new(struct queue **out, struct err *e)
{
	struct queue *q;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "eventfd");
	q = xcalloc(1, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	STAILQ_INIT(&q->notes);
	q->refs = 1;
	q->fd = fd;
	*out = q;
	return 0;
}

static void free_notes(struct notes *notes)
{
	struct note *n;

	while ((n = STAILQ_FIRST(notes))) {
		STAILQ_REMOVE_HEAD(notes, link);
		note_free(n);
	}
}

struct queue *queue_ref(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->refs++;
	pthread_mutex_unlock(&q->lock);
	return q;
}

void queue_unref(struct queue *q)
{
	bool last;

	pthread_mutex_lock(&q->lock);
	last = --q->refs == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	free_notes(&q->notes);
	close(q->fd);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

bool queue_push(struct queue *q, struct note *n)
{
	bool first, shut;

	pthread_mutex_lock(&q->lock);
	shut = q->shut;
	first = STAILQ_EMPTY(&q->notes);
	if (!shut)
		STAILQ_INSERT_TAIL(&q->notes, n, link);
	pthread_mutex_unlock(&q->lock);
	if (shut)
		note_free(n);
	else if (first && eventfd_write(q->fd, 1) < 0)
		die("eventfd: %m");
	return !shut;
}

int queue_fd(const struct queue *q)
{
	return q->fd;
}

void queue_take(struct queue *q, struct notes *to)
{
	eventfd_t count;

	/* Reset first: a note that is pushed from here on wakes us again. */
	(void)eventfd_read(q->fd, &count);
	pthread_mutex_lock(&q->lock);
	STAILQ_CONCAT(to, &q->notes);
	pthread_mutex_unlock(&q->lock);
}

bool queue_is_empty(struct queue *q)
{
	bool empty;

	pthread_mutex_lock(&q->lock);
	empty = STAILQ_EMPTY(&q->notes);
	pthread_mutex_unlock(&q->lock);
	return empty;
}

void queue_shut(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->shut = true;
	pthread_mutex_unlock(&q->lock);
}
