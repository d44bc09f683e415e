/*
 * A configuration may be many megabytes, and only lines that begin with '#' can be headings: the
 * search is for that byte, not for lines. Kept are the current line, the names, and the text of the
 * host's own files.
 *
 * A comment may look like a heading. The text of our files comes from znodes, so it is skipped by
 * its size and never searched. In a file of the host, such a comment ends the file as far as this
 * reader knows, and the rest of it is ignored.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/err.h>

#include "nginx_dump.h"

#define PREFIX "# configuration file "
#define OTHERS_MAX ((size_t)1 << 22) /* bytes of names: far beyond any host */

static const char *const file_names[DUMP_FILE_N] = {
	[DUMP_HTTP] = "http.conf",
	[DUMP_STREAM] = "stream.conf",
};

static size_t size_of(const char *directory, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, name);
	struct stat st;

	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

void dump_init(struct dump *d, const char *directory, const char *staged)
{
	*d = (struct dump){ .line_ended = true };
	for (size_t i = 0; i < DUMP_FILE_N; i++) {
		d->headings[i] = xasprintf(PREFIX "%s/%s:", directory, file_names[i]);
		d->sizes[i] = size_of(staged, file_names[i]);
	}
}

void dump_fini(struct dump *d)
{
	for (size_t i = 0; i < DUMP_FILE_N; i++)
		free(d->headings[i]);
	free(d->texts);
	buf_fini(&d->others);
	buf_fini(&d->text);
}

/* --- text ------------------------------------------------------------------------------------- */

static void cut(struct dump *d, size_t size)
{
	d->text.size = size;
	if (d->text.data)
		d->text.data[size] = '\0';
}

/* nginx adds a line feed of its own after each file. */
static void end_text(struct dump *d, size_t end)
{
	struct dump_text *t;

	if (!d->keeping)
		return;
	t = &d->texts[d->text_count - 1];
	if (end > t->start && d->text.data[end - 1] == '\n')
		end--;
	cut(d, end);
	t->size = end - t->start;
	d->keeping = false;
}

static void begin_text(struct dump *d)
{
	if (d->text_count == d->text_room) {
		d->text_room = d->text_room ? 2 * d->text_room : 16;
		d->texts = xrealloc(d->texts, d->text_room * sizeof(*d->texts));
	}
	d->texts[d->text_count++] = (struct dump_text){
		.name = d->other_count,
		.start = d->text.size,
	};
	d->keeping = true;
}

static void put_text(struct dump *d, const char *bytes, size_t size)
{
	if (!d->keeping)
		return;
	if (size <= DUMP_TEXT_MAX - d->text.size) {
		buf_put(&d->text, bytes, size);
		return;
	}
	d->keeping = false;
	d->text_count--;
	cut(d, d->texts[d->text_count].start);
}

/* Line n of a list. */
static const char *line_of(struct arena *a, const char *list, size_t n)
{
	while (n--)
		list += strcspn(list, "\n") + 1;
	return arena_copy(a, list, strcspn(list, "\n"));
}

struct host_file *dump_files(struct dump *d, struct arena *a, const char *names, size_t *count)
{
	struct host_file *files = arena_array(a, struct host_file, d->text_count);

	end_text(d, d->text.size);
	for (size_t i = 0; i < d->text_count; i++) {
		files[i].path = line_of(a, names, d->texts[i].name);
		files[i].text = buf_str(&d->text) + d->texts[i].start;
		files[i].size = d->texts[i].size;
	}
	*count = d->text_count;
	return files;
}

/* --- headings --------------------------------------------------------------------------------- */

static void take_other(struct dump *d)
{
	size_t start = strlen(PREFIX);

	if (d->used <= start + 1 || strncmp(d->line, PREFIX "/", start + 1) != 0 ||
	    d->line[d->used - 1] != ':' || d->others.size > OTHERS_MAX)
		return;
	end_text(d, d->line_at);
	buf_put(&d->others, d->line + start, d->used - start - 1);
	buf_putc(&d->others, '\n');
	begin_text(d);
	d->other_count++;
	d->line_at = SIZE_MAX;
}

static void take_ours(struct dump *d, enum dump_file f)
{
	if (d->found[f])
		return;
	end_text(d, d->line_at);
	d->found[f] = true;
	d->skip = d->sizes[f] + 1; /* with the line feed of the heading */
}

static void take_heading(struct dump *d)
{
	bool is_ours = false;

	d->line[d->used] = '\0';
	for (enum dump_file f = 0; f < DUMP_FILE_N; f++) {
		if (strcmp(d->line, d->headings[f]) != 0)
			continue;
		take_ours(d, f);
		is_ours = true;
	}
	if (!is_ours)
		take_other(d);
	d->in_heading = false;
	d->used = 0;
}

/* Up to the end of the line, or of the bytes. A line that is too long is not a heading of ours. */
static size_t read_heading(struct dump *d, const char *bytes, size_t size)
{
	const char *end = memchr(bytes, '\n', size);
	size_t part = end ? (size_t)(end - bytes) : size;
	size_t room = sizeof(d->line) - 1 - d->used;

	memcpy(d->line + d->used, bytes, part < room ? part : room);
	d->used += part < room ? part : room;
	put_text(d, bytes, part);
	if (end)
		take_heading(d);
	return part;
}

/* The line feed that ends a heading does not belong to the text of the file. */
static void put_rest(struct dump *d, const char *bytes, size_t size)
{
	if (size && d->line_at == SIZE_MAX) {
		d->line_at = 0;
		bytes++;
		size--;
	}
	put_text(d, bytes, size);
}

/* The next '#' that begins a line. */
static size_t find_heading(struct dump *d, const char *bytes, size_t size)
{
	const char *at = memchr(bytes, '#', size);
	size_t part = at ? (size_t)(at - bytes) : size;

	if (at)
		d->in_heading = at > bytes ? at[-1] == '\n' : d->line_ended;
	if (at && !d->in_heading)
		part++;
	put_rest(d, bytes, part);
	if (d->in_heading)
		d->line_at = d->text.size;
	return part;
}

static size_t skip_ours(struct dump *d, size_t size)
{
	size_t part = size < d->skip ? size : d->skip;

	d->skip -= part;
	return part;
}

void dump_feed(struct dump *d, const char *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t left = size - at;
		size_t step = d->skip         ? skip_ours(d, left)
			      : d->in_heading ? read_heading(d, bytes + at, left)
					      : find_heading(d, bytes + at, left);

		at += step;
		if (at > 0)
			d->line_ended = bytes[at - 1] == '\n';
	}
}
