/* Names of znodes are not for everybody, so the file is root's alone. */
#include <errno.h>
#include <stdlib.h>

#include <zknginx/log.h>

#include "watermark_file.h"

#define NAME "watermark.json"

static int read_text(const char *path, const struct watermark_places *places,
		     const struct buf *text, struct past *out, struct err *e)
{
	if (past_parse(buf_str(text), text->size, places, out, e) == 0)
		return 0;
	if (e->code != ERR_INPUT) {
		err_wrap(e, "%s", path);
		e->code = ERR_INPUT;
		return -1;
	}
	log_error("%s is damaged: %s; this host does not know how far it has seen ZooKeeper's "
		  "history, and takes what ZooKeeper has now",
		  path, e->text);
	return 0;
}

int watermark_file_read(const char *state, const struct watermark_places *places, struct past *out,
			struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/" NAME, state);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	*out = (struct past){ 0 };
	if (disk_read_path(path, &text, e) < 0)
		return e->sys == ENOENT ? 0 : -1;
	return read_text(path, places, &text, out, e);
}

int watermark_file_write(const char *state, const struct watermark_places *places,
			 const struct past *p, enum durability durability, struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/" NAME, state);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	past_print(p, places, &text);
	return disk_replace_path(path, 0600, text.data, text.size, durability, e);
}
