/*
 * d2: LinkedIn's rest.li. One znode of a cluster holds the URIs of a host as names of members.
 *
 *	PATH/HOST-0000000007	{"clusterName":"greetings",
 *				 "weights":{"http://10.0.0.1:8080/greetings":1.0},
 *				 "partitionDesc":{"http://10.0.0.1:8080/greetings":{"0":{"weight":1.0}}},
 *				 "uriSpecificProperties":{"http://10.0.0.1:8080/greetings":{"k":"v"}}}
 *
 * "partitionDesc" says more than "weights", and either may be missing. A server's weight is that of
 * partition 0, else of the first one. A host with an http and an https URI is one server with two
 * ports; other URIs are servers of their own.
 */
#include <strings.h>

#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_text.h"

static const char *const members[] = { "weights", "partitionDesc", "uriSpecificProperties" };

/* The object whose members are named after the URIs. */
static const json_t *uris_of(const json_t *data)
{
	const json_t *weights = json_object_get(data, "weights");

	return json_object_size(weights) ? weights : json_object_get(data, "partitionDesc");
}

/* "http://10.0.0.1:8080/x": the bytes between the slashes; the scheme is `scheme_size` long. */
static const char *host_of(const char *uri, size_t *size, size_t *scheme_size)
{
	const char *mark = strstr(uri, "://"), *host = mark ? mark + 3 : uri;
	const char *colon;

	*scheme_size = mark ? (size_t)(mark - uri) : 0;
	*size = strcspn(host, "/?");
	colon = memrchr(host, ':', *size);
	if (colon)
		*size = (size_t)(colon - host);
	return host;
}

/* Do the URIs differ in scheme and port alone? */
static bool is_same_host(const char *x, const char *y)
{
	size_t x_size, y_size, x_scheme, y_scheme;
	const char *host = host_of(x, &x_size, &x_scheme);

	return strncasecmp(host, host_of(y, &y_size, &y_scheme), x_size) == 0 && x_size == y_size &&
	       (x_scheme != y_scheme || strncasecmp(x, y, x_scheme) != 0);
}

/* An object like the data, with this URI alone. */
static json_t *part_of(const json_t *data, const char *uri)
{
	json_t *part = json_pack("{s:O?}", "clusterName", json_object_get(data, "clusterName"));

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_t *value = json_object_get(json_object_get(data, members[i]), uri);

		if (value)
			json_object_set_new(part, members[i], json_pack("{s:O}", uri, value));
	}
	return part;
}

/* Adds the URI to a part whose only URI is of the same host; false: there is none. */
static bool join(json_t *list, const json_t *data, const char *uri)
{
	size_t i;
	json_t *part;

	json_array_foreach(list, i, part)
	{
		const json_t *uris = uris_of(part);
		void *first = json_object_iter((json_t *)(uintptr_t)uris);
		json_t *own;

		if (json_object_size(uris) != 1 || !is_same_host(json_object_iter_key(first), uri))
			continue;
		own = part_of(data, uri);
		for (size_t k = 0; k < ARRAY_SIZE(members); k++)
			json_object_update(json_object_get(part, members[k]),
					   json_object_get(own, members[k]));
		json_decref(own);
		return true;
	}
	return false;
}

static json_t *split(const json_t *data)
{
	const json_t *uris = uris_of(data);
	json_t *list, *value;
	const char *uri;

	if (json_object_size(uris) < 2 || json_object_size(uris) > ENDPOINT_PARTS_MAX)
		return NULL;
	list = json_array();
	json_object_foreach((json_t *)(uintptr_t)uris, uri, value)
	{
		if (!join(list, data, uri))
			json_array_append_new(list, part_of(data, uri));
	}
	return list;
}

static double weight_of(const json_t *j, const char *uri)
{
	json_t *partitions = json_object_get(json_object_get(j, "partitionDesc"), uri);
	const json_t *partition = json_object_get(partitions, "0");
	const json_t *plain = json_object_get(json_object_get(j, "weights"), uri);

	if (!partition)
		partition = json_object_iter_value(json_object_iter(partitions));
	if (partition)
		return endpoint_json_number(json_object_get(partition, "weight"));
	return endpoint_json_number(plain);
}

/* Adds the port of one URI; the host is that of the first one. */
static bool read_uri(struct registration *r, const char *uri)
{
	struct endpoint place = { 0 }, *e = r->out;
	struct registration one = { .arena = r->arena, .out = &place };
	struct url u;
	bool ok = url_parse(r->arena, uri, strlen(uri), &u)
			  ? registration_url(&one, &u)
			  : registration_address(&one, uri, strlen(uri));

	if (!ok) {
		r->why = one.why;
		return false;
	}
	if (!e->host) {
		e->host = place.host;
		e->path = place.path;
	}
	e->scheme = place.scheme && (!e->scheme || place.port) ? place.scheme : e->scheme;
	e->port = e->port ? e->port : place.port;
	e->tls_port = e->tls_port ? e->tls_port : place.tls_port;
	return true;
}

static enum endpoint_result read_cluster(struct registration *r, const json_t *j)
{
	const json_t *properties = json_object_get(j, "uriSpecificProperties");
	const char *uri;
	json_t *value;

	if (!json_object_size(uris_of(j)))
		return registration_other(r, "has no URI in \"weights\" or \"partitionDesc\"");
	json_object_foreach((json_t *)(uintptr_t)uris_of(j), uri, value)
	{
		if (!read_uri(r, uri))
			return ENDPOINT_BAD;
		if (r->out->weight < 0)
			r->out->weight = weight_of(j, uri);
		registration_json_labels(r, json_object_get(properties, uri));
	}
	if (!r->out->port && !r->out->tls_port)
		return registration_bad(r, "has no port");
	registration_label(r, "clusterName", json_string_value(json_object_get(j, "clusterName")));
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	return registration_json(r, read_cluster);
}

static const struct endpoint_sign signs[] = {
	{ "weights", "clusterName", 2 },
	{ "partitionDesc", "clusterName", 2 },
};

const struct endpoint_format endpoint_format_d2 = {
	.name = "d2",
	.read = read,
	.split = split,
	.base = 1,
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
};
