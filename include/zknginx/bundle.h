/*
 * The bundle: the bytes that nginx reads, one file for each context, and the origin of each line.
 * Immutable after rendering; reference counted.
 */
#ifndef ZKNGINX_BUNDLE_H
#define ZKNGINX_BUNDLE_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/digest.h>

enum bundle_file { BUNDLE_HTTP, BUNDLE_STREAM, BUNDLE_FILE_N };

/* "http.conf", "stream.conf" */
const char *bundle_file_name(enum bundle_file f);

/* The origin of the lines of nginx.probe, which come from no znode. */
#define BUNDLE_PROBE "nginx.probe"

/* Lines from `line` on (until the next origin) were rendered from this znode. */
struct origin {
	unsigned line;
	const char *znode;
	unsigned data; /* from this line on the lines are the lines of the znode's data; 0: they are
			  generated from the data */
};

struct bundle_text {
	char *data;
	size_t size;
	struct origin *origins; /* ascending */
	size_t origin_count;
};

#define BUNDLE_MARKER_SIZE 17

/* What a text is put together from, when it is asked for. */
struct bundle_parts {
	struct buf own; /* the lines that are in no piece … */
	struct origin *origins;
	size_t origin_count, origin_room;
	struct bundle_insert *inserts; /* … and the groups of pieces between them */
	size_t insert_count, insert_room;
	size_t size, piece_origins; /* of the whole text; of all pieces */
};

/* Where the marker is. */
struct bundle_marker {
	bool on;
	enum bundle_file file;
	size_t at; /* in the own lines */
};

struct bundle {
	unsigned refs;
	struct arena *arena; /* znode paths */
	struct bundle_parts parts[BUNDLE_FILE_N];
	struct bundle_text texts[BUNDLE_FILE_N]; /* data NULL: not put together yet */
	struct bundle_marker marker_at;
	bool is_digested; /* digest and marker are known: see bundle_digest() */
	struct digest digest;
	char marker[BUNDLE_MARKER_SIZE];
	/* Of all lines but the servers of upstreams with a zone: while it stays, nginx's lists of
	 * servers can be made those of another bundle without a reload. */
	struct digest rest;
};

struct bundle *bundle_ref(struct bundle *b);
void bundle_unref(struct bundle *b);
DEFINE_CLEANUP(struct bundle *, bundle_unref)

/* Of one file; borrowed. It is put together at the first call. */
const struct bundle_text *bundle_text(const struct bundle *b, enum bundle_file f);
/* Two bundles with the same digest have the same texts. It is made of the digests of their pieces,
 * at the first call; borrowed. */
const struct digest *bundle_digest(const struct bundle *b);
/* Is in the text itself, so that a request to nginx shows what it runs: the first 16 hex digits of
 * the digest. "" without a probe. Borrowed. */
const char *bundle_marker(const struct bundle *b);

/* The znode that a line (from 1) of a file was rendered from, BUNDLE_PROBE, or NULL (shared text).
 */
const char *bundle_origin(const struct bundle *b, enum bundle_file f, unsigned line);

/* The line of the znode's data (from 1) that this line is; 0: it is generated, or has no znode. */
unsigned bundle_data_line(const struct bundle *b, enum bundle_file f, unsigned line);
/*
 * Appends what nginx wrote to `out`. Where it names a line of a file of `live` that is a line of a
 * znode's data, " (line N of the znode)" is inserted.
 */
void bundle_explain(const struct bundle *b, const char *live, const char *text, struct buf *out);

/* Is there anything in this file but comments and white space? */
bool bundle_text_is_empty(const struct bundle_text *t);

/*
 * The lines of one object, with their origins and their digest: immutable and reference counted, so
 * that the next bundle can have them again.
 */
struct bundle_piece;
struct bundle_insert;
struct bundle_piece *bundle_piece_ref(struct bundle_piece *p);
void bundle_piece_unref(struct bundle_piece *p);
/*
 * Pieces that follow one another, with what a bundle has to know of them: so bundles that have the
 * same group have it at the cost of one piece. The digest `rest` of a bundle depends on how its
 * pieces are put in groups, so that has to follow from the pieces alone. Immutable and reference
 * counted; the one that is made has one reference, and keeps one to each piece.
 */
struct bundle_group;
struct bundle_group *bundle_group_new(struct bundle_piece *const *pieces, size_t count);
struct bundle_group *bundle_group_ref(struct bundle_group *g);
void bundle_group_unref(struct bundle_group *g);
size_t bundle_group_count(const struct bundle_group *g);

/* Builds a bundle: append text, mark where znodes begin, finish. */
struct bundle_builder {
	struct arena *arena;
	struct bundle_parts parts[BUNDLE_FILE_N];
	unsigned line[BUNDLE_FILE_N];
	struct bundle_marker marker;
	struct digester *rest;
	bool in_servers; /* lines are no part of the rest */
};
void bundle_builder_init(struct bundle_builder *b);
void bundle_builder_fini(struct bundle_builder *b);
/* From the next line on, text comes from this znode (NULL: from none). */
void bundle_builder_origin(struct bundle_builder *b, enum bundle_file f, const char *znode);
/* … and its lines are those of the znode's data. */
void bundle_builder_data(struct bundle_builder *b, enum bundle_file f);
/* Servers of an upstream with a zone begin, or have ended. */
void bundle_builder_servers(struct bundle_builder *b, bool begin);
/* One whole line, without its line feed. */
void bundle_builder_line(struct bundle_builder *b, enum bundle_file f, const char *text,
			 size_t size);
/* One whole line with the marker between these two texts; at most one in a bundle. */
void bundle_builder_marker(struct bundle_builder *b, enum bundle_file f, const char *before,
			   const char *after);
/* All that was built of this file is a piece (one reference), and the builder is empty again. It
 * must have no marker, and no pieces. */
struct bundle_piece *bundle_builder_cut(struct bundle_builder *b, enum bundle_file f);
/* Appends the group, and keeps a reference. */
void bundle_builder_group(struct bundle_builder *b, enum bundle_file f, struct bundle_group *g);
struct bundle *bundle_builder_finish(struct bundle_builder *b);

#endif
