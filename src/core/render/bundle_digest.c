/*
 * The digest of a bundle's texts, and the marker that is made of it.
 *
 * It is stored on disk and stands in the text, so its definition stays: that of a text is the
 * digest of a list, of the digests of its pieces and of the lines between them. The groups of
 * pieces are no part of it.
 */
#include <stdint.h>
#include <string.h>

#include "bundle_parts.h"

/* Own lines, from one byte to another. */
static void add_lines(struct digester *d, const struct bundle_parts *p, size_t from, size_t to)
{
	struct digest lines;

	if (from == to)
		return;
	lines = digest_of(p->own.data + from, to - from);
	digester_add(d, lines.bytes, DIGEST_SIZE);
}

static struct digest digest_text(const struct bundle_parts *p)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	size_t from = 0;

	for (size_t i = 0; i < p->insert_count; i++) {
		const struct bundle_insert *at = &p->inserts[i];

		add_lines(d, p, from, at->bytes);
		digester_add(d, at->group->digests, at->group->count * DIGEST_SIZE);
		from = at->bytes;
	}
	add_lines(d, p, from, p->own.size);
	return digester_finish(d);
}

static struct digest digest_texts(const struct bundle *b)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		struct digest text = digest_text(&b->parts[f]);

		digester_add(d, text.bytes, DIGEST_SIZE);
	}
	return digester_finish(d);
}

/* The digest is that of the text with zeros in the marker's place. */
static void put_marker(struct bundle *b)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&b->digest, hex);
	memcpy(b->marker, hex, BUNDLE_MARKER_SIZE - 1);
	memcpy(b->parts[b->marker_at.file].own.data + b->marker_at.at, hex, BUNDLE_MARKER_SIZE - 1);
}

/* No part of the value changes: it is found out when it is asked for. */
const struct digest *bundle_digest(const struct bundle *bundle)
{
	struct bundle *b = (struct bundle *)(uintptr_t)bundle;

	if (b->is_digested)
		return &b->digest;
	b->digest = digest_texts(b);
	if (b->marker_at.on)
		put_marker(b);
	b->is_digested = true;
	return &b->digest;
}

const char *bundle_marker(const struct bundle *b)
{
	if (b->marker_at.on)
		bundle_digest(b);
	return b->marker;
}
