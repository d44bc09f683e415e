/* A file as stat(2) describes it. The same fingerprint means the same bytes, but for a failing
 * disk. */
#ifndef ZKNGINX_NGINX_FINGERPRINT_H
#define ZKNGINX_NGINX_FINGERPRINT_H

#include <stdbool.h>
#include <sys/stat.h>

struct fingerprint {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

static inline struct fingerprint fingerprint_of(const struct stat *st)
{
	return (struct fingerprint){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.modified = st->st_mtim,
		.changed = st->st_ctim,
	};
}

static inline bool fingerprint_same(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

#endif
