/*
 * The nginx master: found by its pid file, checked, watched and signalled through a pidfd.
 *
 * It is checked by its executable (inode or name), by the title "nginx: master process", and by a
 * parent that is not nginx. Whether it is busy is read from the kernel: a master blocks SIGHUP
 * except while it sleeps in sigsuspend(), so SigBlk and ShdPnd of /proc/PID/status show "busy",
 * "queued" or "idle".
 */
#ifndef ZKNGINX_NGINX_MASTER_H
#define ZKNGINX_NGINX_MASTER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#define MASTER_WORKERS_MAX 1024
#define MASTER_HUP_BIT (UINT64_C(1) << (SIGHUP - 1)) /* of SigBlk, ShdPnd */
#define MASTER_CHLD_BIT (UINT64_C(1) << (SIGCHLD - 1))

struct master {
	pid_t pid;
	int pidfd;           /* -1: none */
	int children;        /* the kernel's list of them; 0, -1: none */
	uint64_t start_time; /* clock ticks since boot */
	bool upgrading; /* pid file .oldbin exists, or a new master is its child: do not signal */
};

/* ERR_UNAVAILABLE: no pid file, or it is empty or stale; ERR_REFUSED: the process is not an nginx
 * master (text says why). */
int master_find(const char *pid_file, const char *binary, struct master *m, struct err *e);
void master_fini(struct master *m);
bool master_is_alive(const struct master *m);

enum master_activity {
	MASTER_GONE,
	MASTER_IDLE,
	MASTER_QUEUED,  /* a SIGHUP waits */
	MASTER_BUSY,    /* with a reload, or something else */
	MASTER_REAPING, /* a child has ended, and is not replaced yet */
};
enum master_activity master_activity(const struct master *m);

int master_send_hup(const struct master *m, struct err *e); /* SIGHUP through the pidfd */

/* The worker processes now: those that serve, and those that are shutting down. */
struct workers {
	pid_t serving[MASTER_WORKERS_MAX];
	size_t serving_count;
	pid_t old[MASTER_WORKERS_MAX]; /* the first of those that are shutting down */
	unsigned leaving;              /* … and how many there are */
	pid_t new[MASTER_WORKERS_MAX]; /* the first of those that were forked a moment ago, and
					  still have the master's title */
	unsigned starting;             /* … and how many there are */
	unsigned ending;               /* children that have ended, and that the master has not
					  reaped yet */
	unsigned children;             /* all others */
};
void master_workers(const struct master *m, struct workers *w);

/* In parts. All children of the master: */
void master_children(const struct master *m, void (*visit)(void *ctx, pid_t child), void *ctx);
enum child_kind {
	CHILD_ENDS,   /* or has ended */
	CHILD_SERVES, /* a worker */
	CHILD_LEAVES, /* a worker that is shutting down */
	CHILD_STARTS, /* it was forked a moment ago */
	CHILD_OTHER,
};
enum child_kind master_child_kind(pid_t child);
/* Their list as text, to see whether it has changed; false: this kernel has none. */
bool master_list(const struct master *m, struct buf *list);
void workers_of_list(const char *list, struct workers *w);
/* The users that they run as, without repetition; returns how many. */
size_t workers_users(const struct workers *w, uid_t *out, size_t room);
bool workers_have(const struct workers *w, pid_t pid);

#endif
