/* The limit of a location: a zone that counts for it alone. */
#include <stdlib.h>
#include <string.h>

#include "core/text/json_text.h"
#include "location_draft.h"

static bool uses_zone(const struct conf_node *n, const char *parameter)
{
	for (size_t i = 1; i < n->count; i++) {
		if (strcmp(conf_word(n, i), parameter) == 0)
			return true;
	}
	return false;
}

/* How many limit_req there are with this zone; a typed location's limit counts for itself. */
static size_t count_uses(struct arena *a, const struct conf_list *list, const char *parameter)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct conf_node *n = list->items[i];
		struct conf_list inner;

		count += conf_is(n, "limit_req") && uses_zone(n, parameter);
		if (!n->block)
			continue;
		inner = conf_statements(a, n);
		count += count_uses(a, &inner, parameter);
	}
	return count;
}

/* limit_req_zone $binary_remote_addr zone=NAME:10m rate=RATE: the rate; NULL: it is another one. */
static const char *zone_rate(const struct location_draft *d, const char *zone)
{
	const struct conf_list *around = d->scope->levels[LEVEL_AROUND];
	const char *wanted = arena_printf(d->in->arena, "%s:10m", zone);

	for (size_t i = 0; i < around->count; i++) {
		const struct conf_node *n = around->items[i];

		if (conf_is(n, "limit_req_zone") && n->count == 4 &&
		    strcmp(conf_word(n, 1), "$binary_remote_addr") == 0 &&
		    strcmp(conf_word(n, 2), wanted) == 0 &&
		    strncmp(conf_word(n, 3), "rate=", 5) == 0)
			return conf_word(n, 3) + 5;
	}
	return NULL;
}

/* "burst=10" of the parameter `name`: its number; false: it is another parameter. */
static bool put_count(json_t *limit, const char *word, const char *name)
{
	size_t size = strlen(name);
	const char *digits = word + size + 1;

	if (strncmp(word, name, size) != 0 || word[size] != '=' || !*digits ||
	    strlen(digits) >= 9 || strspn(digits, "0123456789") != strlen(digits))
		return false;
	json_put(limit, name, json_integer(strtol(digits, NULL, 10)));
	return true;
}

/* A delay that nginx would not heed has no field. */
static bool delay_counts(const json_t *limit)
{
	const json_t *delay = json_object_get(limit, "delay");
	json_int_t burst = json_integer_value(json_object_get(limit, "burst"));

	return !delay || (!json_object_get(limit, "nodelay") && json_integer_value(delay) > 0 &&
			  json_integer_value(delay) < burst);
}

static bool put_burst(struct location_draft *d, const struct conf_node *n, json_t *limit)
{
	for (size_t i = 2; i < n->count; i++) {
		const char *w = conf_word(n, i);

		if (strcmp(w, "nodelay") == 0)
			json_put(limit, "nodelay", json_true());
		else if (!put_count(limit, w, "burst") && !put_count(limit, w, "delay"))
			return location_no_field(d, n);
	}
	return delay_counts(limit) || location_no_field(d, n);
}

bool location_put_limit(struct location_draft *d)
{
	struct in_force f = scope_find(d->scope, "limit_req");
	const char *zone = conf_word(f.first ?: d->node, 1), *rate;
	json_t *limit;

	if (f.level > LEVEL_SERVER) {
		struct in_force status = scope_find(d->scope, "limit_req_status");

		return !f.count || !location_has(&status) || location_no_field(d, status.first);
	}
	rate = f.first && f.count == 1 && strncmp(zone, "zone=", 5) == 0 ? zone_rate(d, zone)
									 : NULL;
	if (!rate || count_uses(d->in->arena, d->scope->levels[LEVEL_AROUND], zone) != 1)
		return location_refuse(
			d, f.first,
			"a typed limit counts by $binary_remote_addr, in a zone of 10m, for "
			"one location alone");
	if (strcmp(scope_value(d->scope, "limit_req_status", "503"), "429") != 0)
		return location_refuse(
			d, f.first,
			"a typed limit answers 429: add \"limit_req_status 429;\" to have it "
			"typed");
	limit = json_object();
	json_put(d->json, "limit", limit);
	json_put_text(limit, "rate", rate);
	return put_burst(d, f.first, limit);
}
