/*
 * Files: written so that a crash or a full disk leaves the old file or the new one, and read so
 * that a planted link cannot lead elsewhere. A name is a single component below an open directory,
 * and it is never followed if it is a symbolic link.
 *
 * Errors: a failed system call is ERR_SYS, `sys` is its errno, and the text is
 * "CALL DIRECTORY/NAME: reason". ERR_INPUT: something of another kind (a link, a fifo, a
 * directory) has the name. After an error a file that is replaced is unchanged, and no temporary
 * file is left.
 */
#ifndef ZKNGINX_SYS_DISK_H
#define ZKNGINX_SYS_DISK_H

#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/digest.h>
#include <zknginx/err.h>

/* An open directory. */
struct place {
	int fd;
	const char *where; /* its path, for the errors only */
};

/* Volatile: after a crash of the host the file may be the old one, or empty. Durable: the file and
 * its directory are fsynced before the call returns. */
enum durability { DISK_VOLATILE, DISK_DURABLE };

/* Make the directory if it is missing (mode as given, whatever the umask), and open it. */
int disk_make_directory(struct place at, const char *name, mode_t mode, int *fd, struct err *e);
int disk_open_directory(struct place at, const char *name, int *fd, struct err *e);

/* A new file with these bytes; the name must be free. *fd stays open, for disk_sync(). */
int disk_create(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		int *fd, struct err *e);
/* The same with the file's path, where nothing is to be synced. */
int disk_create_path(const char *path, mode_t mode, const void *bytes, size_t size, struct err *e);
/* Write beside (".NAME.tmp"), rename over. `mode` is that of a new file, less the umask. */
int disk_replace(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		 enum durability durability, struct err *e);
/* The same with the file's path. Links are followed in the directory's path, as an operator may
 * have put the directory elsewhere. */
int disk_replace_path(const char *path, mode_t mode, const void *bytes, size_t size,
		      enum durability durability, struct err *e);
/*
 * A file that is written in parts beside its name, and takes the name when it is whole. Whatever
 * happens, disk_drop() comes last: a file that was not ended is removed.
 */
struct disk_draft {
	struct place at; /* its directory */
	const char *name;
	enum durability durability;
	char *temporary, *where; /* where: of a directory that the draft has opened; else NULL */
	int fd;
};
#define DISK_DRAFT_NONE                                                                            \
	{                                                                                          \
		.at = { -1, NULL }, .fd = -1                                                       \
	}
/* The name and the place last as long as the draft. */
int disk_begin(struct place at, const char *name, mode_t mode, enum durability durability,
	       struct disk_draft *d, struct err *e);
/* The same with the file's path: see disk_replace_path(). The path lasts as long as the draft. */
int disk_begin_path(const char *path, mode_t mode, enum durability durability, struct disk_draft *d,
		    struct err *e);
int disk_add(struct disk_draft *d, const void *bytes, size_t size, struct err *e);
/* Over the first bytes, which were written already. */
int disk_set_head(struct disk_draft *d, const void *bytes, size_t size, struct err *e);
int disk_end(struct disk_draft *d, struct err *e);
void disk_drop(struct disk_draft *d);

int disk_sync(struct place at, const char *name, int fd, struct err *e);

/* Append the content of a regular file to `out`. A missing file is ERR_SYS with ENOENT. */
int disk_read(struct place at, const char *name, struct buf *out, struct err *e);
int disk_read_path(const char *path, struct buf *out, struct err *e);
/* What a user names on the command line: of any kind, links are followed, and a pipe is read to its
 * end. A failed system call is "PATH: reason", more than `most` bytes are ERR_INPUT. */
int disk_read_any(const char *path, size_t most, struct buf *out, struct err *e);
/* The same of a regular file alone: what nginx reads. Opening a FIFO would wait for ever. */
int disk_read_linked(const char *path, size_t most, struct buf *out, struct err *e);
/* The same of a descriptor; `path` is for the errors only. */
int disk_read_open(int fd, const char *path, size_t most, struct buf *out, struct err *e);
/* The SHA-256 of a regular file, without its content in memory. */
int disk_digest(struct place at, const char *name, struct digest *out, struct err *e);

/* Remove a directory with the files in it (but no directory in it), or a file. The file `first` is
 * removed before the others, so that a directory that is only half removed can be recognized. */
int disk_remove(struct place at, const char *name, const char *first, struct err *e);

/* Close *fd, if it is open, and set it to -1. */
static inline void disk_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
