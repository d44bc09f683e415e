/*
 * What `nginx -T` writes to standard output, read as it passes: which files did nginx
 * read, are ours among them, and what do the others hold? Each is introduced by
 * "# configuration file PATH:".
 */
#ifndef ZKNGINX_NGINX_DUMP_H
#define ZKNGINX_NGINX_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

#include "core/compose/host_claims.h"

enum dump_file { DUMP_HTTP, DUMP_STREAM, DUMP_FILE_N };

/* Of all other files together; one that does not fit is not kept. */
#define DUMP_TEXT_MAX ((size_t)4 << 20)

/* The text of a file that is not ours. */
struct dump_text {
	size_t name;        /* its place among the other files */
	size_t start, size; /* in dump.text */
};

struct dump {
	char *headings[DUMP_FILE_N];
	size_t sizes[DUMP_FILE_N]; /* of our files: so much behind a heading is text */
	bool found[DUMP_FILE_N];
	struct buf others; /* the paths of the other files, each with a line feed behind it */
	size_t other_count;
	struct buf text; /* of those that are kept */
	struct dump_text *texts;
	size_t text_count, text_room;
	bool keeping;    /* the last of texts is being read */
	size_t skip;     /* bytes of ours that are still to come */
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
 * That was all: the other files that were kept. Their texts are the dump's, everything else is the
 * arena's. names: `others`, in the words of the host.
 */
struct host_file *dump_files(struct dump *d, struct arena *a, const char *names, size_t *count);

#endif
