/* Threads; the header says what they have in common. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <zknginx/log.h>

#include "thread.h"

struct beginning {
	const char *name;
	enum confinement kind;
	void *(*run)(void *arg);
	void *arg;
};

/* A kernel that cannot do it is no reason to leave nginx without a daemon. */
static void confine(enum confinement kind)
{
	static atomic_bool logged;
	struct err e;

	if (confine_thread(kind, &e) == 0 || atomic_exchange(&logged, true))
		return;
	if (e.code == ERR_UNAVAILABLE)
		log_debug("%s", e.text);
	else
		log_warning("%s; the threads that talk to ZooKeeper may do more than they need",
			    e.text);
}

static void *begin(void *arg)
{
	struct beginning b = *(struct beginning *)arg;

	free(arg);
	pthread_setname_np(pthread_self(), b.name);
	confine(b.kind);
	return b.run(b.arg);
}

static int create(pthread_t *thread, int detached, const struct beginning *b)
{
	struct beginning *copy = xcalloc(1, sizeof(*copy));
	sigset_t all, old;
	pthread_attr_t attr;
	int rc;

	*copy = *b;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, detached);
	rc = pthread_create(thread, &attr, begin, copy);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		free(copy);
	return rc;
}

int thread_start(const char *name, enum confinement kind, void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	return create(&thread, PTHREAD_CREATE_DETACHED,
		      &(struct beginning){ name, kind, run, arg });
}

int thread_call(const char *name, enum confinement kind, void *(*run)(void *arg), void *arg)
{
	pthread_t thread;
	int rc = create(&thread, PTHREAD_CREATE_JOINABLE,
			&(struct beginning){ name, kind, run, arg });

	return rc ? rc : pthread_join(thread, NULL);
}
