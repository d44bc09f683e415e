/*
 * A list is a half of primary and a half of backup servers, as in nginx. What both lists begin and
 * end with is set aside first: usually one server of many differs. Then the new half is walked in
 * its order, and each server is left where it is, changed, moved, or added after the one before it.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "apply.h"
#include "core/render/server_line.h"
#include "core/text/emit.h"

/* --- the lists ------------------------------------------------------------------------------- */

static struct module_server describe(const struct server_line *l)
{
	uint64_t timeout;

	emit_seconds_parse(l->fail_timeout, &timeout);
	return (struct module_server){
		.name = { l->address, strlen(l->address) },
		.weight = (uint32_t)l->weight,
		.max_conns = (uint32_t)l->max_conns,
		.max_fails = (uint32_t)l->max_fails,
		.fail_timeout = (uint32_t)timeout,
		.backup = l->backup,
		.down = l->down,
	};
}

struct module_server *apply_servers(const struct apply_list *list, struct arena *a, size_t *count)
{
	const struct upstream *u = list->upstream;
	size_t total = server_line_count(u), n = 0;
	bool backups = server_line_has_backups(u);
	struct module_server *out = arena_array(a, struct module_server, total);

	for (unsigned half = 0; half < 2; half++) {
		for (size_t i = 0; i < total; i++) {
			struct server_line l = server_line(u, i, backups);

			l.weight = weights_of(list->weights, l.address, l.backup, l.weight);
			if (l.backup == (half != 0))
				out[n++] = describe(&l);
		}
	}
	*count = total;
	for (size_t i = 0; i < total; i++) {
		if (!out[i].name.size || out[i].name.size > MODULE_NAME_MAX)
			return NULL;
	}
	return out;
}

static bool same_name(struct module_text a, struct module_text b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool same_server(const struct module_server *a, const struct module_server *b)
{
	return a->weight == b->weight && a->max_conns == b->max_conns &&
	       a->max_fails == b->max_fails && a->fail_timeout == b->fail_timeout &&
	       a->backup == b->backup && a->down == b->down && same_name(a->name, b->name);
}

/* --- the operations -------------------------------------------------------------------------- */

struct list {
	struct module_server *items;
	size_t first, end; /* what is not set aside */
};

struct work {
	struct list before, after;
	bool *stays; /* of the list before: its name is in the list after */
	struct arena *arena;
	struct apply_upstream *out;
	size_t room;
};

static void set_aside(struct work *w)
{
	struct list *b = &w->before, *a = &w->after;

	while (b->first < b->end && a->first < a->end &&
	       same_server(&b->items[b->first], &a->items[a->first])) {
		b->first++;
		a->first++;
	}
	while (b->end > b->first && a->end > a->first &&
	       same_server(&b->items[b->end - 1], &a->items[a->end - 1])) {
		b->end--;
		a->end--;
	}
}

static int compare_names(struct module_text a, struct module_text b)
{
	int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

struct named {
	struct module_text name;
	size_t index;
};

static int by_name(const void *a, const void *b)
{
	const struct named *one = a, *other = b;

	return compare_names(one->name, other->name);
}

/* The servers that are not set aside, sorted by name. */
static struct named *sort_names(const struct list *l)
{
	struct named *out = xcalloc(l->end - l->first + 1, sizeof(*out));

	for (size_t i = l->first; i < l->end; i++)
		out[i - l->first] = (struct named){ l->items[i].name, i };
	qsort(out, l->end - l->first, sizeof(*out), by_name);
	return out;
}

static void put(struct work *w, enum module_verb verb, const struct module_server *s,
		struct module_text after)
{
	struct apply_upstream *o = w->out;

	o->ops = arena_grow(w->arena, o->ops, o->count, &w->room, sizeof(*o->ops));
	o->ops[o->count++] = (struct module_op){ verb, *s, after };
	if (verb != MODULE_DELETE)
		o->difference += module_server_digest(s);
}

static void forget(struct work *w, const struct module_server *s)
{
	w->out->difference -= module_server_digest(s);
}

/* The server in front of it in its half; the empty text: it is the first. */
static struct module_text predecessor(const struct list *l, size_t index)
{
	if (!index || l->items[index - 1].backup != l->items[index].backup)
		return (struct module_text){ "", 0 };
	return l->items[index - 1].name;
}

/* last: the position in the list before of the last server that was left where it is, and 1. */
static void bring(struct work *w, size_t index, const struct named *was, size_t *last)
{
	const struct module_server *now = &w->after.items[index];
	const struct module_server *old = was ? &w->before.items[was->index] : NULL;

	if (old) {
		w->stays[was->index] = true;
		if (same_server(old, now) && was->index >= *last) {
			*last = was->index + 1;
			return;
		}
		forget(w, old);
	}
	if (old && old->backup == now->backup && was->index >= *last) {
		*last = was->index + 1;
		put(w, MODULE_SET, now, (struct module_text){ "", 0 });
		return;
	}
	if (old)
		put(w, MODULE_DELETE, old, (struct module_text){ "", 0 });
	put(w, MODULE_ADD, now, predecessor(&w->after, index));
}

static void bring_all(struct work *w, const struct named *names)
{
	size_t last = 0, count = w->before.end - w->before.first;

	for (size_t i = w->after.first; i < w->after.end; i++) {
		struct named key = { .name = w->after.items[i].name };

		bring(w, i, bsearch(&key, names, count, sizeof(key), by_name), &last);
	}
}

static void delete_rest(struct work *w)
{
	for (size_t i = w->before.first; i < w->before.end; i++) {
		const struct module_server *s = &w->before.items[i];

		if (w->stays[i])
			continue;
		forget(w, s);
		put(w, MODULE_DELETE, s, (struct module_text){ "", 0 });
	}
}

bool apply_operations(const struct apply_list *before, const struct apply_list *after,
		      struct arena *a, struct apply_upstream *out)
{
	struct work w = { .arena = a, .out = out };
	CLEANUP(freep) struct named *names = NULL;
	CLEANUP(freep) bool *stays = NULL;

	*out = (struct apply_upstream){ .before = before->upstream, .after = after->upstream };
	w.before.items = apply_servers(before, a, &w.before.end);
	w.after.items = apply_servers(after, a, &w.after.end);
	if (!w.before.items || !w.after.items)
		return false;
	stays = xcalloc(w.before.end + 1, sizeof(*stays));
	w.stays = stays;
	set_aside(&w);
	names = sort_names(&w.before);
	bring_all(&w, names);
	delete_rest(&w);
	return true;
}

/* --- the decision ---------------------------------------------------------------------------- */

static bool same_line(const struct server_line *a, const struct server_line *b)
{
	return a->weight == b->weight && a->max_conns == b->max_conns &&
	       a->max_fails == b->max_fails && a->backup == b->backup && a->down == b->down &&
	       strcmp(a->address, b->address) == 0 && strcmp(a->fail_timeout, b->fail_timeout) == 0;
}

static bool same_servers(const struct apply_list *before, const struct apply_list *after)
{
	const struct upstream *a = before->upstream, *b = after->upstream;
	size_t count = server_line_count(a);
	bool a_backups, b_backups;

	if (!weights_same(before->weights, after->weights) || count != server_line_count(b))
		return false;
	if (a == b)
		return true;
	a_backups = server_line_has_backups(a);
	b_backups = server_line_has_backups(b);
	for (size_t i = 0; i < count; i++) {
		struct server_line one = server_line(a, i, a_backups);
		struct server_line other = server_line(b, i, b_backups);

		if (!same_line(&one, &other))
			return false;
	}
	return true;
}

static void reload(struct apply *out, const char *why)
{
	*out = (struct apply){ .way = APPLY_RELOAD, .why = why };
}

const char *apply_why_reload(const struct upstream *u)
{
	if (!upstream_has_zone(u))
		return "it has no zone";
	for (size_t i = 0; i < u->raw.directive_count; i++) {
		if (strncmp(u->raw.directives[i], "server", 6) == 0)
			return "its directives name servers";
	}
	return NULL;
}

/* False: the decision is to reload. */
static bool compare_upstream(const struct apply_list *before, const struct apply_list *after,
			     struct arena *a, size_t *room, struct apply *out)
{
	struct apply_upstream change;

	if (same_servers(before, after))
		return true;
	if (!apply_operations(before, after, a, &change)) {
		reload(out, "the text of a server is too long for the module");
		return false;
	}
	if (!change.count)
		return true;
	out->upstreams = arena_grow(a, out->upstreams, out->count, room, sizeof(*out->upstreams));
	out->upstreams[out->count++] = change;
	return true;
}

static struct apply_list list_of(const struct upstream *u, const struct weights *w)
{
	return (struct apply_list){ u, weights_find(w, u->name) };
}

static void compare_all(const struct apply_side *before, const struct apply_side *after,
			struct arena *a, struct apply *out)
{
	bool weighs = before->weights || after->weights;
	size_t room = 0;

	*out = (struct apply){ .way = APPLY_NOTHING };
	for (size_t i = 0; i < after->model->upstream_count; i++) {
		const struct upstream *was = before->model->upstreams[i];
		const struct upstream *is = after->model->upstreams[i];
		struct apply_list one, other;

		/* one that both models share has not changed */
		if (!weighs && was == is)
			continue;
		one = list_of(was, before->weights);
		other = list_of(is, after->weights);

		if (upstream_has_zone(other.upstream) &&
		    !compare_upstream(&one, &other, a, &room, out))
			return;
	}
	out->way = out->count ? APPLY_SERVERS : APPLY_NOTHING;
}

void apply_decide(const struct apply_side *before, const struct apply_side *after, struct arena *a,
		  struct apply *out)
{
	if (!before->model || !before->rest)
		reload(out, "it is not known what nginx runs");
	else if (!digest_equal(before->rest, after->rest) ||
		 before->model->upstream_count != after->model->upstream_count)
		reload(out, "more than the servers of upstreams with a zone changes");
	else
		compare_all(before, after, a, out);
}

size_t apply_size(const struct apply *a)
{
	size_t size = 0;

	for (size_t i = 0; i < a->count; i++)
		size += a->upstreams[i].count;
	return size;
}

void apply_weights(const struct model *m, const struct weights *before, const struct weights *after,
		   struct arena *a, struct apply *out)
{
	compare_all(&(struct apply_side){ .model = m, .weights = before },
		    &(struct apply_side){ .model = m, .weights = after }, a, out);
}
