/*
 * The system calls below a directory. O_NOFOLLOW and O_EXCL everywhere; O_NONBLOCK where a file is
 * read, so that a planted fifo cannot block the daemon. Only disk_read_any() waits for a fifo, and
 * only it and disk_read_linked() follow links.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"

int disk_open_directory(struct place at, const char *name, int *fd, struct err *e)
{
	*fd = openat(at.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(e, ERR_INPUT, "%s/%s is not a directory", at.where, name);
	if (*fd < 0)
		return err_sys(e, "open %s/%s", at.where, name);
	return 0;
}

int disk_make_directory(struct place at, const char *name, mode_t mode, int *fd, struct err *e)
{
	bool made = mkdirat(at.fd, name, mode) == 0;

	if (!made && errno != EEXIST)
		return err_sys(e, "mkdir %s/%s", at.where, name);
	if (disk_open_directory(at, name, fd, e) < 0)
		return -1;
	if (made && fchmod(*fd, mode) < 0) {
		err_sys(e, "chmod %s/%s", at.where, name);
		disk_close(fd);
		return -1;
	}
	return 0;
}

static ssize_t read_some(int fd, char *chunk, size_t size)
{
	ssize_t got;

	while ((got = read(fd, chunk, size)) < 0 && errno == EINTR)
		;
	return got;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

int disk_create(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		int *fd, struct err *e)
{
	*fd = openat(at.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (*fd < 0)
		return err_sys(e, "create %s/%s", at.where, name);
	if (write_all(*fd, bytes, size) == 0)
		return 0;
	err_sys(e, "write %s/%s", at.where, name);
	disk_close(fd);
	return -1;
}

int disk_sync(struct place at, const char *name, int fd, struct err *e)
{
	if (fsync(fd) < 0)
		return err_sys(e, "fsync %s/%s", at.where, name);
	return 0;
}

/* The directory of a path, and the name in it: "/a/b" is "b" in "/a", "b" is "b" in ".". */
struct parent {
	char *where;
	const char *name;
	int fd;
};

static void parent_fini(struct parent *p)
{
	disk_close(&p->fd);
	free(p->where);
}

static int open_parent(const char *path, int access, struct parent *p, struct err *e)
{
	const char *slash = strrchr(path, '/');

	p->name = slash ? slash + 1 : path;
	p->where = slash == path ? xstrdup("/")
		   : slash       ? xasprintf("%.*s", (int)(slash - path), path)
				 : xstrdup(".");
	p->fd = open(p->where, access | O_DIRECTORY | O_CLOEXEC);
	return p->fd < 0 ? err_sys(e, "open %s", p->where) : 0;
}

/* --- drafts ----------------------------------------------------------------------------------- */

static int open_draft(struct disk_draft *d, mode_t mode, struct err *e)
{
	d->temporary = xasprintf(".%s.tmp", d->name);
	unlinkat(d->at.fd, d->temporary, 0); /* left by a crash, or planted */
	return disk_create(d->at, d->temporary, mode, "", 0, &d->fd, e);
}

int disk_begin(struct place at, const char *name, mode_t mode, enum durability durability,
	       struct disk_draft *d, struct err *e)
{
	*d = (struct disk_draft){ .at = at, .name = name, .durability = durability, .fd = -1 };
	return open_draft(d, mode, e);
}

int disk_begin_path(const char *path, mode_t mode, enum durability durability, struct disk_draft *d,
		    struct err *e)
{
	struct parent p = { .fd = -1 };
	/* Only a directory that is open for reading can be fsynced. */
	int rc = open_parent(path, durability == DISK_DURABLE ? O_RDONLY : O_PATH, &p, e);

	*d = (struct disk_draft){ .at = { p.fd, p.where },
				  .name = p.name,
				  .durability = durability,
				  .where = p.where,
				  .fd = -1 };
	return rc < 0 ? -1 : open_draft(d, mode, e);
}

static int write_error(const struct disk_draft *d, struct err *e)
{
	return err_sys(e, "write %s/%s", d->at.where, d->temporary);
}

int disk_add(struct disk_draft *d, const void *bytes, size_t size, struct err *e)
{
	return write_all(d->fd, bytes, size) < 0 ? write_error(d, e) : 0;
}

int disk_set_head(struct disk_draft *d, const void *bytes, size_t size, struct err *e)
{
	return lseek(d->fd, 0, SEEK_SET) < 0 ? write_error(d, e) : disk_add(d, bytes, size, e);
}

/* Closes the file before the rename: some file systems report a failed write only then. */
int disk_end(struct disk_draft *d, struct err *e)
{
	bool durable = d->durability == DISK_DURABLE;
	int written = d->fd;

	if (durable && disk_sync(d->at, d->temporary, written, e) < 0)
		return -1;
	d->fd = -1;
	if (close(written) < 0)
		return err_sys(e, "close %s/%s", d->at.where, d->temporary);
	if (renameat(d->at.fd, d->temporary, d->at.fd, d->name) < 0)
		return err_sys(e, "rename to %s/%s", d->at.where, d->name);
	free(TAKE(d->temporary));
	return durable ? disk_sync(d->at, ".", d->at.fd, e) : 0;
}

void disk_drop(struct disk_draft *d)
{
	disk_close(&d->fd);
	if (d->temporary)
		unlinkat(d->at.fd, d->temporary, 0);
	free(TAKE(d->temporary));
	if (d->where)
		disk_close(&d->at.fd);
	free(TAKE(d->where));
}

static int write_whole(struct disk_draft *d, const void *bytes, size_t size, struct err *e)
{
	return disk_add(d, bytes, size, e) < 0 ? -1 : disk_end(d, e);
}

int disk_replace(struct place at, const char *name, mode_t mode, const void *bytes, size_t size,
		 enum durability durability, struct err *e)
{
	CLEANUP(disk_drop) struct disk_draft d = DISK_DRAFT_NONE;

	return disk_begin(at, name, mode, durability, &d, e) < 0 ? -1
								 : write_whole(&d, bytes, size, e);
}

int disk_replace_path(const char *path, mode_t mode, const void *bytes, size_t size,
		      enum durability durability, struct err *e)
{
	CLEANUP(disk_drop) struct disk_draft d = DISK_DRAFT_NONE;

	return disk_begin_path(path, mode, durability, &d, e) < 0 ? -1
								  : write_whole(&d, bytes, size, e);
}

/* --- by path ---------------------------------------------------------------------------------- */

int disk_create_path(const char *path, mode_t mode, const void *bytes, size_t size, struct err *e)
{
	CLEANUP(parent_fini) struct parent p = { .fd = -1 };
	CLEANUP(disk_close) int fd = -1;

	if (open_parent(path, O_PATH, &p, e) < 0)
		return -1;
	return disk_create((struct place){ p.fd, p.where }, p.name, mode, bytes, size, &fd, e);
}

static int open_file(struct place at, const char *name, int *fd, struct err *e)
{
	struct stat st;

	*fd = openat(at.fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 && errno == ELOOP)
		return err_set(e, ERR_INPUT, "%s/%s is not a regular file", at.where, name);
	if (*fd < 0)
		return err_sys(e, "open %s/%s", at.where, name);
	if (fstat(*fd, &st) < 0)
		return err_sys(e, "stat %s/%s", at.where, name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s/%s is not a regular file", at.where, name);
	return 0;
}

/* Pass the content to `put`, piece by piece. */
static int read_pieces(struct place at, const char *name,
		       void (*put)(void *to, const char *, size_t), void *to, struct err *e)
{
	CLEANUP(disk_close) int fd = -1;
	char chunk[65536];
	ssize_t got;

	if (open_file(at, name, &fd, e) < 0)
		return -1;
	while ((got = read_some(fd, chunk, sizeof(chunk))) > 0)
		put(to, chunk, (size_t)got);
	return got < 0 ? err_sys(e, "read %s/%s", at.where, name) : 0;
}

static void put_into_buf(void *to, const char *bytes, size_t size)
{
	buf_put(to, bytes, size);
}

int disk_read(struct place at, const char *name, struct buf *out, struct err *e)
{
	return read_pieces(at, name, put_into_buf, out, e);
}

int disk_read_path(const char *path, struct buf *out, struct err *e)
{
	CLEANUP(parent_fini) struct parent p = { .fd = -1 };

	if (open_parent(path, O_PATH, &p, e) < 0)
		return -1;
	return disk_read((struct place){ p.fd, p.where }, p.name, out, e);
}

int disk_read_open(int fd, const char *path, size_t most, struct buf *out, struct err *e)
{
	char chunk[65536];
	size_t size = 0;
	ssize_t got;

	while ((got = read_some(fd, chunk, sizeof(chunk))) > 0) {
		buf_put(out, chunk, (size_t)got);
		size += (size_t)got;
		if (size > most)
			return err_set(e, ERR_INPUT, "%s: more than %zu MB", path, most >> 20);
	}
	return got < 0 ? err_sys(e, "%s", path) : 0;
}

int disk_read_any(const char *path, size_t most, struct buf *out, struct err *e)
{
	CLEANUP(disk_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "%s", path) : disk_read_open(fd, path, most, out, e);
}

int disk_read_linked(const char *path, size_t most, struct buf *out, struct err *e)
{
	CLEANUP(disk_close) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a regular file", path);
	return disk_read_open(fd, path, most, out, e);
}

static void put_into_digester(void *to, const char *bytes, size_t size)
{
	digester_add(to, bytes, size);
}

int disk_digest(struct place at, const char *name, struct digest *out, struct err *e)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	if (read_pieces(at, name, put_into_digester, d, e) < 0)
		return -1;
	*out = digester_finish(d);
	return 0;
}

static void remove_files(int fd, const char *first)
{
	int copy = dup(fd); /* closedir() closes its descriptor */
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;

	unlinkat(fd, first, 0);
	if (!dir) {
		disk_close(&copy);
		return;
	}
	while ((entry = readdir(dir)))
		unlinkat(fd, entry->d_name, 0);
	closedir(dir);
}

int disk_remove(struct place at, const char *name, const char *first, struct err *e)
{
	CLEANUP(disk_close) int fd = -1;

	if (disk_open_directory(at, name, &fd, NULL) < 0) {
		if (unlinkat(at.fd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s/%s", at.where, name);
		return 0;
	}
	remove_files(fd, first);
	if (unlinkat(at.fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s/%s", at.where, name);
	return 0;
}
