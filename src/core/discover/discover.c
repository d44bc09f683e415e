/*
 * Discover: reads the registrations of one path after the other, then chooses once for the whole
 * upstream whether it uses TLS, then makes the servers.
 *
 * The context znodes of the registrations (weights, overrides) are kept in the struct discover, so
 * that the accepted tree can be read again in the same way.
 */
#include <stdlib.h>
#include <string.h>

#include "core/endpoint/endpoint_format.h"
#include "discover_foreign.h"
#include "discover_notes.h"
#include "discover_select.h"

#define FOREIGN_MAX 64 /* how many foreign children are told */

struct found {
	struct endpoint endpoint;
	const struct znode *znode;
	size_t part;
};

/* One path of one upstream under way. */
struct search {
	const struct decode_input *in;
	struct arena *arena; /* the model's */
	struct upstream *upstream;
	struct discover *discover;
	struct endpoint_reading reading;
	struct found *found;
	size_t count, room;
	size_t total;               /* registrations, good and bad */
	struct notes bad;           /* registrations that cannot be used … */
	size_t kept;                /* … and those of them whose last good form stays in force */
	struct notes left_out;      /* registrations that give no server: bad or not */
	size_t others;              /* registrations of another protocol */
	const struct znode *source; /* of the last server: one reference for all of a znode */
};

static bool is_child(const char *path, const char *parent)
{
	return path_is_below(path, parent) && !strchr(path + strlen(parent) + 1, '/');
}

/* --- context ------------------------------------------------------------------------- */

static void add_context(struct search *s, const struct znode *z, size_t *room)
{
	struct discover *d = s->discover;

	if (d->context_count == *room) {
		struct znode *more = arena_array(s->arena, struct znode, 2 * *room + 8);

		if (d->context_count)
			memcpy(more, d->context, d->context_count * sizeof(*more));
		d->context = more;
		*room = 2 * *room + 8;
	}
	d->context[d->context_count++] = znode_copy(s->arena, z);
}

/* Znodes at or directly below a place; `only` picks among registrations. */
static void gather(struct search *s, const struct endpoint_place *place, size_t *room)
{
	const struct tree *t = s->in->tree;
	size_t i = tree_lower_bound(t, place->path);

	for (; i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);
		bool self = strcmp(z->path, place->path) == 0;

		if (!self && !path_is_below(z->path, place->path))
			break;
		if (self ? place->depth > 0 : !is_child(z->path, place->path))
			continue;
		if (place->context || endpoint_is_context(s->discover->chosen, z))
			add_context(s, z, room);
	}
}

static void gather_all(struct search *s, const struct endpoint_place *places, size_t count)
{
	size_t room = 0;

	for (size_t i = 0; i < count; i++) {
		if (places[i].context || s->discover->chosen->prefix)
			gather(s, &places[i], &room);
	}
}

/* --- registrations -------------------------------------------------------------------------- */

static void add_found(struct search *s, const struct znode *z, size_t part,
		      const struct endpoint *e)
{
	if (s->count == s->room) {
		struct found *more = arena_array(s->arena, struct found, 2 * s->room + 16);

		if (s->count)
			memcpy(more, s->found, s->count * sizeof(*more));
		s->found = more;
		s->room = 2 * s->room + 16;
	}
	s->found[s->count++] = (struct found){ *e, z, part };
}

static void note_bad(struct search *s, const struct znode *z, size_t part, const char *why)
{
	notes_add(&s->bad, s->arena, z, part, why);
	notes_add(&s->left_out, s->arena, z, part, why);
}

static void note_foreign(struct search *s, const struct znode *z, const char *why)
{
	struct discover *d = s->discover;

	if (!d->foreign)
		d->foreign = arena_array(s->arena, const char *, FOREIGN_MAX);
	if (d->foreign_count < FOREIGN_MAX)
		d->foreign[d->foreign_count++] =
			arena_printf(s->arena, "\"%.64s\" %.200s", path_name(z->path), why);
}

static void note_selection(struct search *s, const struct znode *z, size_t part,
			   const struct endpoint *e, enum selection selection)
{
	const char *why = "";

	s->others += selection == SELECT_PROTOCOL;
	if (notes_want(&s->left_out, z, part))
		why = discover_why_not(s->arena, s->discover, e, selection);
	notes_add(&s->left_out, s->arena, z, part, why);
}

/* Adds a registration that was read when the operator's choices include it; false when it is bad.
 */
static bool take(struct search *s, const struct znode *z, size_t part, struct endpoint *e,
		 const char **why)
{
	enum selection selection = discover_select(s->arena, s->upstream, s->discover, e, why);

	if (selection == SELECTED)
		add_found(s, z, part, e);
	else if (selection != SELECT_BAD)
		note_selection(s, z, part, e, selection);
	return selection != SELECT_BAD;
}

/* The last good form of a znode whose newest form is bad. */
static const struct znode *accepted_form(const struct search *s, const struct znode *z)
{
	const struct znode *good = tree_find(s->in->accepted, z->path);

	return good && !znode_same(good, z) ? good : NULL;
}

/* Takes the last good form of a bad registration: the one with the same index, or all of them in
 * place of a znode that can no longer be taken apart. */
static bool take_accepted(struct search *s, const struct znode *z, size_t index, size_t count)
{
	const struct znode *good = accepted_form(s, z);
	struct endpoint_parts parts = { 0 };
	struct endpoint e;
	const char *why;
	bool taken = false;

	if (good)
		endpoint_split(&s->reading, good, &parts);
	for (size_t i = 0; i < parts.count; i++) {
		if ((i == index || count == 1) &&
		    endpoint_read(&s->reading, &parts.items[i], &e, &why) == ENDPOINT_READ)
			taken = take(s, good, i, &e, &why) || taken;
	}
	return taken;
}

/* Was it a registration when nginx last accepted it? Then it is a broken one now. */
static bool was_registration(struct search *s, const struct znode *z)
{
	const struct znode *good = accepted_form(s, z);
	struct endpoint_parts parts;
	struct endpoint e;
	const char *why;

	if (!good)
		return false;
	endpoint_split(&s->reading, good, &parts);
	return endpoint_read(&s->reading, &parts.items[0], &e, &why) == ENDPOINT_READ;
}

/* `part` is number `i` of `count` registrations in z. */
static void read_part(struct search *s, const struct znode *z, const struct znode *part, size_t i,
		      size_t count)
{
	struct endpoint e;
	const char *why = "";
	enum endpoint_result result = endpoint_read(&s->reading, part, &e, &why);
	bool foreign =
		result == ENDPOINT_OTHER || (result == ENDPOINT_BAD && foreign_is_well_known(z));

	if (foreign && !was_registration(s, z)) {
		note_foreign(s, z, why);
		return;
	}
	s->total++;
	if (result == ENDPOINT_READ && take(s, z, i, &e, &why))
		return;
	note_bad(s, z, i, why);
	s->kept += take_accepted(s, z, i, count);
}

static void read_registration(struct search *s, const struct znode *z)
{
	struct endpoint_parts parts;

	if (foreign_is_ignored(s->discover, z))
		return;
	endpoint_split(&s->reading, z, &parts);
	for (size_t i = 0; i < parts.count; i++)
		read_part(s, z, &parts.items[i], i, parts.count);
}

static void read_place(struct search *s, const char *path)
{
	const struct tree *t = s->in->tree;
	size_t i = tree_lower_bound(t, path);

	for (; i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);

		if (is_child(z->path, path)) {
			if (!endpoint_is_context(s->discover->chosen, z))
				read_registration(s, z);
		} else if (!path_is_within(z->path, path)) {
			break;
		}
	}
}

static void search(struct search *s)
{
	struct endpoint_place places[ENDPOINT_PLACES];
	struct discover *d = s->discover;
	size_t count;

	d->protocol = s->upstream->protocol;
	d->chosen = d->format ? d->format : endpoint_sniff(s->in->tree, d->path);
	if (!d->chosen)
		return;
	count = endpoint_places(d->chosen, s->arena, d->path, places);
	gather_all(s, places, count);
	endpoint_begin(&s->reading, s->arena, d->chosen, d, d->context, d->context_count);
	read_place(s, places[0].path);
}

/* --- servers -------------------------------------------------------------------------------- */

static void add_server(struct search *s, const struct found *f, struct server_list *out,
		       struct name_list *wanted)
{
	const char *why = NULL;
	struct server server;

	if (!discover_server(s->arena, s->upstream, &f->endpoint, s->upstream->tls, &server,
			     &why)) {
		note_bad(s, f->znode, f->part, why);
		return;
	}
	if (!s->source || strcmp(s->source->path, f->znode->path) != 0)
		s->source = znode_keep_in(s->arena, f->znode);
	server.source = s->source;
	server.part = f->part;
	server.discover = s->discover;
	why = names_add_server(s->in, wanted, &server, out);
	if (why)
		note_bad(s, f->znode, f->part, why);
}

static bool has_children(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	if (i < tree_count(t) && strcmp(tree_at(t, i)->path, path) == 0)
		i++;
	return i < tree_count(t) && path_is_below(tree_at(t, i)->path, path);
}

static void report(const struct search *s, struct problems *problems)
{
	const char *upstream = s->upstream->name;
	const struct discover *d = s->discover;

	if (s->bad.count)
		problems_add(problems, d->path, PROBLEM_DISCOVERY, NULL,
			     "upstream \"%s\": %zu of %zu registration%s cannot be used: %s",
			     upstream, s->bad.count, s->total, PLURAL(s->total),
			     notes_text(&s->bad, s->arena))
			->serving = s->kept == s->bad.count ? SERVING_PREVIOUS : SERVING_ABSENT;
	if (s->others && !s->count)
		problems_add(problems, d->path, PROBLEM_DISCOVERY, NULL,
			     "upstream \"%s\": none of the registrations (%zu) speaks HTTP: name a "
			     "protocol in \"endpoint\", or set \"protocol\" of the upstream to "
			     "\"stream\"",
			     upstream, s->others);
	if (!d->chosen && has_children(s->in->tree, d->path))
		problems_add(problems, d->path, PROBLEM_DISCOVERY, NULL,
			     "upstream \"%s\": the format of the registrations is not recognised: "
			     "name it in \"format\"",
			     upstream);
}

/* TLS for all servers or for none. The upstream's own child znodes cannot have TLS. */
static bool choose_tls(const struct upstream *u, const struct search *searches, bool has_own)
{
	size_t count = 0;

	if (!u->discover_count || u->discovers[0].tls == TLS_NEVER)
		return false;
	if (u->discovers[0].tls == TLS_ONLY)
		return true;
	for (size_t i = 0; i < u->discover_count; i++) {
		for (size_t j = 0; j < searches[i].count; j++, count++) {
			if (!searches[i].found[j].endpoint.tls_port)
				return false;
		}
	}
	return count && !has_own;
}

void discover_servers(const struct decode_input *in, struct upstream *u, struct server_list *out,
		      struct name_list *wanted, struct problems *problems)
{
	struct search *searches = arena_array(out->arena, struct search, u->discover_count);

	for (size_t i = 0; i < u->discover_count; i++) {
		searches[i].in = in;
		searches[i].arena = out->arena;
		searches[i].upstream = u;
		searches[i].discover = &u->discovers[i];
		search(&searches[i]);
	}
	u->tls = choose_tls(u, searches, out->count > 0);
	for (size_t i = 0; i < u->discover_count; i++) {
		struct search *s = &searches[i];

		for (size_t j = 0; j < s->count; j++)
			add_server(s, &s->found[j], out, wanted);
		s->discover->left_out = s->left_out.count;
		s->discover->left_out_why = notes_text(&s->left_out, s->arena);
		report(s, problems);
	}
}

/* "at /s: \"a\" is down; …" */
static void explain(const struct discover *d, struct buf *out)
{
	if (d->left_out_why)
		buf_printf(out, "left out at %s (%zu): %s", d->path, d->left_out, d->left_out_why);
	else if (!d->foreign_count)
		buf_printf(out, "%s at %s",
			   d->chosen ? "nothing is registered" : "no registration is recognised",
			   d->path);
	else
		buf_printf(out, "at %s there are only other znodes: ", d->path);
	for (size_t i = 0; !d->left_out_why && i < d->foreign_count && i <= NOTES_NAMED; i++)
		buf_printf(out, "%s%s", i ? "; " : "", i < NOTES_NAMED ? d->foreign[i] : "…");
}

void discover_explain(const struct upstream *u, struct buf *out)
{
	for (size_t i = 0; i < u->discover_count; i++) {
		if (i)
			buf_puts(out, "; ");
		explain(&u->discovers[i], out);
	}
}

struct discover *discover_find(const struct upstream *u, const char *key)
{
	for (size_t i = 0; i < u->discover_count; i++) {
		if (strcmp(u->discovers[i].key, key) == 0)
			return &u->discovers[i];
	}
	return NULL;
}
