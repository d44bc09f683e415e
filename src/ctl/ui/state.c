/* The rows of the page, and what changes between two states. */
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/history/entry_json.h"
#include "ctl/see/fleet_json.h"
#include "ctl/see/upstream_view.h"
#include "state.h"

/* --- sections --------------------------------------------------------------------------------- */

/* Takes the array KEY out of the object; its rows by the texts of these keys of theirs. */
static json_t *take_rows(json_t *object, const char *key, const char *const *names, size_t count)
{
	json_t *rows = json_object(), *row;
	size_t i;

	json_array_foreach(json_object_get(object, key), i, row)
	{
		CLEANUP(buf_fini) struct buf id = BUF_INIT;

		for (size_t k = 0; k < count; k++)
			buf_printf(&id, "%s%s", k ? "\n" : "",
				   json_string_value(json_object_get(row, names[k])) ?: "");
		json_put(rows, buf_str(&id), json_incref(row));
	}
	json_object_del(object, key);
	return rows;
}

static json_t *history_rows(const struct snapshot *s)
{
	json_t *rows = json_object();

	for (size_t i = 0; i < s->entry_count; i++) {
		char key[24];

		snprintf(key, sizeof(key), "%lu", s->entries[i].seq);
		json_put(rows, key, history_entry_json(&s->entries[i]));
	}
	return rows;
}

json_t *state_of_fleet(const struct snapshot *s)
{
	static const char *const host[] = { "host" }, *const alert[] = { "key", "subject" },
				 *const problem[] = { "znode", "kind", "field", "message" };
	json_t *state = json_object(), *fleet = fleet_json(s);

	json_put(state, "hosts", take_rows(fleet, "hosts", host, ARRAY_SIZE(host)));
	json_put(state, "problems", take_rows(fleet, "problems", problem, ARRAY_SIZE(problem)));
	json_put(state, "alerts", take_rows(fleet, "alerts", alert, ARRAY_SIZE(alert)));
	json_put(state, "history", history_rows(s));
	json_put(state, "fleet", fleet);
	return state;
}

json_t *state_of_upstreams(const struct composed *c)
{
	json_t *rows = json_object();
	const char *path;

	for (size_t i = 0; (path = composed_next(c, CONFIG_UPSTREAM, &i));) {
		const char *name = path_name(path);
		const struct upstream *u = model_upstream(c->model, name);

		json_put(rows, name, upstream_json(c, path, u, false));
	}
	return rows;
}

/* --- the difference --------------------------------------------------------------------------- */

static json_t *section_difference(const json_t *old, const json_t *new)
{
	json_t *set = json_object(), *gone = json_array(), *both, *row;
	const char *key;

	json_object_foreach((json_t *)new, key, row)
	{
		if (!json_equal(json_object_get(old, key), row))
			json_put(set, key, json_incref(row));
	}
	json_object_foreach((json_t *)old, key, row)
	{
		if (!json_object_get(new, key))
			json_array_append_new(gone, json_text(key));
	}
	if (!json_object_size(set) && !json_array_size(gone)) {
		json_decref(set);
		json_decref(gone);
		return NULL;
	}
	both = json_object();
	json_put(both, "set", set);
	json_put(both, "gone", gone);
	return both;
}

json_t *state_difference(const json_t *old, const json_t *new)
{
	json_t *all = json_object(), *section;
	const char *name;

	json_object_foreach((json_t *)new, name, section)
	{
		json_t *part = section_difference(json_object_get(old, name), section);

		if (part)
			json_put(all, name, part);
	}
	if (json_object_size(all))
		return all;
	json_decref(all);
	return NULL;
}
