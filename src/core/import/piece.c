/* Pieces: which statements can move, and what they are called in messages. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/data/layout.h"
#include "piece.h"

bool why_set(struct arena *a, struct why *why, const struct conf_node *at, const char *fmt, ...)
{
	va_list args;

	if (why->text)
		return false;
	va_start(args, fmt);
	why->text = arena_vprintf(a, fmt, args);
	va_end(args);
	why->at = at;
	return false;
}

const char *why_text(struct arena *a, const struct why *why)
{
	if (!why->text || !why->at)
		return why->text;
	return arena_printf(a, "%s:%u: %s", why->at->file->path, why->at->line, why->text);
}

static const struct {
	const char *name;
	enum piece_kind kind;
	bool block;
} KINDS[] = {
	{ "upstream", PIECE_UPSTREAM, true },
	{ "server", PIECE_SERVER, true },
	{ "map", PIECE_DEFINITION, true },
	{ "geo", PIECE_DEFINITION, true },
	{ "split_clients", PIECE_DEFINITION, true },
	{ "limit_req_zone", PIECE_DEFINITION, false },
	{ "limit_conn_zone", PIECE_DEFINITION, false },
};

static bool kind_of(const struct conf_node *n, enum piece_kind *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		if (conf_is(n, KINDS[i].name) && n->block == KINDS[i].block) {
			*kind = KINDS[i].kind;
			return true;
		}
	}
	return false;
}

/* The first server name, or the first listen: what an operator calls the server. */
static const char *server_called(const struct conf_list *body)
{
	static const char *const names[] = { "server_name", "listen" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t j = 0; j < body->count; j++) {
			if (conf_is(body->items[j], names[i]) && *conf_word(body->items[j], 1))
				return conf_word(body->items[j], 1);
		}
	}
	return "";
}

static const char *called(const struct piece *p)
{
	if (p->kind == PIECE_SERVER)
		return server_called(&p->body);
	return conf_word(p->node, conf_is(p->node, "map") || conf_is(p->node, "split_clients") ||
						  strstr(conf_word(p->node, 0), "_zone") ||
						  p->node->count > 2
					  ? 2
					  : 1);
}

void pieces_collect(struct arena *a, const struct conf_list *around, enum protocol protocol,
		    struct pieces *out)
{
	for (size_t i = 0; i < around->count; i++) {
		struct piece p = { .node = around->items[i],
				   .around = around,
				   .protocol = protocol };

		if (!kind_of(p.node, &p.kind))
			continue;
		p.body = conf_statements(a, p.node);
		p.what =
			arena_printf(a, "%s%s %.100s", protocol == PROTOCOL_STREAM ? "stream " : "",
				     conf_word(p.node, 0), called(&p));
		out->items = arena_grow(a, out->items, out->count, &out->room, sizeof(p));
		out->items[out->count++] = p;
	}
}

const struct piece *pieces_upstream(const struct pieces *ps, enum protocol protocol,
				    const char *name)
{
	for (size_t i = 0; i < ps->count; i++) {
		const struct piece *p = &ps->items[i];

		if (p->kind == PIECE_UPSTREAM && p->protocol == protocol &&
		    p->fate == IMPORT_TYPED && strcmp(conf_word(p->node, 1), name) == 0)
			return p;
	}
	return NULL;
}

static bool is_of(const struct piece *p, const struct config_place *place)
{
	static const enum config_kind snippets[2] = {
		[PROTOCOL_HTTP] = CONFIG_HTTP_SNIPPET, [PROTOCOL_STREAM] = CONFIG_STREAM_SNIPPET
	};
	enum config_kind kind = p->kind == PIECE_UPSTREAM ? CONFIG_UPSTREAM : CONFIG_SITE;
	const char *name = p->fate == IMPORT_TYPED ? p->name : p->snippet;

	if (p->fate == IMPORT_STAYS || p->leader)
		return false;
	if (p->fate == IMPORT_SNIPPET)
		kind = snippets[p->protocol];
	return place->kind == kind && strlen(name) == place->name_size &&
	       memcmp(name, place->name, place->name_size) == 0;
}

struct piece *pieces_of_znode(struct pieces *ps, const char *znode, const char *root)
{
	struct config_place place = config_place(znode, root);

	for (size_t i = 0; i < ps->count; i++) {
		if (is_of(&ps->items[i], &place))
			return &ps->items[i];
	}
	return NULL;
}
