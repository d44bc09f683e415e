/* Reading nginx's own text for what it claims: a snippet, or nginx.conf with what it includes. */
#ifndef ZKNGINX_CORE_CLAIMS_TEXT_H
#define ZKNGINX_CORE_CLAIMS_TEXT_H

#include "claims.h"

#define TEXT_DEPTH 32

enum text_block {
	BLOCK_MAIN,
	BLOCK_HTTP,
	BLOCK_STREAM,
	BLOCK_SERVER,
	BLOCK_UPSTREAM,
	BLOCK_DATA,        /* values, not directives */
	BLOCK_DEFINITIONS, /* each line defines a variable, and is no directive */
	BLOCK_OTHER
};

struct text_reader {
	struct claims *claims;
	const char *file; /* NULL: a text without a name */
	/* `include` in any block; NULL: not followed. */
	void (*include)(struct text_reader *r, const char *pattern);
	void *ctx;
	enum text_block blocks[TEXT_DEPTH];
	size_t depth; /* the innermost is blocks[depth - 1] */
	enum protocol protocol;
	/* The server block that is being read. */
	struct claimed_listen *listens;
	size_t listen_count, listen_room;
	const char **names;
	size_t name_count, name_room;
	struct claim_place server;
	bool ssl_on;
	const char *upstream; /* the name of the one that is being read */
};

void text_reader_init(struct text_reader *r, struct claims *claims, enum text_block context);
/* May be called from `include`. False: the text is not valid; the claims up to there are kept. */
bool text_reader_read(struct text_reader *r, const char *text, size_t size);

#endif
