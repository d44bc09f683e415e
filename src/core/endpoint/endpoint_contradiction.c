/*
 * "format": "auto" reads an address from a name only where the data has none. Otherwise a znode
 * that is called "node7" for people would send requests to whatever host has that name.
 */
#include <strings.h>

#include "core/text/address.h"
#include "endpoint_contradiction.h"
#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_plain.h"
#include "endpoint_text.h"

#define DEPTH_MAX 8

/* The host of the data in this format, or NULL. */
static const char *host_as(const struct endpoint_format *f, struct arena *a, const struct znode *z)
{
	static const struct discover none = { 0 };
	struct endpoint e = { .weight = -1 };
	struct registration r = {
		.arena = a, .discover = &none, .znode = z, .name = path_name(z->path), .out = &e
	};

	return f->read(&r) == ENDPOINT_READ ? e.host : NULL;
}

static bool is_other(const char *found, const char *host)
{
	return found && strcmp(found, host) != 0;
}

/* "10.0.0.1", "10.0.0.1:80", "http://web-1:80/": a host by its form alone. */
static const char *host_by_form(struct arena *a, const char *s, size_t size)
{
	const char *colon = memrchr(s, ':', size);
	char host[ADDRESS_SIZE];
	struct url u;

	if (url_parse(a, s, size, &u))
		return address_parse_host(u.host, u.host_size, host) ? NULL : arena_strdup(a, host);
	if (address_parse_host(s, size, host) &&
	    (!colon || address_parse_host(s, (size_t)(colon - s), host)))
		return NULL;
	return address_is_numeric(host) ? arena_strdup(a, host) : NULL;
}

/* A member with such a name has a host where its value can be one. */
static bool is_called_host(const char *member)
{
	static const char *const words[] = { "host", "addr", "fqdn" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasestr(member, words[i]))
			return true;
	}
	return strcasecmp(member, "ip") == 0 || strcasecmp(member, "server") == 0 ||
	       strcasecmp(member, "node") == 0;
}

static bool text_is_other(struct arena *a, const char *member, const json_t *value,
			  const char *host)
{
	const char *s = json_string_value(value);
	size_t size = json_string_length(value);
	char named[ADDRESS_SIZE];

	if (strcasestr(member, "version"))
		return false;
	if (is_other(host_by_form(a, s, size), host))
		return true;
	return is_called_host(member) && !address_parse_host(s, size, named) &&
	       strcmp(named, host) != 0;
}

/* Does the value, or one within it, have a host other than this one? */
static bool value_is_other(struct arena *a, const char *member, const json_t *value,
			   const char *host, unsigned depth)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return text_is_other(a, member, value, host);
	if (depth == DEPTH_MAX)
		return false;
	json_object_foreach((json_t *)(uintptr_t)value, name, item)
	{
		if (value_is_other(a, name, item, host, depth + 1))
			return true;
	}
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	{
		if (value_is_other(a, member, item, host, depth + 1))
			return true;
	}
	return false;
}

static bool json_is_other(struct arena *a, const struct znode *z, const char *host)
{
	json_t *j = endpoint_json_of(z);
	bool other = j && value_is_other(a, "", j, host, 0);

	json_decref(j);
	return other;
}

bool endpoint_data_contradicts(struct arena *a, const struct znode *z, const char *name,
			       const char *host)
{
	CLEANUP(buf_fini) struct buf scratch = BUF_INIT;
	struct znode plain = *z;

	if (!host || !z->size || endpoint_plain(a, &plain, &scratch) ||
	    endpoint_is_client_address(&plain))
		return false;
	if (is_other(host_as(&endpoint_format_data, a, &plain), host) ||
	    is_other(host_as(&endpoint_format_json, a, &plain), host))
		return true;
	return !strchr(name, ':') && !address_is_numeric(host) && json_is_other(a, &plain, host);
}
