/*
 * Files, written so that a crash or a full disk leaves the old one or the new one,
 * and read so that nothing planted leads elsewhere: every name is a single
 * component relative to an open directory, and no symbolic link is followed.
 *
 * `where` is the directory's path, for the errors alone: each names the file.
 */
#ifndef ZKNGINX_NGINX_DISK_H
#define ZKNGINX_NGINX_DISK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <zknginx/buf.h>
#include <zknginx/digest.h>
#include <zknginx/err.h>

struct place {
	int fd;            /* of the directory */
	const char *where; /* its path */
};

/* Make the directory if it is missing (mode as given, whatever the umask), and open it. */
int disk_make_directory(struct place at, const char *name, mode_t mode, int *fd, struct err *e);
int disk_open_directory(struct place at, const char *name, int *fd, struct err *e);

/* A new file with these bytes; the name must be free. *fd stays open, for disk_sync(). */
int disk_create(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		int *fd, struct err *e);
/* Write beside, rename over; `durable` also fsyncs file and directory. */
int disk_replace(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		 bool durable, struct err *e);
int disk_sync(struct place at, const char *name, int fd, struct err *e);

/* A regular file's content; appended to out. */
int disk_read(struct place at, const char *name, struct buf *out, struct err *e);
/* Its SHA-256, without holding it in memory. */
int disk_digest(struct place at, const char *name, struct digest *out, struct err *e);

/* Remove a directory and the files in it (not its directories), or whatever else bears the name.
 * `first` goes first, so that what is half removed can be told. */
int disk_remove(struct place at, const char *name, const char *first, struct err *e);

/* Close and forget. */
static inline void disk_close(int *fd)
{
	extern int close(int);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
