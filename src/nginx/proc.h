/* Small readers of /proc: what a process is, and what it is about to do. */
#ifndef ZKNGINX_NGINX_PROC_H
#define ZKNGINX_NGINX_PROC_H

#include <stdbool.h>
#include <sys/types.h>
#include <zknginx/buf.h>

/* All of /proc/PID/name; false when there is no such process or file. */
bool proc_read(pid_t pid, const char *name, struct buf *out);
/* … of an open file of it. */
bool proc_read_all(int fd, struct buf *out);

/* The command line: nginx writes its title there. False when empty (a zombie) or gone. */
bool proc_title(pid_t pid, char *title, size_t room);

struct proc_stat {
	pid_t parent;
	uint64_t start_time; /* clock ticks since boot */
};
bool proc_stat(pid_t pid, struct proc_stat *out);

/* Resident memory in bytes; 0 when there is no such process. */
unsigned long proc_resident(pid_t pid);

/* Clock ticks since boot, now: comparable with start_time. */
uint64_t proc_ticks(void);

struct proc_signals {
	uint64_t blocked; /* SigBlk: bit N - 1 for signal N */
	uint64_t pending; /* ShdPnd */
	bool stopped;     /* by SIGSTOP and the like */
	bool asleep;      /* neither running, nor waiting for a disk, nor stopped */
};
bool proc_signals(pid_t pid, struct proc_signals *out);

/* The effective user. */
bool proc_user(pid_t pid, uid_t *user);

/* Calls visit for each child; false when the list cannot be read. */
bool proc_children(pid_t pid, void (*visit)(void *ctx, pid_t child), void *ctx);
/* The same in parts, for who asks often. The descriptor of the list stays that of this process, and
 * the list is empty when that has ended; -1: this kernel has none. */
int proc_children_open(pid_t pid);
bool proc_children_read(int fd, struct buf *out);
void proc_children_visit(const char *list, void (*visit)(void *ctx, pid_t child), void *ctx);

/* Does a process listen on this TCP port, on any address of this network namespace? */
bool proc_listens_on(unsigned port);

#endif
