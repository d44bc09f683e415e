/*
 * What the kernel tells of another process only to who may trace it: what it runs, where its root
 * is, what it writes its errors to.
 */
#ifndef ZKNGINX_NGINX_LOOK_H
#define ZKNGINX_NGINX_LOOK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#define LOOK_PATH 4096

enum look_kind {
	LOOK_EXECUTABLE, /* the file that it runs, its name, and an O_PATH descriptor */
	LOOK_NAMESPACE,  /* its mount namespace, and a descriptor */
	LOOK_LOG,        /* its standard error, its name, and, of a regular file, a descriptor */
	LOOK_MAPS,       /* a descriptor of the list of the files that it has mapped */
	LOOK_FILE,       /* `path` below its root */
	LOOK_LINK,       /* … without following a symbolic link */
	LOOK_N
};

struct look {
	enum look_kind kind;
	pid_t pid;
	char path[LOOK_PATH]; /* FILE, LINK: absolute */
};

struct look_answer {
	int error; /* errno; 0: the rest is valid */
	struct stat st;
	char text[LOOK_PATH]; /* the name; "" = unknown */
};

/* *fd: -1 where there is none; the caller closes it. For reading. */
void look(const struct look *q, struct look_answer *a, int *fd);

#endif
