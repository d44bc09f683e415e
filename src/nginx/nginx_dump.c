/*
 * A configuration may be many megabytes, and of it only the lines that begin with '#'
 * can matter: the search is for that byte, not for lines. Nothing is kept but the
 * line at hand, and names.
 *
 * A comment in one of the files may look like a heading: whoever uses the names must
 * not mind one that is none.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "nginx_dump.h"

#define PREFIX "# configuration file "
#define OTHERS_MAX ((size_t)1 << 22) /* bytes of names: far beyond any host */

static const char *const file_names[DUMP_FILE_N] = {
	[DUMP_HTTP] = "http.conf",
	[DUMP_STREAM] = "stream.conf",
};

void dump_init(struct dump *d, const char *directory)
{
	*d = (struct dump){ .line_ended = true };
	for (size_t i = 0; i < DUMP_FILE_N; i++)
		d->headings[i] = xasprintf(PREFIX "%s/%s:", directory, file_names[i]);
}

void dump_fini(struct dump *d)
{
	for (size_t i = 0; i < DUMP_FILE_N; i++)
		free(d->headings[i]);
	buf_fini(&d->others);
}

static void take_other(struct dump *d)
{
	size_t start = strlen(PREFIX);

	if (d->used <= start + 1 || strncmp(d->line, PREFIX "/", start + 1) != 0 ||
	    d->line[d->used - 1] != ':' || d->others.size > OTHERS_MAX)
		return;
	buf_put(&d->others, d->line + start, d->used - start - 1);
	buf_putc(&d->others, '\n');
}

static void take_heading(struct dump *d)
{
	bool is_ours = false;

	d->line[d->used] = '\0';
	for (size_t i = 0; i < DUMP_FILE_N; i++) {
		bool ours = strcmp(d->line, d->headings[i]) == 0;

		d->found[i] = d->found[i] || ours;
		is_ours = is_ours || ours;
	}
	if (!is_ours)
		take_other(d);
	d->in_heading = false;
	d->used = 0;
}

/* Up to the end of the line, or of the bytes. Too long a line is no heading of ours. */
static size_t read_heading(struct dump *d, const char *bytes, size_t size)
{
	const char *end = memchr(bytes, '\n', size);
	size_t part = end ? (size_t)(end - bytes) : size;
	size_t room = sizeof(d->line) - 1 - d->used;

	memcpy(d->line + d->used, bytes, part < room ? part : room);
	d->used += part < room ? part : room;
	if (end)
		take_heading(d);
	return part;
}

/* The next '#' that begins a line. */
static size_t find_heading(struct dump *d, const char *bytes, size_t size)
{
	const char *at = memchr(bytes, '#', size);

	if (!at)
		return size;
	d->in_heading = at > bytes ? at[-1] == '\n' : d->line_ended;
	return (size_t)(at - bytes) + (d->in_heading ? 0 : 1);
}

void dump_feed(struct dump *d, const char *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t step = d->in_heading ? read_heading(d, bytes + at, size - at)
					    : find_heading(d, bytes + at, size - at);

		at += step;
		if (at > 0)
			d->line_ended = bytes[at - 1] == '\n';
	}
}
