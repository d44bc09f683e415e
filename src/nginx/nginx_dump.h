/*
 * What `nginx -T` writes to standard output, read as it passes: which files did nginx
 * read, and are ours among them? Each is introduced by "# configuration file PATH:".
 */
#ifndef ZKNGINX_NGINX_DUMP_H
#define ZKNGINX_NGINX_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/buf.h>

enum dump_file { DUMP_HTTP, DUMP_STREAM, DUMP_FILE_N };

struct dump {
	char *headings[DUMP_FILE_N];
	bool found[DUMP_FILE_N];
	struct buf others; /* the paths of the other files, each with a line feed behind it */
	char line[8192];   /* the heading that is being read */
	size_t used;
	bool in_heading, line_ended;
};

/* directory: of http.conf and stream.conf, as nginx.conf writes it. */
void dump_init(struct dump *d, const char *directory);
void dump_fini(struct dump *d);
void dump_feed(struct dump *d, const char *bytes, size_t size);

#endif
