/*
 * registrator: Gliderlabs' Registrator, one container's port a znode.
 *
 *	PATH/172.17.0.1:32778	{"Name":"http","IP":"172.17.0.1","PublicPort":32778,
 *				 "PrivatePort":80,"Tags":["production"],"Attrs":{"k":"v"}}
 *
 * Where it did not know the host's address it registers an empty one: no use to us.
 */
#include "endpoint_parts.h"

static void read_labels(struct registration *r, const json_t *j)
{
	json_t *tags = json_object_get(j, "Tags"), *tag;
	size_t i;

	registration_json_labels(r, json_object_get(j, "Attrs"));
	json_array_foreach(tags, i, tag)
	{
		registration_tag(r, json_string_value(tag) ? json_string_value(tag) : "",
				 json_string_length(tag));
	}
}

static enum endpoint_verdict read_container(struct registration *r, const json_t *j)
{
	struct endpoint *e = r->out;

	if (!registration_json_host(r, json_object_get(j, "IP"), &e->host) ||
	    !registration_json_port(r, json_object_get(j, "PublicPort"), &e->port))
		return ENDPOINT_BAD;
	if (!e->host || !e->port)
		return registration_bad(r, e->host ? "has no PublicPort" : "has no IP");
	e->tls_unsaid = true;
	read_labels(r, j);
	return ENDPOINT_READ;
}

/* The parents hold data too, which is no JSON. */
enum endpoint_verdict endpoint_read_registrator(struct registration *r)
{
	enum endpoint_verdict verdict;
	json_t *j;

	if (!strchr(r->name, ':')) {
		registration_bad(r, "has a name that is not HOST:PORT");
		return registration_other(r);
	}
	j = registration_json(r, r->znode->data, r->znode->size);
	if (!j)
		return ENDPOINT_BAD;
	verdict = read_container(r, j);
	json_decref(j);
	return verdict;
}
