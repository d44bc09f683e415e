/*
 * json: any JSON object. The upstream's `keys` say which member holds what.
 *
 * A key is a path: "host", "meta.weight", "endpoints.0". A member whose name has dots is found as
 * well, because at each step the whole rest of the key is tried as one name first. `url` may name
 * an array: the first URL with the scheme that is the upstream's `endpoint` is taken; without
 * `endpoint`, the first one of HTTP (of a stream upstream: of any scheme), else the first
 * HOST:PORT.
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

/* --- URLs ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct registration *r, const char *scheme)
{
	if (r->discover->endpoint)
		return endpoint_scheme_is_wanted(r->discover, scheme);
	return r->discover->protocol == PROTOCOL_STREAM || endpoint_scheme_is_http(scheme);
}

/* How well an element of an array of URLs fits; 0: not at all. */
static unsigned fitness(const struct registration *r, const json_t *item)
{
	const char *s = json_string_value(item);
	struct endpoint place = { 0 };
	struct registration plain = { .arena = r->arena, .out = &place };
	struct url u;

	if (!s)
		return 0;
	if (url_parse(r->arena, s, json_string_length(item), &u)) {
		if (!is_wanted(r, u.scheme))
			return 0;
		return r->discover->tls == TLS_ONLY && !endpoint_scheme_is_tls(u.scheme) ? 2 : 3;
	}
	return !r->discover->endpoint && registration_address(&plain, s, json_string_length(item));
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
	r->out->tls_unsaid = r->out->port && !endpoint_scheme_is_http(u.scheme);
	return true;
}

static bool read_url(struct registration *r, const json_t *value)
{
	const json_t *chosen = json_is_array(value) ? NULL : value;
	unsigned best = 0;
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	{
		unsigned fit = fitness(r, item);

		if (fit > best) {
			best = fit;
			chosen = item;
		}
	}
	if (!chosen)
		registration_bad(
			r, "has no URL with the scheme that \"endpoint\" names (default: an HTTP "
			   "scheme)");
	return chosen && read_one_url(r, chosen);
}

/* --- host and port -------------------------------------------------------------------------- */

/* Without keys: the first member with one of the names that programs give to a host. */
static const json_t *find_host(const json_t *j)
{
	static const char *const names[] = { "host",   "hostname",   "hostName", "ip",  "ipAddress",
					     "ipAddr", "ip_address", "address",  "addr" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *value = json_object_get(j, names[i]);

		if (json_is_string(value))
			return value;
	}
	return json_object_get(j, "host");
}

/* A host with its port in one member: {"addr":"10.0.0.1:8080"}. */
static bool is_host_with_port(struct registration *r, const json_t *host)
{
	const char *s = json_string_value(host);
	size_t size = json_string_length(host);
	struct endpoint place = { 0 };
	struct registration plain = { .arena = r->arena, .out = &place };

	return s && (s[0] == '[' || strchr(s, ':') == strrchr(s, ':')) &&
	       registration_address(&plain, s, size);
}

static bool read_place(struct registration *r, const json_t *j)
{
	const struct discover_keys *k = &r->discover->keys;
	const json_t *host = k->host ? find(j, k->host) : find_host(j);
	const json_t *port = find(j, k->port ? k->port : "port");
	struct endpoint *e = r->out;

	if (k->url && r->znode->owner == 0 && !find(j, k->url))
		return true; /* no registration */
	if (k->url)
		return read_url(r, find(j, k->url));
	e->tls_unsaid = !k->tls_port;
	if (!port && !k->tls_port && is_host_with_port(r, host))
		return registration_address(r, json_string_value(host), json_string_length(host));
	return registration_json_host(r, host, &e->host) &&
	       registration_json_port_or_none(r, port, &e->port) &&
	       registration_json_port_or_none(r, find(j, k->tls_port), &e->tls_port);
}

/* --- state ---------------------------------------------------------------------------------- */

/* As in zknginx-znodes(5). */
static const char *const up_words[] = {
	"up",      "alive",     "true",    "enabled",    "healthy",   "pass",       "passing",
	"online",  "1",         "running", "ready",      "serving",   "active",     "ok",
	"started", "available", "live",    "open",       "normal",    "registered", "on",
	"yes",     "good",      "green",   "in_service", "inservice", "in-service",
};

static bool has_word(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(words[i], word) == 0)
			return true;
	}
	return false;
}

/* A state as text; "" for one that has none, such as an object. */
static const char *state_text(struct arena *a, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (json_is_integer(value))
		return arena_printf(a, "%lld", (long long)json_integer_value(value));
	return !value || json_is_null(value) ? "null" : "";
}

static bool is_up(const struct registration *r, const json_t *value)
{
	const struct discover_keys *k = &r->discover->keys;
	const char *s = json_string_value(value);

	if (k->up_is)
		return has_word(k->up_is, k->up_is_count, state_text(r->arena, value));
	if (s)
		return has_word(up_words, ARRAY_SIZE(up_words), s);
	return !value || json_is_null(value) || endpoint_json_is_true(value);
}

static void read_state(struct registration *r, const json_t *value)
{
	struct endpoint *e = r->out;

	e->down = !is_up(r, value);
	if (e->down)
		e->state = arena_strdup(r->arena, state_text(r->arena, value));
}

static enum endpoint_result read_object(struct registration *r, const json_t *j)
{
	const struct discover_keys *k = &r->discover->keys;
	const json_t *labels = find(j, k->labels);
	struct endpoint *e = r->out;

	if (!read_place(r, j))
		return ENDPOINT_BAD;
	if (!e->host && !e->port && !e->tls_port)
		return registration_other(r, "has no host");
	if (!e->host || (!e->port && !e->tls_port))
		return registration_bad(r, e->host ? "has no port" : "has no host");
	e->weight = endpoint_json_number(find(j, k->weight));
	read_state(r, find(j, k->up));
	registration_json_labels(r, labels);
	registration_json_tags(r, labels);
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	return registration_json(r, read_object);
}

const struct endpoint_format endpoint_format_json = {
	.name = "json",
	.read = read,
	.base = 1,
	.has_keys = true,
	.trial = 4,
};
