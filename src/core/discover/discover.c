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
#include "discover_select.h"

#define NAMED_BAD 3 /* how many bad registrations a problem names */

struct found {
	struct endpoint endpoint;
	const struct znode *znode;
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
	size_t total;     /* registrations, good and bad */
	size_t bad, kept; /* registrations that cannot be used; those of them whose last good form
			     stays in force */
	size_t others;    /* registrations of another protocol */
	struct buf names; /* of the first bad ones, each with its reason */
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

static void add_found(struct search *s, const struct znode *z, const struct endpoint *e)
{
	if (s->count == s->room) {
		struct found *more = arena_array(s->arena, struct found, 2 * s->room + 16);

		if (s->count)
			memcpy(more, s->found, s->count * sizeof(*more));
		s->found = more;
		s->room = 2 * s->room + 16;
	}
	s->found[s->count++] = (struct found){ *e, z };
}

static void note_bad(struct search *s, const struct znode *z, const char *why)
{
	if (s->bad++ < NAMED_BAD)
		buf_printf(&s->names, "%s\"%.64s\" %.200s", s->bad > 1 ? "; " : "",
			   path_name(z->path), why);
}

/* Adds the registration when the operator's choices include it; false when it is bad. */
static bool take(struct search *s, const struct znode *z, const char **why)
{
	enum endpoint_result result;
	struct endpoint e;
	enum selection selection;

	result = endpoint_read(&s->reading, z, &e, why);
	if (result != ENDPOINT_READ)
		return result == ENDPOINT_OTHER;
	selection = discover_select(s->arena, s->upstream, s->discover, &e, why);
	if (selection == SELECTED)
		add_found(s, z, &e);
	s->others += selection == SELECT_PROTOCOL;
	return selection != SELECT_BAD;
}

/* Takes the last good form of a registration whose newest form is bad. */
static bool take_accepted(struct search *s, const struct znode *z)
{
	const struct znode *good = tree_find(s->in->accepted, z->path);
	const char *ignored;

	return good && !znode_same(good, z) && take(s, good, &ignored);
}

static void read_registration(struct search *s, const struct znode *z)
{
	const char *why = "";

	s->total++;
	if (take(s, z, &why))
		return;
	note_bad(s, z, why);
	s->kept += take_accepted(s, z);
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
		note_bad(s, f->znode, why);
		return;
	}
	server.source = znode_copy(s->arena, f->znode);
	server.discover = s->discover;
	why = names_add_server(s->in, wanted, &server, out);
	if (why)
		note_bad(s, f->znode, why);
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

	if (s->bad)
		problems_add(problems, d->path, PROBLEM_DISCOVERY, NULL,
			     "upstream \"%s\": %zu of %zu registration%s cannot be used: %s%s",
			     upstream, s->bad, s->total, PLURAL(s->total), buf_str(&s->names),
			     s->bad > NAMED_BAD ? "; …" : "")
			->serving = s->kept == s->bad ? SERVING_PREVIOUS : SERVING_ABSENT;
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
		report(s, problems);
		buf_fini(&s->names);
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
