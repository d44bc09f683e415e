/* The state directory as it is open: its paths, its descriptors, its lock. */
#ifndef ZKNGINX_NGINX_STATEDIR_H
#define ZKNGINX_NGINX_STATEDIR_H

#include "sys/disk.h"

struct statedir {
	char *path, *live, *cache, *generations; /* absolute paths */
	int fd, generations_fd, lock;
};

/* Makes what is missing. ERR_REFUSED when another daemon has the lock. statedir_close() also after
 * an error. */
int statedir_open(struct statedir *s, const char *path, struct err *e);
void statedir_close(struct statedir *s);

static inline struct place statedir_root(const struct statedir *s)
{
	return (struct place){ s->fd, s->path };
}

static inline struct place statedir_generations(const struct statedir *s)
{
	return (struct place){ s->generations_fd, s->generations };
}

#endif
