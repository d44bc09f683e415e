/*
 * registrator: Gliderlabs' Registrator, one container's port a znode.
 *
 *	PATH/172.17.0.1:32778	{"Name":"http","IP":"172.17.0.1","PublicPort":32778,
 *				 "PrivatePort":80,"Tags":["production"],"Attrs":{"k":"v"}}
 *
 * Where Registrator does not know the host's address, "IP" is empty, and the registration cannot be
 * used.
 */
#include "endpoint_format.h"
#include "endpoint_json.h"

static enum endpoint_result read_container(struct registration *r, const json_t *j)
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

/* A service's own znode has data as well, which is not JSON. */
static enum endpoint_result read(struct registration *r)
{
	if (!strchr(r->name, ':'))
		return registration_other(r, "has a name that is not HOST:PORT");
	return registration_json(r, read_container);
}

static const struct endpoint_sign signs[] = { { "IP", "PublicPort", 2 } };

const struct endpoint_format endpoint_format_registrator = {
	.name = "registrator",
	.read = read,
	.base = 1,
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
};
