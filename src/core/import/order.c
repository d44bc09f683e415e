/*
 * Default servers are marked in the statements themselves (struct conf_change), so that the mark is
 * in what is printed, wherever that is: a typed site, a snippet or nginx.conf.
 */
#include <stdio.h>
#include <string.h>

#include "core/text/listen_address.h"
#include "order.h"

struct address {
	char text[LISTEN_ADDRESS_SIZE + 8];
	struct piece *first;
	struct conf_node *listen; /* of the first; NULL: it has none, and so listens on port 80 */
	size_t servers;
	bool said; /* one of them has default_server */
};

struct addresses {
	struct arena *arena;
	struct address *items;
	size_t count, room;
};

static bool has_word(const struct conf_node *n, const char *word)
{
	for (size_t i = 2; i < n->count; i++) {
		if (strcmp(conf_word(n, i), word) == 0)
			return true;
	}
	return false;
}

static struct address *address_for(struct addresses *all, const char *text)
{
	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(all->items[i].text, text) == 0)
			return &all->items[i];
	}
	all->items =
		arena_grow(all->arena, all->items, all->count, &all->room, sizeof(*all->items));
	all->items[all->count] = (struct address){ 0 };
	snprintf(all->items[all->count].text, sizeof(all->items[0].text), "%s", text);
	return &all->items[all->count++];
}

static void add(struct addresses *all, struct piece *p, struct conf_node *listen, const char *text)
{
	struct address *a = address_for(all, text);

	if (!a->servers++) {
		a->first = p;
		a->listen = listen;
	}
	a->said |= listen && (has_word(listen, "default_server") || has_word(listen, "default"));
}

/* QUIC has sockets of its own, with a default server of their own. A range of ports is left alone:
 * the mark would be for all of them. */
static void add_listen(struct addresses *all, struct piece *p, struct conf_node *n)
{
	const char *word = conf_word(n, 1);
	struct listen_address address;
	char text[LISTEN_ADDRESS_SIZE], full[LISTEN_ADDRESS_SIZE + 8];

	if (!listen_address_parse(word, strlen(word), 80, &address) ||
	    address.first != address.last)
		return;
	listen_address_print(&address, address.first, text);
	snprintf(full, sizeof(full), "%s%s", has_word(n, "quic") ? "quic " : "", text);
	add(all, p, n, full);
}

static void add_server(struct addresses *all, struct piece *p)
{
	bool any = false;

	for (size_t i = 0; i < p->body.count; i++) {
		if (!conf_is(p->body.items[i], "listen") || p->body.items[i]->block)
			continue;
		any = true;
		add_listen(all, p, p->body.items[i]);
	}
	if (!any)
		add(all, p, NULL, "*:80");
}

void order_mark_defaults(struct arena *a, struct pieces *ps)
{
	struct addresses all = { .arena = a };

	for (size_t i = 0; i < ps->count; i++) {
		if (ps->items[i].kind == PIECE_SERVER && ps->items[i].protocol == PROTOCOL_HTTP)
			add_server(&all, &ps->items[i]);
	}
	for (size_t i = 0; i < all.count; i++) {
		const struct address *first = &all.items[i];

		if (first->said || first->servers < 2)
			continue;
		if (first->listen)
			first->listen->change.added = " default_server";
		else
			first->first->node->change.added = "listen 80 default_server;\n";
	}
}

static bool has_regex(const struct piece *p)
{
	for (size_t i = 0; i < p->body.count; i++) {
		const struct conf_node *n = p->body.items[i];

		for (size_t j = 1; j < n->count && conf_is(n, "server_name"); j++) {
			if (conf_word(n, j)[0] == '~')
				return true;
		}
	}
	return false;
}

void order_join_regexes(struct pieces *ps)
{
	struct piece *leader = NULL;

	for (size_t i = 0; i < ps->count; i++) {
		struct piece *p = &ps->items[i];

		if (p->kind != PIECE_SERVER || p->protocol != PROTOCOL_HTTP || !has_regex(p))
			continue;
		if (leader)
			p->leader = leader;
		else
			leader = p;
	}
}
