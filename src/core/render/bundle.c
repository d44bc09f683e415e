/*
 * The bundle: two texts, and for each an ascending list of origins, one a change of
 * znode and not one a line, so that a look-up is a binary search and a bundle of
 * 100,000 lines is little more than its bytes. The arena owns copies of the paths.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/bundle.h>
#include <zknginx/err.h>

const char *bundle_file_name(enum bundle_file f)
{
	static const char *const names[BUNDLE_FILE_N] = {
		[BUNDLE_HTTP] = "http.conf",
		[BUNDLE_STREAM] = "stream.conf",
	};
	return names[f];
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
		free(b->files[f].data);
		free(b->files[f].origins);
	}
	arena_free(b->arena);
	free(b);
}

/* The last one at or before the line, or NULL. */
static const struct origin *find_origin(const struct bundle *b, enum bundle_file f, unsigned line)
{
	const struct bundle_text *t = &b->files[f];
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
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		buf_fini(&b->text[f]);
		free(b->origins[f]);
	}
	arena_free(b->arena);
	digester_free(b->rest);
	*b = (struct bundle_builder){ 0 };
}

/* The origin that begins with the next line: a new one, or one that got no line yet. */
static struct origin *next_origin(struct bundle_builder *b, enum bundle_file f)
{
	size_t count = b->origin_count[f];

	if (count && b->origins[f][count - 1].line == b->line[f] + 1)
		return &b->origins[f][count - 1];
	if (count == b->origin_room[f]) {
		b->origin_room[f] = count ? 2 * count : 64;
		b->origins[f] = xrealloc(b->origins[f], b->origin_room[f] * sizeof(*b->origins[f]));
	}
	return &b->origins[f][b->origin_count[f]++];
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

void bundle_builder_origin(struct bundle_builder *b, enum bundle_file f, const char *znode)
{
	size_t count = b->origin_count[f];

	if (same(count ? b->origins[f][count - 1].znode : NULL, znode))
		return;
	*next_origin(b, f) = (struct origin){
		.line = b->line[f] + 1,
		.znode = znode ? arena_strdup(b->arena, znode) : NULL,
	};
}

void bundle_builder_data(struct bundle_builder *b, enum bundle_file f)
{
	if (b->origin_count[f])
		b->origins[f][b->origin_count[f] - 1].data = b->line[f] + 1;
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
	buf_put(&b->text[f], text, size);
	buf_putc(&b->text[f], '\n');
	b->line[f]++;
}

static const char PLACEHOLDER[BUNDLE_MARKER_SIZE] = "0000000000000000";

void bundle_builder_marker(struct bundle_builder *b, enum bundle_file f, const char *before,
			   const char *after)
{
	CLEANUP(freep) char *line = xasprintf("%s%s%s", before, PLACEHOLDER, after);

	b->has_marker = true;
	b->marker_file = f;
	b->marker_at = b->text[f].size + strlen(before);
	bundle_builder_line(b, f, line, strlen(line));
}

/* Of the texts as they are now. */
static struct digest digest_texts(const struct bundle_builder *b, struct digest each[BUNDLE_FILE_N])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		each[f] = digest_of(buf_str(&b->text[f]), b->text[f].size);
		digester_add(d, each[f].bytes, DIGEST_SIZE);
	}
	return digester_finish(d);
}

/* The marker is the digest of the text without the marker. The bundle's own digest includes it. */
static void put_marker(struct bundle_builder *b, struct bundle *bundle)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest digest = digest_texts(b, bundle->digests);

	digest_hex(&digest, hex);
	memcpy(bundle->marker, hex, BUNDLE_MARKER_SIZE - 1);
	memcpy(b->text[b->marker_file].data + b->marker_at, hex, BUNDLE_MARKER_SIZE - 1);
}

static struct bundle_text take_text(struct bundle_builder *b, enum bundle_file f)
{
	size_t size = b->text[f].size;

	return (struct bundle_text){
		.data = buf_take(&b->text[f]),
		.size = size,
		.origins = TAKE(b->origins[f]),
		.origin_count = b->origin_count[f],
	};
}

struct bundle *bundle_builder_finish(struct bundle_builder *b)
{
	struct bundle *bundle = xcalloc(1, sizeof(*bundle));

	bundle->refs = 1;
	if (b->has_marker)
		put_marker(b, bundle);
	bundle->digest = digest_texts(b, bundle->digests);
	bundle->rest = digester_finish(b->rest);
	for (int f = 0; f < BUNDLE_FILE_N; f++)
		bundle->files[f] = take_text(b, (enum bundle_file)f);
	bundle->arena = TAKE(b->arena);
	digester_free(b->rest);
	bundle_builder_init(b);
	return bundle;
}
