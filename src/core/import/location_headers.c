/* The headers of the requests that a location passes on. */
#include <string.h>
#include <strings.h>

#include "core/text/json_text.h"
#include "location_draft.h"

/* What a typed location sets where it has no request_headers; nginx: what nginx itself does, NULL
 * where it sends on what the client sent. */
static const struct {
	const char *name, *typed, *nginx;
} DEFAULTS[] = {
	{ "Connection", "", "close" },
	{ "Host", "$host", "$proxy_host" },
	{ "X-Real-IP", "$remote_addr", NULL },
	{ "X-Forwarded-For", "$proxy_add_x_forwarded_for", NULL },
	{ "X-Forwarded-Proto", "$scheme", NULL },
};

/* The proxy_set_header in force with this header; NULL: there is none. */
static const struct conf_node *find_header(const struct scope *s, const char *name)
{
	struct in_force f = scope_find(s, "proxy_set_header");

	for (const struct conf_node *n = f.first; n; n = scope_next(s, &f, n)) {
		if (strcasecmp(conf_word(n, 1), name) == 0)
			return n;
	}
	return NULL;
}

static bool is_map_row(const struct conf_node *n, const char *from, const char *to)
{
	return n->count == 2 && !n->block && strcmp(conf_word(n, 0), from) == 0 &&
	       strcmp(conf_word(n, 1), to) == 0;
}

/* map $http_upgrade VARIABLE { default upgrade; '' ''; }, as a typed WebSocket location has it */
static bool is_upgrade_map(const struct conf_node *map, const char *variable)
{
	if (!conf_is(map, "map") || map->count != 3 || map->child_count != 2 ||
	    strcmp(conf_word(map, 1), "$http_upgrade") != 0 ||
	    strcmp(conf_word(map, 2), variable) != 0)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (is_map_row(map->children[i], "default", "upgrade") &&
		    is_map_row(map->children[1 - i], "", ""))
			return true;
	}
	return false;
}

static bool is_websocket(const struct location_draft *d)
{
	const struct conf_node *upgrade = find_header(d->scope, "Upgrade");
	const struct conf_node *connection = find_header(d->scope, "Connection");
	const struct conf_list *around = d->scope->levels[LEVEL_AROUND];

	if (!upgrade || !connection || strcmp(conf_word(upgrade, 2), "$http_upgrade") != 0)
		return false;
	for (size_t i = 0; i < around->count; i++) {
		if (is_upgrade_map(around->items[i], conf_word(connection, 2)))
			return true;
	}
	return false;
}

static const char *default_value(const char *name, bool websocket)
{
	if (websocket && (strcasecmp(name, "Upgrade") == 0 || strcasecmp(name, "Connection") == 0))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULTS); i++) {
		if (strcasecmp(DEFAULTS[i].name, name) == 0)
			return DEFAULTS[i].typed;
	}
	return NULL;
}

static bool put_header(struct location_draft *d, json_t *headers, const struct conf_node *n,
		       bool websocket)
{
	const char *name = conf_word(n, 1), *value = conf_word(n, 2), *typed;

	if (n->count != 3)
		return location_no_field(d, n);
	if (find_header(d->scope, name) != n)
		return why_set(d->in->arena, d->why, n, "\"%.80s\" is set twice", name);
	if (websocket && (strcasecmp(name, "Upgrade") == 0 || strcasecmp(name, "Connection") == 0))
		return true;
	typed = default_value(name, websocket);
	if (!typed || strcmp(typed, value) != 0)
		json_put_text(headers, name, value);
	return true;
}

/* The headers that a typed location sets, and this one does not. */
static bool put_unset(struct location_draft *d, json_t *headers)
{
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULTS); i++) {
		const char *name = DEFAULTS[i].name;

		if (find_header(d->scope, name))
			continue;
		if (!DEFAULTS[i].nginx)
			return why_set(
				d->in->arena, d->why, d->node,
				"it sends on the client's own %s, and a typed location sets it: "
				"add \"proxy_set_header %s %s;\" to have it typed",
				name, name, DEFAULTS[i].typed);
		json_put_text(headers, name, DEFAULTS[i].nginx);
	}
	return true;
}

bool location_put_headers(struct location_draft *d)
{
	struct in_force f = scope_find(d->scope, "proxy_set_header");
	bool websocket = is_websocket(d), ok = true;
	json_t *headers = json_object();

	for (const struct conf_node *n = f.first; ok && n; n = scope_next(d->scope, &f, n))
		ok = put_header(d, headers, n, websocket);
	ok = ok && put_unset(d, headers);
	if (websocket)
		json_put(d->json, "websocket", json_true());
	location_put_inner(d->json, "request_headers", headers);
	return ok;
}
