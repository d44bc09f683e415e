/* Files from znodes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/data/layout.h"
#include "directory_write.h"
#include "sys/disk.h"

struct writer {
	const char *path, *root;
	struct arena *arena;
};

/* Opens the directory of a file, below the top; makes what is missing. *name: the file's own. */
static int open_parent(const struct writer *w, const char *file, int *fd, const char **name,
		       struct err *e)
{
	const char *where = w->path;

	*name = path_name(file);
	*fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0) {
		err_sys(e, "%s", w->path);
		return -1;
	}
	for (const char *slash; (slash = strchr(file, '/')); file = slash + 1) {
		const char *part = arena_copy(w->arena, file, (size_t)(slash - file));
		struct place at = { *fd, where };
		int inner = -1, rc = disk_make_directory(at, part, 0755, &inner, e);

		disk_close(fd);
		if (rc < 0)
			return -1;
		*fd = inner;
		where = arena_printf(w->arena, "%s/%s", where, part);
	}
	return 0;
}

/* A file that its owner has closed to others stays closed. */
static mode_t mode_of(int directory, const char *name)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0644;
	return st.st_mode & 0777;
}

static int write_file(const struct writer *w, const char *file, const struct znode *z,
		      struct err *e)
{
	CLEANUP(disk_close) int fd = -1;
	CLEANUP(buf_fini) struct buf bytes = BUF_INIT;
	const char *name;

	buf_put(&bytes, z->data, z->size);
	if (z->size && z->data[z->size - 1] != '\n')
		buf_putc(&bytes, '\n');
	if (open_parent(w, file, &fd, &name, e) < 0 ||
	    disk_replace((struct place){ fd, w->path }, name, mode_of(fd, name), buf_str(&bytes),
			 bytes.size, DISK_VOLATILE, e) < 0)
		return err_wrap(e, "%s/%s cannot be written", w->path, file);
	return 0;
}

/* A directory that has become empty goes with its last file. */
static int remove_file(const struct writer *w, const char *file, struct err *e)
{
	CLEANUP(disk_close) int fd = -1;
	const char *name, *slash = strrchr(file, '/');

	if (open_parent(w, file, &fd, &name, e) < 0)
		return -1;
	if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "%s/%s cannot be removed", w->path, file);
	disk_close(&fd);
	file = arena_copy(w->arena, file, (size_t)(slash - file));
	if (!strchr(file, '/'))
		return 0; /* "upstreams" stays */
	if (open_parent(w, file, &fd, &name, e) < 0)
		return -1;
	unlinkat(fd, name, AT_REMOVEDIR); /* it is not empty, as a rule */
	return 0;
}

static int write_change(const struct writer *w, const struct config_change *c, struct err *e)
{
	const char *file = config_file(w->arena, c->path, w->root);

	if (!file)
		return 0;
	return c->new ? write_file(w, file, c->new, e) : remove_file(w, file, e);
}

static bool is_removal(const struct config_change *c)
{
	return !c->new;
}

int directory_write(const char *path, const struct config_edit *edit, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct writer w = { path, edit->in->root, a };

	for (size_t i = edit->count; i-- > 0;) { /* what is in a directory first */
		if (is_removal(&edit->changes[i]) && write_change(&w, &edit->changes[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < edit->count; i++) {
		if (!is_removal(&edit->changes[i]) && write_change(&w, &edit->changes[i], e) < 0)
			return -1;
	}
	return 0;
}
