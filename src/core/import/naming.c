/* Names: made of the words of FILE, with what a name cannot have replaced. */
#include <stdio.h>
#include <string.h>

#include <zknginx/model.h>

#include "core/text/listen_address.h"
#include "naming.h"

#define NAME_SIZE 64
#define BASE_SIZE 48 /* leaves room for a port and a number */

/* "*.Example.com" → "example.com", "~^www\d+" → "www-d". "" where nothing is left. */
static void clean(const char *s, char out[static NAME_SIZE])
{
	size_t size = 0;

	for (; *s && size < BASE_SIZE - 1; s++) {
		char c = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (letter || (size && (c == '.' || c == '_') && out[size - 1] != '-'))
			out[size++] = c;
		else if (size && out[size - 1] != '-')
			out[size++] = '-';
	}
	while (size && strchr("-._", out[size - 1]))
		size--;
	out[size] = '\0';
}

static const char *word_of(const struct piece *p, const char *directive)
{
	for (size_t i = 0; i < p->body.count; i++) {
		if (conf_is(p->body.items[i], directive))
			return conf_word(p->body.items[i], 1);
	}
	return "";
}

/* "443"; of a Unix socket its path. */
static const char *port_of(struct arena *a, const struct piece *p)
{
	const char *word = word_of(p, "listen");
	struct listen_address address;

	if (!*word || !listen_address_parse(word, strlen(word), 80, &address))
		return *word ? word : "80";
	return address.family == FAMILY_UNIX ? arena_strdup(a, address.host)
					     : arena_printf(a, "%ld", address.first);
}

static const char *base_of(struct arena *a, const struct piece *p)
{
	char name[NAME_SIZE], port[NAME_SIZE];

	if (p->kind == PIECE_UPSTREAM)
		clean(conf_word(p->node, 1), name);
	else if (p->kind == PIECE_DEFINITION)
		clean(p->what, name);
	else
		clean(word_of(p, "server_name"), name);
	if (*name)
		return arena_strdup(a, name);
	clean(port_of(a, p), port);
	return arena_printf(a, "%s-%s", p->protocol == PROTOCOL_STREAM ? "stream" : "default",
			    port);
}

static bool same_namespace(const struct piece *x, const struct piece *y)
{
	return x->kind == y->kind;
}

static size_t count_named(const struct pieces *ps, const struct piece *p, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < ps->count; i++) {
		const struct piece *other = &ps->items[i];

		if (other != p && same_namespace(other, p) && other->name &&
		    strcmp(other->name, name) == 0)
			count++;
	}
	return count;
}

/* Of servers that have one name, each gets its port. */
static void add_ports(struct arena *a, struct pieces *ps)
{
	bool *doubles = arena_array(a, bool, ps->count + 1);
	char port[NAME_SIZE];

	for (size_t i = 0; i < ps->count; i++)
		doubles[i] = ps->items[i].kind == PIECE_SERVER &&
			     count_named(ps, &ps->items[i], ps->items[i].name) > 0;
	for (size_t i = 0; i < ps->count; i++) {
		if (!doubles[i])
			continue;
		clean(port_of(a, &ps->items[i]), port);
		ps->items[i].name = arena_printf(a, "%.48s-%.10s", ps->items[i].name, port);
	}
}

/* What is still there twice is numbered, in the order of FILE. */
static void add_numbers(struct arena *a, struct pieces *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		struct piece *p = &ps->items[i];
		const char *base = p->name;

		for (unsigned n = 2; count_named(&(struct pieces){ ps->items, i, 0 }, p, p->name);
		     n++)
			p->name = arena_printf(a, "%.56s-%u", base, n);
	}
}

static bool has_snippet(const struct pieces *ps, size_t before, const struct piece *p)
{
	for (size_t i = 0; i < before; i++) {
		if (ps->items[i].protocol == p->protocol &&
		    strcmp(ps->items[i].snippet, p->snippet) == 0)
			return true;
	}
	return false;
}

/* Pieces of all kinds share the names of snippets: a server can be called "map-x", too. */
static void name_snippets(struct arena *a, struct pieces *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		struct piece *p = &ps->items[i];
		const char *base = p->kind == PIECE_UPSTREAM
					   ? arena_printf(a, "upstream-%.47s", p->name)
					   : p->name;

		p->snippet = base;
		for (unsigned n = 2; has_snippet(ps, i, p); n++)
			p->snippet = arena_printf(a, "%.56s-%u", base, n);
	}
}

void naming_choose(struct arena *a, struct pieces *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		ps->items[i].name = base_of(a, &ps->items[i]);
	add_ports(a, ps);
	add_numbers(a, ps);
	name_snippets(a, ps);
	/* a typed upstream keeps the name that everything uses */
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->items[i].kind == PIECE_UPSTREAM)
			ps->items[i].name = conf_word(ps->items[i].node, 1);
	}
}
