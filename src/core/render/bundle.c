/*
 * The bundle: two texts, and for each an ascending list of origins, one a change of
 * znode and not one a line, so that a look-up is a binary search and a bundle of
 * 100,000 lines is little more than its bytes. The arena owns copies of the paths, or the pieces
 * that have them.
 *
 * The digest of all lines but servers is made of the digests of groups of pieces, and of the lines
 * between them. So a bundle in which one piece is new costs the digests of that piece and of its
 * group. The bytes themselves, and their digest (bundle_digest.c), are put together when they are
 * asked for: what nginx gets without a reload needs neither.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "bundle_parts.h"

const char *bundle_file_name(enum bundle_file f)
{
	static const char *const names[BUNDLE_FILE_N] = {
		[BUNDLE_HTTP] = "http.conf",
		[BUNDLE_STREAM] = "stream.conf",
	};
	return names[f];
}

/* No part of the value changes: it is only written in another way. */
const struct bundle_text *bundle_text(const struct bundle *bundle, enum bundle_file f)
{
	struct bundle *b = (struct bundle *)(uintptr_t)bundle;

	if (b->texts[f].data)
		return &b->texts[f];
	if (b->marker_at.on)
		bundle_digest(b); /* puts the marker in */
	b->texts[f] = bundle_parts_text(&b->parts[f]);
	return &b->texts[f];
}

struct bundle *bundle_ref(struct bundle *b)
{
	b->refs++;
	return b;
}

void bundle_unref(struct bundle *b)
{
	if (!b || --b->refs)
		return;
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		bundle_parts_fini(&b->parts[f]);
		free(b->texts[f].data);
		free(b->texts[f].origins);
	}
	arena_free(b->arena);
	free(b);
}

/* The last one at or before the line, or NULL. */
static const struct origin *find_origin(const struct bundle *b, enum bundle_file f, unsigned line)
{
	const struct bundle_text *t = bundle_text(b, f);
	size_t low = 0, high = t->origin_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->origins[middle].line <= line)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &t->origins[low - 1] : NULL;
}

const char *bundle_origin(const struct bundle *b, enum bundle_file f, unsigned line)
{
	const struct origin *o = find_origin(b, f, line);

	return o ? o->znode : NULL;
}

unsigned bundle_data_line(const struct bundle *b, enum bundle_file f, unsigned line)
{
	const struct origin *o = find_origin(b, f, line);

	return o && o->data && line >= o->data ? line - o->data + 1 : 0;
}

bool bundle_text_is_empty(const struct bundle_text *t)
{
	const char *at = t->data, *end = t->data + t->size;

	while (at < end) {
		if (*at == '#') {
			const char *feed = memchr(at, '\n', (size_t)(end - at));

			if (!feed)
				return true;
			at = feed;
		} else if (!strchr(" \t\r\n", *at) || !*at) {
			return false;
		}
		at++;
	}
	return true;
}

void bundle_builder_init(struct bundle_builder *b)
{
	*b = (struct bundle_builder){ .arena = arena_new(), .rest = digester_new() };
}

void bundle_builder_fini(struct bundle_builder *b)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++)
		bundle_parts_fini(&b->parts[f]);
	arena_free(b->arena);
	digester_free(b->rest);
	*b = (struct bundle_builder){ 0 };
}

/* The origin that begins with the next line: a new one, or one that got no line yet. */
static struct origin *next_origin(struct bundle_builder *b, enum bundle_file f)
{
	struct bundle_parts *p = &b->parts[f];

	if (p->origin_count && p->origins[p->origin_count - 1].line == b->line[f] + 1)
		return &p->origins[p->origin_count - 1];
	return bundle_parts_origin(p);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

void bundle_builder_origin(struct bundle_builder *b, enum bundle_file f, const char *znode)
{
	if (same(bundle_parts_last(&b->parts[f]), znode))
		return;
	*next_origin(b, f) = (struct origin){
		.line = b->line[f] + 1,
		.znode = znode ? arena_strdup(b->arena, znode) : NULL,
	};
}

void bundle_builder_data(struct bundle_builder *b, enum bundle_file f)
{
	struct bundle_parts *p = &b->parts[f];

	if (p->origin_count)
		p->origins[p->origin_count - 1].data = b->line[f] + 1;
}

void bundle_builder_servers(struct bundle_builder *b, bool begin)
{
	b->in_servers = begin;
}

/* The file is part of it: the same line in the other file is another text. */
static void add_to_rest(struct bundle_builder *b, enum bundle_file f, const char *text, size_t size)
{
	const char end[] = { '\n', (char)('0' + f) };

	digester_add(b->rest, text, size);
	digester_add(b->rest, end, sizeof(end));
}

void bundle_builder_line(struct bundle_builder *b, enum bundle_file f, const char *text,
			 size_t size)
{
	if (!b->in_servers)
		add_to_rest(b, f, text, size);
	buf_put(&b->parts[f].own, text, size);
	buf_putc(&b->parts[f].own, '\n');
	b->parts[f].size += size + 1;
	b->line[f]++;
}

static const char PLACEHOLDER[BUNDLE_MARKER_SIZE] = "0000000000000000";

void bundle_builder_marker(struct bundle_builder *b, enum bundle_file f, const char *before,
			   const char *after)
{
	CLEANUP(freep) char *line = xasprintf("%s%s%s", before, PLACEHOLDER, after);

	b->marker = (struct bundle_marker){ true, f, b->parts[f].own.size + strlen(before) };
	bundle_builder_line(b, f, line, strlen(line));
}

/* --- the whole -------------------------------------------------------------------------------- */

struct bundle_piece *bundle_builder_cut(struct bundle_builder *b, enum bundle_file f)
{
	struct bundle_piece *p = xcalloc(1, sizeof(*p));
	struct bundle_parts *parts = &b->parts[f];

	*p = (struct bundle_piece){
		.refs = 1,
		.lines = b->line[f],
		.digest = digest_of(buf_str(&parts->own), parts->own.size),
		.rest = digester_finish(b->rest),
		.arena = TAKE(b->arena),
		.origin_count = parts->origin_count,
	};
	buf_put(&p->text, buf_str(&parts->own), parts->own.size);
	p->origins = xmalloc((p->origin_count + 1) * sizeof(*p->origins));
	if (p->origin_count)
		memcpy(p->origins, parts->origins, p->origin_count * sizeof(*p->origins));
	bundle_builder_fini(b);
	bundle_builder_init(b);
	return p;
}

void bundle_builder_group(struct bundle_builder *b, enum bundle_file f, struct bundle_group *g)
{
	digester_add(b->rest, g->rest.bytes, DIGEST_SIZE);
	bundle_parts_insert(&b->parts[f], g, b->line[f]);
	b->line[f] += g->lines;
}

struct bundle *bundle_builder_finish(struct bundle_builder *b)
{
	struct bundle *bundle = xcalloc(1, sizeof(*bundle));

	bundle->refs = 1;
	bundle->marker_at = b->marker;
	bundle->rest = digester_finish(b->rest);
	memcpy(bundle->parts, b->parts, sizeof(bundle->parts));
	memset(b->parts, 0, sizeof(b->parts));
	bundle->arena = TAKE(b->arena);
	digester_free(b->rest);
	bundle_builder_init(b);
	return bundle;
}
