/*
 * json: any JSON object. The upstream's `keys` say which member holds what.
 *
 * A key is a path: "host", "meta.weight", "endpoints.0". A member whose name has dots is found as
 * well, because at each step the whole rest of the key is tried as one name first. `url` may name
 * an array: the first URL with the scheme that is the upstream's `endpoint` is taken; without
 * `endpoint`, the first one of HTTP.
 */
#include <stdlib.h>
#include <strings.h>

#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_text.h"

/* The member before the first dot; *rest is what follows the dot. */
static const json_t *step(const json_t *j, const char *key, const char **rest)
{
	size_t size = strcspn(key, ".");
	char name[128];

	if (size >= sizeof(name))
		return NULL;
	memcpy(name, key, size);
	name[size] = '\0';
	*rest = key[size] ? key + size + 1 : key + size;
	if (json_is_array(j) && size && strspn(name, "0123456789") == size)
		return json_array_get(j, strtoul(name, NULL, 10));
	return json_object_get(j, name);
}

static const json_t *find(const json_t *j, const char *key)
{
	while (key && *key && j) {
		const json_t *whole = json_object_get(j, key);

		if (whole)
			return whole;
		j = step(j, key, &key);
	}
	return key ? j : NULL;
}

static bool fits(const struct registration *r, const struct url *u)
{
	const char *wanted = r->discover->endpoint;

	return wanted ? strcasecmp(u->scheme, wanted) == 0 : endpoint_scheme_is_http(u->scheme);
}

/* Go-kratos announces TLS by a parameter. */
static void read_query(struct registration *r, struct url *u)
{
	struct endpoint *e = r->out;
	const char *name, *value;

	while (query_next(r->arena, &u->query, &u->query_size, &name, &value)) {
		if (strcmp(name, "isSecure") == 0 && strcmp(value, "true") == 0 && e->port) {
			e->tls_port = e->port;
			e->port = 0;
		}
	}
}

static bool read_one_url(struct registration *r, const json_t *value)
{
	struct url u;

	if (!json_is_string(value)) {
		registration_bad(r, "has a URL that is not a string");
		return false;
	}
	if (!url_parse(r->arena, json_string_value(value), json_string_length(value), &u)) {
		r->out->tls_unsaid = true;
		return registration_address(r, json_string_value(value), json_string_length(value));
	}
	if (!registration_url(r, &u))
		return false;
	read_query(r, &u);
	return true;
}

static bool read_url(struct registration *r, const json_t *value)
{
	const json_t *chosen = json_is_array(value) ? NULL : value;
	struct url u;
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	{
		if (json_is_string(item) &&
		    url_parse(r->arena, json_string_value(item), json_string_length(item), &u) &&
		    fits(r, &u)) {
			chosen = item;
			break;
		}
	}
	if (!chosen)
		registration_bad(
			r, "has no URL with the scheme that \"endpoint\" names (default: an HTTP "
			   "scheme)");
	return chosen && read_one_url(r, chosen);
}

static bool read_place(struct registration *r, const json_t *j)
{
	const struct discover_keys *k = &r->discover->keys;
	struct endpoint *e = r->out;
	const char *host = k->host ? k->host : "host", *port = k->port ? k->port : "port";

	if (k->url)
		return read_url(r, find(j, k->url));
	e->tls_unsaid = !k->tls_port;
	return registration_json_host(r, find(j, host), &e->host) &&
	       registration_json_port(r, find(j, port), &e->port) &&
	       registration_json_port(r, find(j, k->tls_port), &e->tls_port);
}

static bool is_up(const json_t *value)
{
	static const char *const words[] = { "up",   "alive",   "true",   "enabled", "healthy",
					     "pass", "passing", "online", "1" };
	const char *s = json_string_value(value);

	for (size_t i = 0; s && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(words[i], s) == 0)
			return true;
	}
	return !value || json_is_null(value) || (!s && endpoint_json_is_true(value));
}

static enum endpoint_result read_object(struct registration *r, const json_t *j)
{
	const struct discover_keys *k = &r->discover->keys;
	const json_t *labels = find(j, k->labels);
	struct endpoint *e = r->out;

	if (!read_place(r, j))
		return ENDPOINT_BAD;
	if (!e->host || (!e->port && !e->tls_port))
		return registration_bad(r, e->host ? "has no port" : "has no host");
	e->weight = endpoint_json_number(find(j, k->weight));
	e->down = !is_up(find(j, k->up));
	registration_json_labels(r, labels);
	registration_json_tags(r, labels);
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	if (!r->znode->size && r->znode->owner == 0)
		return ENDPOINT_OTHER;
	return registration_json(r, read_object);
}

const struct endpoint_format endpoint_format_json = {
	.name = "json",
	.read = read,
	.base = 1,
	.has_keys = true,
};
