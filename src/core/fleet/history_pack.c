/*
 * What an entry of the history holds: the config's text, compressed. It is written znode by
 * znode, fast rather than small, because the loop waits for it; and read with a bound and
 * checked against the revision that it is to be, because a host is going to serve it.
 */
#include <string.h>
#include <zlib.h>

#include <zknginx/digest.h>
#include <zknginx/history.h>

#include "config_note.h"
#include "core/data/layout.h"
#include "core/text/inflate.h"

#define PIECE 16384

struct tree *history_extract(const struct tree *t, const char *root)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct tree_builder b;
	struct tree *config;

	tree_builder_init(&b);
	for (size_t i = tree_lower_bound(t, root); i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);
		size_t upstream = path_upstream(z->path, root);

		if (!path_relative(z->path, root))
			break;
		if (strcmp(z->path, root) == 0) {
			struct znode bare = config_note_unmarked(a, z);

			tree_builder_add(&b, &bare);
			continue;
		}
		if (!upstream || !z->path[upstream] || !z->owner)
			tree_builder_add(&b, z);
	}
	config = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return config;
}

struct packing {
	z_stream z;
	size_t size; /* of the text */
	struct buf *out;
};

/* Takes up all of the bytes; with Z_FINISH, to the end. */
static void deflate_bytes(struct packing *p, const char *bytes, size_t size, int flush)
{
	unsigned char piece[PIECE];

	p->z.next_in = (z_const Bytef *)(uintptr_t)bytes;
	p->z.avail_in = (uInt)size;
	do {
		p->z.next_out = piece;
		p->z.avail_out = sizeof(piece);
		if (deflate(&p->z, flush) == Z_STREAM_ERROR)
			die("history: deflate failed");
		buf_put(p->out, piece, sizeof(piece) - p->z.avail_out);
	} while (p->z.avail_out == 0);
}

static int pack_part(void *ctx, const char *bytes, size_t size, struct err *e UNUSED)
{
	struct packing *p = ctx;

	p->size += size;
	deflate_bytes(p, bytes, size, Z_NO_FLUSH);
	return 0;
}

size_t history_pack(const struct tree *config, struct buf *out)
{
	struct packing p = { .out = out };

	if (deflateInit(&p.z, Z_BEST_SPEED) != Z_OK)
		die("history: no memory to compress");
	tree_print_parts(config, pack_part, &p, NULL);
	deflate_bytes(&p, "", 0, Z_FINISH);
	deflateEnd(&p.z);
	return p.size;
}

/* Whoever stored it had the same root, and the same config below it. */
static int check(const struct tree *t, const char *root, const char *revision, struct err *e)
{
	struct digest digest = tree_revision(t, root);
	char hex[DIGEST_HEX_SIZE];

	for (size_t i = 0; i < tree_count(t); i++) {
		if (!path_relative(tree_at(t, i)->path, root))
			return err_set(e, ERR_INPUT, "it holds %s, which is not in %s",
				       tree_at(t, i)->path, root);
	}
	digest_hex(&digest, hex);
	if (strcmp(hex, revision) != 0)
		return err_set(e, ERR_INPUT, "it holds revision %.12s, and not %.12s", hex,
			       revision);
	return 0;
}

int history_unpack(const char *data, size_t size, const char *root, const char *revision,
		   struct tree **out, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *why = inflate_bytes(data, size, HISTORY_UNPACKED_MAX, &text);

	if (why)
		return err_set(e, ERR_INPUT, "it %s", why);
	if (tree_parse(buf_str(&text), text.size, "its text", &t, e) < 0 ||
	    check(t, root, revision, e) < 0)
		return -1;
	*out = TAKE(t);
	return 0;
}
