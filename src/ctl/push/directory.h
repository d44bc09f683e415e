/*
 * A directory as the form of the config: one file a znode (core/data/layout.h), so that a git
 * repository can hold it.
 *
 * Hidden files, backups ("*~") and README files are ignored, and so is everything at the top that
 * has not the name of a kind of objects (directories among it are named in `ignored`). Any other
 * file that is no znode's is an error: a misspelled name would otherwise be a deleted znode.
 */
#ifndef ZKNGINX_CTL_DIRECTORY_H
#define ZKNGINX_CTL_DIRECTORY_H

#include <zknginx/tree.h>

/* A file that cannot become a znode. */
struct directory_stranger {
	const char *file, *why; /* NULL: it is none of a znode */
};

struct directory {
	struct arena *arena;
	struct tree *tree; /* below root; objects and static servers only, without the directories
			      above them */
	const char **ignored; /* directories at the top that are none of ours */
	size_t ignored_count;
	struct directory_stranger *strangers; /* only of directory_scan() */
	size_t stranger_count;
	const char *path, *root;
};

/* ERR_INPUT names every file that is none of a znode. The strings are copied. */
int directory_read(const char *path, const char *root, struct directory **out, struct err *e);
/* The same, but such files, and those that cannot be read, are listed in `strangers`. */
int directory_scan(const char *path, const char *root, struct directory **out, struct err *e);
void directory_free(struct directory *d);
DEFINE_CLEANUP(struct directory *, directory_free)

/* "conf" of "conf/", as completion types it; in the arena. */
const char *directory_name(struct arena *a, const char *path);
/* The file of a znode, "DIR/sites/shop.json", whether it exists or not, in the directory's arena;
 * NULL: a znode of this path has none. */
const char *directory_file(const struct directory *d, const char *znode);

#endif
