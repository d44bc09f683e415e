/*
 * curator: Apache Curator's ServiceInstance as JSON, written by plain Curator, by Spring
 * Cloud ZooKeeper, by Dubbo 3 (application level) and by Druid.
 *
 *	PATH/ID	{"name":…, "id":…, "address":"10.0.0.1", "port":8080, "sslPort":null,
 *		 "payload":…, "serviceType":"DYNAMIC", "enabled":true, …}
 *
 * Only members at the top level say where the instance is; the payload may repeat them. The
 * payload gives the labels, Spring's instance_status and Dubbo's protocols. A port of 0 or less
 * means that there is none (Druid writes -1 for "off").
 */
#include <strings.h>

#include "endpoint_format.h"
#include "endpoint_json.h"

/* Dubbo's [{"port":50051,"protocol":"tri"},…], which is a string within the JSON. */
static void read_protocols(struct registration *r, const char *text)
{
	json_t *list = text && strlen(text) < 4096 ? json_loads(text, 0, NULL) : NULL;
	struct endpoint *e = r->out;
	size_t i;
	json_t *item;

	if (json_is_array(list))
		e->named = arena_array(r->arena, struct named_port, json_array_size(list));
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "protocol"));
		json_int_t port = json_integer_value(json_object_get(item, "port"));

		if (name && port >= 1 && port <= 65535)
			e->named[e->named_count++] =
				(struct named_port){ .name = arena_strdup(r->arena, name),
						     .port = (long)port };
	}
	json_decref(list);
}

static void read_payload(struct registration *r, const json_t *payload)
{
	const json_t *metadata = json_object_get(payload, "metadata");
	const char *status = json_string_value(json_object_get(metadata, "instance_status"));

	if (!json_is_object(payload))
		return;
	registration_json_labels(r, json_is_object(metadata) ? metadata : payload);
	if (json_is_object(metadata)) /* tells Spring's registrations from Dubbo's: they may share a
					 path */
		registration_label(r, "@class",
				   json_string_value(json_object_get(payload, "@class")));
	read_protocols(r, json_string_value(json_object_get(metadata, "dubbo.endpoints")));
	if (status && status[strspn(status, " \t")] && strcasecmp(status, "UP") != 0) {
		r->out->down = true;
		r->out->state = arena_strdup(r->arena, status);
	}
}

static void read_state(struct registration *r, const json_t *enabled)
{
	const char *text = json_string_value(enabled);

	r->out->down = json_is_false(enabled) || (text && strcasecmp(text, "false") == 0);
}

static enum endpoint_result read_instance(struct registration *r, const json_t *j)
{
	struct endpoint *e = r->out;

	if (!registration_json_host(r, json_object_get(j, "address"), &e->host) ||
	    !registration_json_port_or_none(r, json_object_get(j, "port"), &e->port) ||
	    !registration_json_port_or_none(r, json_object_get(j, "sslPort"), &e->tls_port))
		return ENDPOINT_BAD;
	if (!e->host && !e->port && !e->tls_port)
		return registration_other(r, "has no address");
	if (!e->host)
		return registration_bad(r, "has no address");
	read_state(r, json_object_get(j, "enabled"));
	read_payload(r, json_object_get(j, "payload"));
	if (!e->port && !e->tls_port && !e->named_count)
		return registration_bad(r, "has no port");
	return ENDPOINT_READ;
}

/* A service's name may have slashes: a znode without data may be the parent of another service. */
static enum endpoint_result read(struct registration *r)
{
	return registration_json(r, read_instance);
}

/* An object with an address and a port alone may also be a registration of others. */
static const struct endpoint_sign signs[] = {
	{ "address", "serviceType", 2 },
	{ "address", "sslPort", 2 },
	{ "address", "uriSpec", 2 },
	{ "address", "port", 0 },
};

const struct endpoint_format endpoint_format_curator = {
	.name = "curator",
	.read = read,
	.base = 1,
	.multi_protocol = true,
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
};
