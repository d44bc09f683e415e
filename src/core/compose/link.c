/*
 * Link: references and clashes.
 *
 * Sites are placed one by one: those whose claims (a name on a listening address)
 * are live already come first, so that a newcomer cannot take a name from a site
 * that serves it; then the others by name; last those that are only retained. A
 * site that does not fit is tried in its last good form, then taken out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_FUNCTION HASH_FNV /* the default one falls through its switches */
#include <uthash.h>

#include <zknginx/err.h>
#include <zknginx/link.h>
#include <zknginx/retain.h>

#undef uthash_fatal
#define uthash_fatal(message) die("uthash: %s", message)

/* One server_name on one listening address; the key is "ADDRESS NAME". */
struct claim {
	const char *key;
	const struct site *owner;
	UT_hash_handle hh;
};

struct linker {
	struct model *next;
	const struct model *good;
	const struct policy *policy;
	struct problems *problems;
	struct claim *claims; /* of the sites placed so far */
	struct claim *live;   /* of the last good sites */
	bool *dropped;        /* a site's index → is it out? */
};

/* --- claims --------------------------------------------------------------------------------- */

/* "80", "*:80" and "0.0.0.0:80" are one address to nginx. */
static const char *plain_address(const char *address)
{
	if (strncmp(address, "*:", 2) == 0)
		return address + 2;
	if (strncmp(address, "0.0.0.0:", 8) == 0)
		return address + 8;
	return address;
}

typedef bool claim_visit(struct linker *l, const struct site *s, const char *key);

static bool visit_address(struct linker *l, const struct site *s, const char *address,
			  claim_visit *visit)
{
	const char *protocol = s->protocol == PROTOCOL_STREAM ? "stream" : "http";
	struct arena *a = l->next->arena;

	address = plain_address(address);
	if (s->protocol == PROTOCOL_STREAM || s->server_name_count == 0)
		return visit(l, s, arena_printf(a, "%s:%s ", protocol, address));
	for (size_t i = 0; i < s->server_name_count; i++) {
		if (!visit(l, s,
			   arena_printf(a, "%s:%s %s", protocol, address, s->server_names[i])))
			return false;
	}
	return true;
}

/* Where the redirect to TLS listens if the site has no plain listen: port 80 of the same address.
 */
static const char *redirect_address(struct linker *l, const char *address)
{
	const char *colon = strrchr(address, ':');

	if (!colon)
		return "80";
	return arena_printf(l->next->arena, "%.*s:80", (int)(colon - address), address);
}

static bool visit_listen(struct linker *l, const struct site *s, const struct listen *listen,
			 claim_visit *visit)
{
	struct arena *a = l->next->arena;

	if (!visit_address(l, s, listen->address, visit))
		return false;
	return !strstr(listen->options, "default_server") ||
	       visit(l, s, arena_printf(a, "default:%s", plain_address(listen->address)));
}

/* Visit every claim of a site until `visit` says false. */
static bool visit_claims(struct linker *l, const struct site *s, claim_visit *visit)
{
	bool plain = false;

	for (size_t i = 0; i < s->listen_count; i++) {
		plain = plain || !s->listens[i].ssl;
		if (!visit_listen(l, s, &s->listens[i], visit))
			return false;
	}
	for (size_t i = 0; s->redirect_http && !plain && i < s->listen_count; i++) {
		if (!visit_address(l, s, redirect_address(l, s->listens[i].address), visit))
			return false;
	}
	return true;
}

static bool is_free(struct linker *l, const struct site *s, const char *key)
{
	struct claim *c = NULL;

	HASH_FIND_STR(l->claims, key, c);
	return !c || c->owner == s;
}

static bool report_taken(struct linker *l, const struct site *s, const char *key)
{
	struct claim *c = NULL;
	int address = (int)strcspn(key, " ");
	const char *name = key[address] ? key + address + 1 : "";

	HASH_FIND_STR(l->claims, key, c);
	if (!c || c->owner == s)
		return true;
	if (strncmp(key, "default:", 8) == 0)
		problems_add(l->problems, s->source.path, PROBLEM_FIELD, "listen",
			     "default_server on %s is already taken by %s", key + 8,
			     c->owner->source.path);
	else if (*name)
		problems_add(l->problems, s->source.path, PROBLEM_FIELD, "server_names",
			     "\"%s\" on %.*s is already taken by %s", name, address, key,
			     c->owner->source.path);
	else
		problems_add(l->problems, s->source.path, PROBLEM_FIELD, "listen",
			     "%.*s is already taken by %s", address, key, c->owner->source.path);
	return false;
}

static void add_claim(struct linker *l, struct claim **table, const struct site *s, const char *key)
{
	struct claim *c = NULL;

	HASH_FIND_STR(*table, key, c);
	if (c)
		return;
	c = arena_new_of(l->next->arena, struct claim);
	c->key = key;
	c->owner = s;
	HASH_ADD_KEYPTR(hh, *table, c->key, strlen(c->key), c);
}

static bool take(struct linker *l, const struct site *s, const char *key)
{
	add_claim(l, &l->claims, s, key);
	return true;
}

static bool take_live(struct linker *l, const struct site *s, const char *key)
{
	add_claim(l, &l->live, s, key);
	return true;
}

static bool is_live(struct linker *l, const struct site *s, const char *key)
{
	struct claim *c = NULL;

	HASH_FIND_STR(l->live, key, c);
	return c && strcmp(c->owner->name, s->name) == 0;
}

/* --- references ----------------------------------------------------------------------------- */

/* Is the upstream there, if need be brought back from the last good model? */
static bool refer(struct linker *l, const struct znode *from, const char *field, const char *name,
		  enum protocol protocol, bool report)
{
	const struct upstream *u = model_upstream(l->next, name);
	bool deleted = !u && retain_upstream(l->next, l->good, name);

	if (deleted)
		u = model_upstream(l->next, name);
	if (deleted && report)
		problems_add(
			l->problems, from->path, PROBLEM_FIELD, field,
			"upstream \"%s\" was deleted but is still used here: its last good form "
			"is served on",
			name)
			->serving = SERVING_PREVIOUS;
	if (u && u->protocol == protocol)
		return true;
	if (report)
		problems_add(l->problems, from->path, PROBLEM_FIELD, field,
			     u ? "upstream \"%s\" has the other protocol (http or stream)"
			       : "upstream \"%s\" does not exist",
			     name);
	return false;
}

static bool references_hold(struct linker *l, const struct site *s, bool report)
{
	char field[64];
	bool ok = true;

	if (s->protocol == PROTOCOL_STREAM)
		return refer(l, &s->source, "proxy", s->proxy, PROTOCOL_STREAM, report);
	for (size_t i = 0; i < s->location_count; i++) {
		if (s->locations[i].kind != LOCATION_PROXY)
			continue;
		snprintf(field, sizeof(field), "locations[%zu].proxy", i);
		ok = refer(l, &s->source, field, s->locations[i].proxy, PROTOCOL_HTTP, report) &&
		     ok;
	}
	return ok;
}

/* What a snippet names may also be defined in nginx.conf: only what was deleted is ours to mend. */
static void keep_upstreams_of_snippets(struct linker *l)
{
	for (size_t i = 0; i < l->next->snippet_count; i++) {
		const struct snippet *s = &l->next->snippets[i];

		for (size_t j = 0; j < s->upstream_count; j++) {
			if (!model_upstream(l->next, s->upstreams[j]) &&
			    model_upstream(l->good, s->upstreams[j]))
				refer(l, &s->source, NULL, s->upstreams[j], s->context, true);
		}
	}
}

/* --- placing -------------------------------------------------------------------------------- */

static bool fits(struct linker *l, const struct site *s, bool report)
{
	bool ok = references_hold(l, s, report && !s->retained);

	return visit_claims(l, s, report && !s->retained ? report_taken : is_free) && ok;
}

static void set_serving(struct linker *l, size_t first, enum serving serving)
{
	for (size_t i = first; i < l->problems->count; i++)
		l->problems->items[i].serving = serving;
}

static void place(struct linker *l, size_t i)
{
	struct site *s = &l->next->sites[i];
	size_t first = l->problems->count;

	if (fits(l, s, true)) {
		visit_claims(l, s, take);
		return;
	}
	if (!s->retained && retain_site(l->next, i, l->good, l->policy) && fits(l, s, false)) {
		visit_claims(l, s, take);
		set_serving(l, first, SERVING_PREVIOUS);
		return;
	}
	set_serving(l, first, SERVING_ABSENT);
	l->dropped[i] = true;
}

/* 0: all that it claims is its own already; 1: it claims something new; 2: only retained. */
static int rank(struct linker *l, const struct site *s)
{
	if (s->retained)
		return 2;
	return visit_claims(l, s, is_live) ? 0 : 1;
}

static void drop_sites(struct linker *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->next->site_count; i++) {
		if (!l->dropped[i])
			l->next->sites[kept++] = l->next->sites[i];
	}
	l->next->site_count = kept;
}

static void place_sites(struct linker *l)
{
	size_t count = l->next->site_count;
	int *ranks = arena_array(l->next->arena, int, count);

	for (size_t i = 0; i < l->good->site_count; i++)
		visit_claims(l, &l->good->sites[i], take_live);
	for (size_t i = 0; i < count; i++)
		ranks[i] = rank(l, &l->next->sites[i]);
	for (int r = 0; r <= 2; r++) {
		for (size_t i = 0; i < count; i++) {
			if (ranks[i] == r)
				place(l, i);
		}
	}
	drop_sites(l);
}

void link_model(struct model *next, const struct model *good, const struct policy *policy,
		struct problems *problems)
{
	struct linker l = {
		.next = next,
		.good = good,
		.policy = policy,
		.problems = problems,
		.dropped = arena_array(next->arena, bool, next->site_count),
	};

	place_sites(&l);
	keep_upstreams_of_snippets(&l);
	HASH_CLEAR(hh, l.claims);
	HASH_CLEAR(hh, l.live);
}
