/*
 * A piece: one block of FILE (or one directive that defines a zone) that can move to ZooKeeper, and
 * what becomes of it.
 */
#ifndef ZKNGINX_CORE_IMPORT_PIECE_H
#define ZKNGINX_CORE_IMPORT_PIECE_H

#include "conf.h"

enum piece_kind {
	PIECE_UPSTREAM,
	PIECE_SERVER,
	PIECE_DEFINITION /* map, geo, split_clients, limit_req_zone, limit_conn_zone */
};

/* A sentence about a statement: why something is not possible. */
struct why {
	const struct conf_node *at; /* NULL: about the piece as a whole */
	const char *text;           /* NULL: there is no reason */
};

/* A server of a typed upstream. */
struct piece_server {
	const char *address;
	const char *params; /* "weight=5 backup" */
};

struct piece {
	enum piece_kind kind;
	enum protocol protocol;
	struct conf_node *node;
	struct conf_list body;          /* its statements */
	const struct conf_list *around; /* those of http{} or stream{} */
	struct piece *leader;   /* its snippet has the text of this piece, too; NULL: its own has */
	const char *what;       /* "server shop.example.com" */
	const char *name;       /* of the znode as a typed object … */
	const char *snippet;    /* … and as a snippet */
	enum import_fate floor; /* the least that was found to be possible */
	enum import_fate fate;
	const char *json; /* typed */
	struct piece_server *servers;
	size_t server_count;
	struct why untyped, stays;
};

/* Always false, so that `return why_set(…)` reads as one step; the first reason stays. */
bool why_set(struct arena *a, struct why *why, const struct conf_node *at, const char *fmt, ...)
	PRINTF(4, 5);
/* "FILE:LINE: TEXT" */
const char *why_text(struct arena *a, const struct why *why);

struct pieces {
	struct piece *items;
	size_t count, room;
};

/* The pieces of http{} and of stream{}, in the order of FILE. */
void pieces_collect(struct arena *a, const struct conf_list *around, enum protocol protocol,
		    struct pieces *out);
/* The first typed upstream of this name; NULL: there is none. */
const struct piece *pieces_upstream(const struct pieces *ps, enum protocol protocol,
				    const char *name);
/* The piece that became this znode, or one above it; NULL: none did. */
struct piece *pieces_of_znode(struct pieces *ps, const char *znode, const char *root);

#endif
