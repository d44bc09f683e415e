/*
 * helix: the live instances of Apache Helix, and of Apache Pinot on it.
 *
 *	PATH/Broker_10.0.0.1_8099	{"id":"Broker_10.0.0.1_8099",
 *					 "simpleFields":{"SESSION_ID":"…","LIVE_INSTANCE":"7@h"},
 *					 "mapFields":{},"listFields":{"TAG_LIST":["a"]}}
 *
 * HELIX_HOST and HELIX_PORT say where the instance is. They are in the instance's configuration,
 * CONFIGS/PARTICIPANT/NAME beside PATH, or in the registration itself; else its name says it, which
 * is HOST_PORT, with Pinot's word for the kind of instance before it. HELIX_ENABLED of either may
 * say that it is down. Simple fields are labels, and tags.
 */
#include <stdlib.h>

#include "core/text/address.h"
#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_text.h"

struct config {
	const char *name, *host, *port;
	bool disabled;
};

struct configs {
	struct config *items; /* sorted by name */
	size_t count;
};

/* A simple field, which Helix always writes as a string; or NULL. */
static const char *field(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(json_object_get(j, "simpleFields"), name));
}

static bool is_disabled(const json_t *j)
{
	const char *enabled = field(j, "HELIX_ENABLED");

	return enabled && strcasecmp(enabled, "false") == 0;
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct config *)x)->name, ((const struct config *)y)->name);
}

/* The configurations of the participants. */
static const void *prepare(struct arena *a, const struct znode *context, size_t count)
{
	struct configs *all = arena_new_of(a, struct configs);

	all->items = arena_array(a, struct config, count + 1);
	for (; all->count < count; all->count++) {
		json_t *j = endpoint_json_of(&context[all->count]);

		all->items[all->count] = (struct config){
			.name = copy(a, path_name(context[all->count].path)),
			.host = copy(a, field(j, "HELIX_HOST")),
			.port = copy(a, field(j, "HELIX_PORT")),
			.disabled = is_disabled(j),
		};
		json_decref(j);
	}
	qsort(all->items, count, sizeof(*all->items), by_name);
	return all;
}

static const struct config *config_of(const struct registration *r)
{
	const struct configs *all = r->prepared;
	struct config key = { .name = r->name };

	return bsearch(&key, all->items, all->count, sizeof(key), by_name);
}

/* Pinot's words for its kinds of instances, before a host. */
static const char *skip_kind(const char *name)
{
	static const char *const kinds[] = { "Broker_", "Server_", "Controller_", "Minion_" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return name + strlen(kinds[i]);
	}
	return name;
}

/* "HOST_PORT"; of a prefix that is not Pinot's only an IP address shows the end. */
static bool read_name(struct registration *r, const char *name)
{
	const char *host = skip_kind(name), *port = strrchr(host, '_'), *last = NULL;
	char address[ADDRESS_SIZE];

	if (!port || port == host)
		return false;
	for (const char *s = host; s < port; s++)
		last = *s == '_' ? s + 1 : last;
	if (last && !address_parse_host(last, (size_t)(port - last), address) &&
	    address_is_numeric(address))
		host = last;
	r->out->host = registration_host(r, host, (size_t)(port - host));
	return r->out->host && registration_port(r, port + 1, strlen(port + 1), &r->out->port);
}

static bool read_place(struct registration *r, const char *host, const char *port)
{
	if (!host || !port || !*port)
		return false;
	host = skip_kind(host);
	r->out->host = registration_host(r, host, strlen(host));
	return r->out->host && registration_port(r, port, strlen(port), &r->out->port);
}

static enum endpoint_result read_instance(struct registration *r, const json_t *j)
{
	const struct config *c = config_of(r);
	const char *host = field(j, "HELIX_HOST"), *port = field(j, "HELIX_PORT");
	struct endpoint *e = r->out;

	e->tls_unsaid = true;
	if (!read_place(r, c ? c->host : NULL, c ? c->port : NULL) && !r->why)
		read_place(r, host, port);
	if (!e->host && !r->why && !read_name(r, r->name) && !r->why)
		return registration_other(r,
					  "has neither HELIX_HOST and HELIX_PORT nor a name that "
					  "is HOST_PORT");
	if (r->why)
		return ENDPOINT_BAD;
	e->down = is_disabled(j) || (c && c->disabled);
	if (e->down)
		e->state = "HELIX_ENABLED false";
	registration_json_labels(r, json_object_get(j, "simpleFields"));
	registration_json_tags(r, json_object_get(json_object_get(j, "listFields"), "TAG_LIST"));
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	return registration_json(r, read_instance);
}

static const struct endpoint_sign signs[] = {
	{ "simpleFields", "id", 2 },
	{ "simpleFields", "mapFields", 2 },
};

const struct endpoint_format endpoint_format_helix = {
	.name = "helix",
	.read = read,
	.prepare = prepare,
	.base = 1,
	.beside = "CONFIGS/PARTICIPANT",
	.beside_depth = 1,
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
};
