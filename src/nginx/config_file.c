/* STATE/config.tree, a tree in its text form. */
#include <errno.h>

#include <zknginx/log.h>

#include "config_file.h"
#include "core/data/layout.h"
#include "sys/disk.h"

struct tree *config_file_read(const char *path, const char *root, char revision[DIGEST_HEX_SIZE])
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct tree *t = NULL;
	struct digest digest;
	struct err e;

	revision[0] = '\0';
	if (disk_read_path(path, &text, &e) == 0 &&
	    tree_parse(buf_str(&text), text.size, path, &t, &e) == 0) {
		digest = tree_revision(t, root);
		digest_hex(&digest, revision);
	} else if (e.sys != ENOENT) {
		log_warning("%s (the permitted config is read from the history instead)", e.text);
	}
	return t;
}

static int put(void *draft, const char *bytes, size_t size, struct err *e)
{
	return disk_add(draft, bytes, size, e);
}

int config_file_write(const char *path, const struct tree *config, struct err *e)
{
	CLEANUP(disk_drop) struct disk_draft d = DISK_DRAFT_NONE;

	/* not readable by all: a znode may have been readable to few */
	if (disk_begin_path(path, 0600, DISK_VOLATILE, &d, e) < 0 ||
	    tree_print_parts(config, put, &d, e) < 0)
		return -1;
	return disk_end(&d, e);
}
