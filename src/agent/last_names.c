/*
 * What host names stood for when they were last resolved, across our restarts: STATE/names.json.
 *
 * nginx runs with these addresses. Without them a daemon that starts while the name servers are
 * away would take every server with a host name for lost.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "daemon.h"

struct last_names {
	char *path;
	json_t *known; /* name → list of addresses */
	const struct names *fresh;
	struct names view;
	const char **addresses; /* of the last answer */
	size_t room;
};

static void borrow(struct last_names *l, const json_t *list, struct name *n)
{
	size_t count = json_array_size(list);

	if (count > l->room) {
		l->room = count;
		l->addresses = xrealloc(l->addresses, count * sizeof(*l->addresses));
	}
	for (size_t i = 0; i < count; i++)
		l->addresses[i] = json_string_value(json_array_get(list, i)) ?: "";
	n->addresses = l->addresses;
	n->count = count;
}

static struct name find(void *ctx, const char *name)
{
	struct last_names *l = ctx;
	struct name n = l->fresh->find(l->fresh->ctx, name);

	if (!n.count)
		borrow(l, json_object_get(l->known, name), &n);
	return n;
}

struct last_names *last_names_new(const char *state, const struct names *fresh)
{
	struct last_names *l = xcalloc(1, sizeof(*l));

	l->path = xasprintf("%s/names.json", state);
	l->known = json_load_file(l->path, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(l->known)) {
		json_decref(l->known);
		l->known = json_object();
	}
	l->fresh = fresh;
	l->view = (struct names){ .find = find, .ctx = l };
	return l;
}

void last_names_free(struct last_names *l)
{
	if (!l)
		return;
	json_decref(l->known);
	free(l->addresses);
	free(l->path);
	free(l);
}

const struct names *last_names_view(struct last_names *l)
{
	return &l->view;
}

static void save(const struct last_names *l)
{
	CLEANUP(freep) char *fresh = xasprintf("%s.new", l->path);

	if (json_dump_file(l->known, fresh, JSON_SORT_KEYS | JSON_INDENT(1)) < 0 ||
	    rename(fresh, l->path) < 0)
		log_warning("%s cannot be written; host names are resolved anew after a restart",
			    l->path);
}

void last_names_keep(struct last_names *l, const struct model *m)
{
	json_t *now = json_object();

	for (size_t i = 0; i < m->name_count; i++) {
		struct name n = find(l, m->names[i]);
		json_t *list = json_array();

		for (size_t j = 0; j < n.count; j++)
			json_array_append_new(list, json_string(n.addresses[j]));
		json_object_set_new(now, m->names[i], list);
	}
	if (json_equal(now, l->known)) {
		json_decref(now);
		return;
	}
	json_decref(l->known);
	l->known = now;
	save(l);
}
