/*
 * registrator: Gliderlabs' Registrator, one container's port a znode.
 *
 *	PATH/172.17.0.1:32778	{"Name":"http","IP":"172.17.0.1","PublicPort":32778,
 *				 "PrivatePort":80,"Tags":["production"],"Attrs":{"k":"v"}}
 *
 * Where it did not know the host's address it registers an empty one: no use to us.
 */
#include "endpoint_parts.h"

static enum endpoint_verdict read_container(struct registration *r, const json_t *j)
{
	struct endpoint *e = r->out;

	if (!registration_json_host(r, json_object_get(j, "IP"), &e->host) ||
	    !registration_json_port(r, json_object_get(j, "PublicPort"), &e->port))
		return ENDPOINT_BAD;
	if (!e->host || !e->port)
		return registration_bad(r, e->host ? "has no PublicPort" : "has no IP");
	e->tls_unsaid = true;
	registration_json_labels(r, json_object_get(j, "Attrs"));
	registration_json_tags(r, json_object_get(j, "Tags"));
	return ENDPOINT_READ;
}

/* The parents hold data too, which is no JSON. */
enum endpoint_verdict endpoint_read_registrator(struct registration *r)
{
	if (!strchr(r->name, ':')) {
		registration_bad(r, "has a name that is not HOST:PORT");
		return registration_other(r);
	}
	return registration_json(r, read_container);
}
