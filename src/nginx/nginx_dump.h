/*
 * What `nginx -T` writes to standard output, read as it arrives: which files did nginx read, are
 * ours among them, and what is the text of the others? Each file follows a line "# configuration
 * file PATH:".
 */
#ifndef ZKNGINX_NGINX_DUMP_H
#define ZKNGINX_NGINX_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

#include "core/compose/host_claims.h"

enum dump_file { DUMP_HTTP, DUMP_STREAM, DUMP_FILE_N };

/* For all other files together; a file that does not fit is left out. */
#define DUMP_TEXT_MAX ((size_t)4 << 20)

/* The text of a file that is not ours. */
struct dump_text {
	size_t name;        /* its place among the other files */
	size_t start, size; /* in dump.text */
};

struct dump {
	char *headings[DUMP_FILE_N];
	size_t sizes[DUMP_FILE_N]; /* of our files: so many bytes after a heading are text */
	bool found[DUMP_FILE_N];
	struct buf others; /* the paths of the other files, each followed by a line feed */
	size_t other_count;
	struct buf text; /* of those that are kept */
	struct dump_text *texts;
	size_t text_count, text_room;
	bool keeping;    /* the last of texts is being read */
	size_t skip;     /* so many bytes of ours still follow */
	size_t line_at;  /* in text: where the line at hand begins */
	char line[8192]; /* the heading that is being read */
	size_t used;
	bool in_heading, line_ended;
};

/* directory: of http.conf and stream.conf, as nginx.conf writes it; staged: where they lie. */
void dump_init(struct dump *d, const char *directory, const char *staged);
void dump_fini(struct dump *d);
void dump_feed(struct dump *d, const char *bytes, size_t size);
/*
 * At the end of the output: the other files that were kept. Their texts belong to the dump, all
 * else to the arena. names: `others`, with the paths of the host.
 */
struct host_file *dump_files(struct dump *d, struct arena *a, const char *names, size_t *count);

#endif
