/* Reads the files of a directory into a tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/data/layout.h"
#include "directory.h"
#include "sys/disk.h"
#include "zk/session.h"

#define DEEPEST 3 /* upstreams/NAME/SERVER, snippets/http/NAME.conf */
#define NAMED 10  /* how many files an error names */

struct walk {
	struct directory *d;
	struct tree_builder builder;
	size_t stranger_room;
	bool lists_errors; /* what cannot be read is a stranger */
};

/* Is this the beginning of the path of a kind's directory ("snippets")? */
static bool is_above_objects(const char *name)
{
	size_t size = strlen(name);

	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		const char *directory = config_directory((enum config_kind)k);

		if (strncmp(directory, name, size) == 0 && strchr("/", directory[size]))
			return true;
	}
	return false;
}

/* why: NULL as in the struct; it may begin with the file's name. */
static void add_stranger(struct walk *w, const char *relative, const char *why)
{
	struct directory *d = w->d;
	const char *file = arena_printf(d->arena, "%s/%s", d->path, relative);
	size_t size = strlen(file);

	if (why && strncmp(why, file, size) == 0 && strncmp(why + size, ": ", 2) == 0)
		why += size + 2;
	d->strangers = arena_grow(d->arena, d->strangers, d->stranger_count, &w->stranger_room,
				  sizeof(*d->strangers));
	d->strangers[d->stranger_count++] = (struct directory_stranger){
		.file = file,
		.why = why ? arena_strdup(d->arena, why) : NULL,
	};
}

/* A server's upstream has a znode, even where it has no file. If it has one, that comes later, as
 * "shop.json" follows "shop", and replaces this. */
static void add_upstream(struct walk *w, const char *path)
{
	struct config_place p = config_place(path, w->d->root);
	CLEANUP(freep) char *upstream = NULL;

	if (p.level != CONFIG_CHILD)
		return;
	upstream = xasprintf("%.*s", (int)(p.child - 1 - path), path);
	tree_builder_add(&w->builder, &(struct znode){ .path = upstream, .data = "" });
}

/* A file of blanks only, such as an editor's line feed, stands for a znode without data. */
static void drop_blanks(struct buf *bytes)
{
	if (strspn(buf_str(bytes), " \t\r\n") == bytes->size)
		buf_clear(bytes);
}

static int add_file(struct walk *w, const char *relative, struct err *e)
{
	const char *path = config_file_znode(w->d->arena, relative, w->d->root);
	const char *file = arena_printf(w->d->arena, "%s/%s", w->d->path, relative);
	CLEANUP(buf_fini) struct buf bytes = BUF_INIT;

	if (!path) {
		add_stranger(w, relative, NULL);
		return 0;
	}
	if (disk_read_path(file, &bytes, e) < 0)
		return -1;
	drop_blanks(&bytes);
	if (bytes.size > SESSION_REQUEST_LIMIT)
		return err_set(e, ERR_INPUT, "%s: %zu bytes; a znode has at most %d", file,
			       bytes.size, SESSION_REQUEST_LIMIT);
	add_upstream(w, path);
	tree_builder_add(
		&w->builder,
		&(struct znode){ .path = path, .data = buf_str(&bytes), .size = bytes.size });
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Names in a directory, sorted, in the arena. */
static int list(struct arena *a, const char *path, char ***names, size_t *count, struct err *e)
{
	size_t room = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);
	int error;

	*names = NULL;
	*count = 0;
	if (!dir)
		return err_sys(e, "%s", path);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		*names = arena_grow(a, *names, *count, &room, sizeof(**names));
		(*names)[(*count)++] = arena_strdup(a, entry->d_name);
	}
	error = errno;
	closedir(dir);
	errno = error;
	if (error) /* a part of the names would stand for deleted znodes */
		return err_sys(e, "%s", path);
	if (*count)
		qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

static int walk_below(struct walk *w, const char *relative, unsigned depth, struct err *e);

static int try_entry(struct walk *w, const char *relative, unsigned depth, struct err *e)
{
	const char *file = arena_printf(w->d->arena, "%s/%s", w->d->path, relative);
	struct stat st;

	if (stat(file, &st) < 0)
		return err_sys(e, "%s", file);
	if (S_ISDIR(st.st_mode) && depth < DEEPEST)
		return walk_below(w, relative, depth, e);
	if (S_ISREG(st.st_mode))
		return add_file(w, relative, e);
	add_stranger(w, relative, NULL);
	return 0;
}

static int walk_entry(struct walk *w, const char *relative, unsigned depth, struct err *e)
{
	if (try_entry(w, relative, depth, e) == 0)
		return 0;
	if (!w->lists_errors)
		return -1;
	add_stranger(w, relative, e->text);
	return 0;
}

/* relative: "upstreams/shop" */
static int walk_below(struct walk *w, const char *relative, unsigned depth, struct err *e)
{
	struct arena *a = w->d->arena;
	char **names;
	size_t count;

	if (list(a, arena_printf(a, "%s/%s", w->d->path, relative), &names, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!config_file_is_ignored(names[i]) &&
		    walk_entry(w, arena_printf(a, "%s/%s", relative, names[i]), depth + 1, e) < 0)
			return -1;
	}
	return 0;
}

static void note_ignored(struct directory *d, const char *name, size_t *room)
{
	struct stat st;
	const char *path = arena_printf(d->arena, "%s/%s", d->path, name);

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	d->ignored = arena_grow(d->arena, d->ignored, d->ignored_count, room, sizeof(*d->ignored));
	d->ignored[d->ignored_count++] = path;
}

static int walk_top(struct walk *w, struct err *e)
{
	char **names;
	size_t count, room = 0;

	if (list(w->d->arena, w->d->path, &names, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (config_file_is_ignored(names[i]))
			continue;
		if (!is_above_objects(names[i]))
			note_ignored(w->d, names[i], &room);
		else if (walk_entry(w, names[i], 1, e) < 0)
			return -1;
	}
	return 0;
}

static int refuse_strangers(const struct directory *d, struct err *e)
{
	CLEANUP(buf_fini) struct buf expected = BUF_INIT, names = BUF_INIT;

	if (!d->stranger_count)
		return 0;
	for (size_t i = 0; i < d->stranger_count && i < NAMED; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", d->strangers[i].file);
	config_print_files(&expected);
	return err_set(e, ERR_INPUT,
		       "%zu file%s not of a znode: %s%s (expected: %s). Rename or remove %s",
		       d->stranger_count, d->stranger_count == 1 ? " is" : "s are", buf_str(&names),
		       d->stranger_count > NAMED ? ", …" : "", buf_str(&expected),
		       d->stranger_count == 1 ? "it" : "them");
}

static int scan(const char *path, const char *root, bool lists_errors, struct directory **out,
		struct err *e)
{
	CLEANUP(directory_freep) struct directory *d = xcalloc(1, sizeof(*d));
	struct walk w = { .d = d, .lists_errors = lists_errors };
	int rc;

	d->arena = arena_new();
	d->path = directory_name(d->arena, path);
	d->root = arena_strdup(d->arena, root);
	tree_builder_init(&w.builder);
	rc = walk_top(&w, e);
	d->tree = tree_builder_finish(&w.builder);
	tree_builder_fini(&w.builder);
	if (rc < 0)
		return -1;
	*out = TAKE(d);
	return 0;
}

int directory_scan(const char *path, const char *root, struct directory **out, struct err *e)
{
	return scan(path, root, true, out, e);
}

int directory_read(const char *path, const char *root, struct directory **out, struct err *e)
{
	CLEANUP(directory_freep) struct directory *d = NULL;

	if (scan(path, root, false, &d, e) < 0 || refuse_strangers(d, e) < 0)
		return -1;
	*out = TAKE(d);
	return 0;
}

void directory_free(struct directory *d)
{
	if (!d)
		return;
	tree_unref(d->tree);
	arena_free(d->arena);
	free(d);
}

const char *directory_name(struct arena *a, const char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	return arena_copy(a, path, size);
}

const char *directory_file(const struct directory *d, const char *znode)
{
	const char *file = config_file(d->arena, znode, d->root);

	return file ? arena_printf(d->arena, "%s/%s", d->path, file) : NULL;
}
