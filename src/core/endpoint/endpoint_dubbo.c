/*
 * dubbo: providers of one interface, each a URL that is percent-encoded in a name.
 *
 *	PATH/providers/tri%3A%2F%2F10.0.0.1%3A50051%2Forg.example.Shop%3Fweight%3D200…
 *	PATH/configurators/override%3A%2F%2F10.0.0.1%2F…%3Fdisabled%3Dtrue…
 *
 * PATH is the path of the interface; PATH/providers means the same. The data is ignored, as clients
 * write arbitrary data there. With configurators an operator overrides the weight and the state of
 * one provider, or of all of them (0.0.0.0). An override for one address takes precedence over one
 * for all.
 */
#include <strings.h>

#include "endpoint_format.h"
#include "endpoint_text.h"

#define OVERRIDES_MAX 256

struct override {
	const char *host; /* NULL: all hosts */
	long port;        /* 0: all of the host */
	const char *group, *version, *application;
	double weight; /* < 0: not given */
	int disabled;  /* 1 or 0; -1: not given */
};

struct overrides {
	struct override items[OVERRIDES_MAX];
	size_t count;
};

static bool is_true(const char *value)
{
	return strcasecmp(value, "true") == 0;
}

/* The URL in a znode's name. */
static bool name_url(struct arena *a, const char *name, struct url *u)
{
	size_t size;
	const char *text = endpoint_unescape(a, name, strlen(name), true, &size);

	return url_parse(a, text, size, u);
}

/* A '%' always begins an escape in a name: an incomplete one may mean another host. */
static bool has_good_escapes(struct registration *r)
{
	const char *bad = endpoint_bad_escape(r->name, strlen(r->name));

	if (bad)
		registration_bad(
			r,
			"has a name in which \"%.3s\" is not a percent escape: expected %% "
			"and two hexadecimal digits",
			bad);
	return !bad;
}

static const char *unless_any(const char *value)
{
	return strcmp(value, "*") == 0 || strcmp(value, "any") == 0 || !*value ? NULL : value;
}

/* False: the override is disabled. */
static bool read_override(struct arena *a, struct url *u, struct override *o)
{
	const char *name, *value;
	bool enabled = true;

	while (query_next(a, &u->query, &u->query_size, &name, &value)) {
		if (strcmp(name, "enabled") == 0)
			enabled = is_true(value);
		else if (strcmp(name, "disabled") == 0)
			o->disabled = is_true(value);
		else if (strcmp(name, "weight") == 0)
			o->weight = endpoint_number(value, strlen(value));
		else if (strcmp(name, "group") == 0)
			o->group = unless_any(value);
		else if (strcmp(name, "version") == 0)
			o->version = unless_any(value);
		else if (strcmp(name, "application") == 0)
			o->application = unless_any(value);
	}
	return enabled;
}

static void add_override(struct arena *a, struct overrides *all, const struct znode *z)
{
	struct override o = { .weight = -1, .disabled = -1 };
	struct endpoint place = { 0 };
	struct registration r = {
		.arena = a, .znode = z, .name = path_name(z->path), .out = &place
	};
	struct url u;

	if (all->count == OVERRIDES_MAX || !name_url(a, r.name, &u) || !has_good_escapes(&r) ||
	    strcmp(u.scheme, "override") != 0)
		return;
	if (u.host_size != 7 || memcmp(u.host, "0.0.0.0", 7) != 0) {
		o.host = registration_host(&r, u.host, u.host_size);
		if (!o.host ||
		    (u.port_size && !registration_port(&r, u.port, u.port_size, &o.port)))
			return;
	}
	if (read_override(a, &u, &o))
		all->items[all->count++] = o;
}

static const void *prepare(struct arena *a, const struct znode *context, size_t count)
{
	struct overrides *all = arena_new_of(a, struct overrides);

	for (size_t i = 0; i < count; i++)
		add_override(a, all, &context[i]);
	return all;
}

static bool has_label(const struct endpoint *e, const char *name, const char *wanted)
{
	const char *value = endpoint_label(e, name);

	return !wanted || (value && strcmp(value, wanted) == 0);
}

static bool concerns(const struct override *o, const struct endpoint *e)
{
	return (!o->host || strcmp(o->host, e->host) == 0) && (!o->port || o->port == e->port) &&
	       has_label(e, "group", o->group) && has_label(e, "version", o->version) &&
	       has_label(e, "application", o->application);
}

static void apply_overrides(struct registration *r)
{
	const struct overrides *all = r->prepared;
	struct endpoint *e = r->out;

	for (int exact = 0; all && exact <= 1; exact++) {
		for (size_t i = 0; i < all->count; i++) {
			const struct override *o = &all->items[i];

			if ((o->host != NULL) != exact || !concerns(o, e))
				continue;
			if (o->weight >= 0)
				e->weight = o->weight;
			if (o->disabled >= 0)
				e->down = o->disabled;
		}
	}
}

/* All parameters become labels. False: it is not a provider. */
static bool read_parameters(struct registration *r, struct url *u)
{
	struct endpoint *e = r->out;
	const char *name, *value;

	while (query_next(r->arena, &u->query, &u->query_size, &name, &value)) {
		if (strcmp(name, "category") == 0 && strcmp(value, "providers") != 0)
			return false;
		if (strcmp(name, "weight") == 0)
			e->weight = endpoint_number(value, strlen(value));
		else if (strcmp(name, "disabled") == 0)
			e->down = e->down || is_true(value);
		else if (strcmp(name, "enabled") == 0)
			e->down = e->down || !is_true(value);
		registration_label(r, name, value);
	}
	return true;
}

static enum endpoint_result read(struct registration *r)
{
	struct url u;

	if (!name_url(r->arena, r->name, &u))
		return registration_other(r, "has a name that is not an encoded URL");
	if (!has_good_escapes(r))
		return ENDPOINT_BAD;
	if (strcmp(u.scheme, "empty") == 0 || strcmp(u.scheme, "override") == 0 ||
	    strcmp(u.scheme, "consumer") == 0)
		return ENDPOINT_OTHER;
	if (!registration_url(r, &u))
		return ENDPOINT_BAD;
	r->out->tls_unsaid = !r->out->tls_port;
	if (!r->out->port && !r->out->tls_port)
		return registration_bad(r, "has no port");
	if (!read_parameters(r, &u))
		return ENDPOINT_OTHER;
	apply_overrides(r);
	return ENDPOINT_READ;
}

static const char *const parents[] = { "providers", "consumers", "configurators", "routers", NULL };

const struct endpoint_format endpoint_format_dubbo = {
	.name = "dubbo",
	.read = read,
	.prepare = prepare,
	.base = 100,
	.below = "providers",
	.siblings = "configurators",
	.by_name = true,
	.http_by_scheme = true,
	.parents = parents,
};
