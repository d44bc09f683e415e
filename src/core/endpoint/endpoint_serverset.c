/*
 * serverset: Finagle's, Twitter commons' and Aurora's ServerSets, as JSON.
 *
 *	PATH/member_0000000007	{"serviceEndpoint":{"host":"h","port":80},
 *				 "additionalEndpoints":{"http":{"host":"h","port":8080}},
 *				 "status":"ALIVE","shard":1,"metadata":{"k":"v"}}
 *	PATH/vector_0000000000	{"vector":[{"select":"shard=1","weight":0.5,"priority":1}]}
 *
 * A member may have additional endpoints alone; the upstream's `endpoint` then names one.
 *
 * Znodes with other names are not members (the votes of an election may be here as well). A
 * member's weight is the product of the weights of all vectors that select it; -1 removes it. As in
 * Finagle, only a number with a fraction is a weight.
 */
#include <stdio.h>
#include <stdlib.h>

#include "endpoint_format.h"
#include "endpoint_json.h"

#define VECTORS_MAX 256

struct vector {
	const char *select; /* "inet=h:p", "member=7", "shard=1" */
	double weight;
};

struct vectors {
	struct vector items[VECTORS_MAX];
	size_t count;
};

static void add_vector(struct arena *a, struct vectors *v, const json_t *item)
{
	const char *select = json_string_value(json_object_get(item, "select"));
	const json_t *weight = json_object_get(item, "weight");

	if (select && json_is_real(weight) && v->count < VECTORS_MAX)
		v->items[v->count++] =
			(struct vector){ arena_strdup(a, select), json_real_value(weight) };
}

static const void *prepare(struct arena *a, const struct znode *context, size_t count)
{
	struct vectors *v = arena_new_of(a, struct vectors);

	for (size_t i = 0; i < count; i++) {
		json_t *j = endpoint_json_of(&context[i]);
		json_t *list = json_object_get(j, "vector"), *item;
		size_t n;

		json_array_foreach(list, n, item)
		{
			add_vector(a, v, item);
		}
		json_decref(j);
	}
	return v;
}

/* The number of "member_NUMBER" (negative after an overflow); NULL: it is not a member. */
static const char *member_number(const char *name)
{
	const char *digits;

	if (strncmp(name, "member_", 7) != 0)
		return NULL;
	name += 7;
	digits = name + (*name == '-');
	return *digits && !digits[strspn(digits, "0123456789")] ? name : NULL;
}

static bool is_selected(const struct registration *r, const char *select)
{
	const struct endpoint *e = r->out;
	const char *shard = endpoint_label(e, "shard"), *number = member_number(r->name);
	char address[320];

	if (strncmp(select, "shard=", 6) == 0)
		return shard && strcmp(shard, select + 6) == 0;
	if (strncmp(select, "member=", 7) == 0)
		return number && strtol(select + 7, NULL, 10) == strtol(number, NULL, 10);
	snprintf(address, sizeof(address), "inet=%s:%ld", e->host ? e->host : "", e->port);
	return strcmp(address, select) == 0;
}

static void apply_vectors(struct registration *r)
{
	const struct vectors *vectors = r->prepared;
	double weight = 1;
	bool any = false;

	for (size_t i = 0; vectors && i < vectors->count; i++) {
		const struct vector *v = &vectors->items[i];

		if (!is_selected(r, v->select))
			continue;
		any = true;
		if (v->weight < 0)
			r->out->down = true;
		else
			weight *= v->weight;
	}
	if (any)
		r->out->weight = weight;
}

/* No host and no port: commons writes such a member where only additional endpoints exist. */
static bool is_nowhere(const json_t *j)
{
	const json_t *host = json_object_get(j, "host"), *port = json_object_get(j, "port");
	bool no_host =
		!host || json_is_null(host) || (json_is_string(host) && !json_string_length(host));

	return no_host && !json_object_get(j, "inet") &&
	       (!port || json_is_null(port) ||
		(json_is_integer(port) && json_integer_value(port) <= 0));
}

/* "inet" is an address: it needs no look-up. */
static bool read_endpoint(struct registration *r, const json_t *j, const char **host, long *port)
{
	const json_t *inet = json_object_get(j, "inet");

	if (!registration_json_host(r, json_is_string(inet) ? inet : json_object_get(j, "host"),
				    host) ||
	    !registration_json_port(r, json_object_get(j, "port"), port))
		return false;
	if (!*host || !*port)
		registration_bad(r, *host ? "has no port" : "has no host");
	return *host && *port;
}

static void read_additional(struct registration *r, const json_t *object)
{
	struct endpoint *e = r->out;
	const char *name;
	json_t *value;

	if (!json_object_size(object))
		return;
	e->named = arena_array(r->arena, struct named_port, json_object_size(object));
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		struct named_port n = { .name = arena_strdup(r->arena, name) };

		if (read_endpoint(r, value, &n.host, &n.port))
			e->named[e->named_count++] = n;
	}
}

static void read_rest(struct registration *r, const json_t *j)
{
	const json_t *shard = json_object_get(j, "shard");
	const json_t *status = json_object_get(j, "status");
	char number[32];

	r->out->tls_unsaid = true;
	r->out->down = json_is_string(status) && strcmp(json_string_value(status), "ALIVE") != 0;
	if (r->out->down)
		r->out->state = arena_strdup(r->arena, json_string_value(status));
	if (json_is_integer(shard)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(shard));
		registration_label(r, "shard", number);
	}
	registration_json_labels(r, json_object_get(j, "metadata"));
	apply_vectors(r);
}

static enum endpoint_result read_member(struct registration *r, const json_t *j)
{
	const json_t *main = json_object_get(j, "serviceEndpoint");

	read_additional(r, json_object_get(j, "additionalEndpoints"));
	if (r->out->named_count && is_nowhere(main))
		main = NULL;
	r->why = NULL; /* an additional endpoint that cannot be used is left out */
	if (main && !read_endpoint(r, main, &r->out->host, &r->out->port))
		return ENDPOINT_BAD;
	if (!main && !r->out->named_count)
		return registration_bad(r, "has no serviceEndpoint");
	read_rest(r, j);
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	if (!member_number(r->name)) {
		r->why = "has a name that is not member_NUMBER";
		return ENDPOINT_OTHER;
	}
	return registration_json(r, read_member);
}

static const struct endpoint_sign signs[] = {
	{ "serviceEndpoint", NULL, 3 },
	{ "additionalEndpoints", NULL, 3 },
};

const struct endpoint_format endpoint_format_serverset = {
	.name = "serverset",
	.read = read,
	.prepare = prepare,
	.base = 1,
	.prefix = "vector_",
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
};
