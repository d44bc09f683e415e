/*
 * The formats, one row each, and what they all share: what stands where, what a
 * registration is sniffed for before its format sees it, and the labels.
 *
 * A reader of a format is given one znode and fills one endpoint; nothing that it
 * finds there is an error of ours, and nothing is kept but in the caller's arena.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core/text/address.h"
#include "core/text/inflate.h"
#include "endpoint_parts.h"

/* Of equally likely formats the first is taken (endpoint_sniff). */
static const struct endpoint_format formats[] = {
	{ "curator", endpoint_read_curator, .base = 1 },
	{ "nerve", endpoint_read_nerve, .base = 1 },
	{ "serverset", endpoint_read_serverset, endpoint_prepare_serverset, .base = 1,
	  .prefix = "vector_" },
	{ "address", endpoint_read_address, .base = 1, .by_name = true },
	{ "data", endpoint_read_data, .base = 1 },
	{ "registrator", endpoint_read_registrator, .base = 1 },
	{ "dubbo", endpoint_read_dubbo, endpoint_prepare_dubbo, .base = 100, .below = "providers",
	  .siblings = "configurators", .by_name = true },
	{ "solr", endpoint_read_solr, endpoint_prepare_solr, .base = 1,
	  .beside = "clusterprops.json", .by_name = true },
	{ "json", endpoint_read_json, .base = 1 },
};

const struct endpoint_format *endpoint_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

const char *endpoint_format_name(const struct endpoint_format *f)
{
	return f->name;
}

/* --- places --------------------------------------------------------------------------------- */

/* The interface's path, when it was given as that of its providers. */
static const char *strip_below(struct arena *a, const char *path, const char *below)
{
	size_t size = strlen(path) - strlen(path_name(path));

	if (size > 1 && strcmp(path_name(path), below) == 0)
		return arena_copy(a, path, size - 1);
	return path;
}

static const char *beside(struct arena *a, const char *path, const char *name)
{
	return arena_printf(a, "%.*s%s", (int)(strlen(path) - strlen(path_name(path))), path, name);
}

/* Before a format is known: as deep as any of them, and what any of them has beside. */
static size_t places_of_any(struct arena *a, const char *path, struct endpoint_place *places)
{
	places[0] = (struct endpoint_place){ path, 2, false };
	places[1] = (struct endpoint_place){ beside(a, path, "clusterprops.json"), 0, true };
	return 2;
}

size_t endpoint_places(const struct endpoint_format *f, struct arena *a, const char *path,
		       struct endpoint_place places[static ENDPOINT_PLACES])
{
	if (!f)
		return places_of_any(a, path, places);
	if (f->below) {
		path = strip_below(a, path, f->below);
		places[0].path = arena_printf(a, "%s/%s", path, f->below);
	} else {
		places[0].path = path;
	}
	places[0].depth = 1;
	places[0].context = false;
	if (f->siblings)
		places[1] = (struct endpoint_place){ arena_printf(a, "%s/%s", path, f->siblings), 1,
						     true };
	else if (f->beside)
		places[1] = (struct endpoint_place){ beside(a, path, f->beside), 0, true };
	return f->siblings || f->beside ? 2 : 1;
}

bool endpoint_is_context(const struct endpoint_format *f, const struct znode *z)
{
	return f->prefix && strncmp(path_name(z->path), f->prefix, strlen(f->prefix)) == 0;
}

/* --- reading -------------------------------------------------------------------------------- */

void endpoint_begin(struct endpoint_reading *r, struct arena *a, const struct endpoint_format *f,
		    const struct discover *discover, const struct znode *context, size_t count)
{
	*r = (struct endpoint_reading){
		.arena = a,
		.format = f,
		.discover = discover,
		.prepared = f->prepare ? f->prepare(a, context, count) : NULL,
	};
}

static bool begins(const struct znode *z, const char *bytes, size_t size)
{
	return z->size >= size && memcmp(z->data, bytes, size) == 0;
}

/* The data as its writer had it, if need be in scratch; false when it cannot be had. */
static bool decode_data(struct registration *r, struct znode *plain, struct buf *scratch)
{
	if (plain->size > ENDPOINT_DATA_MAX) {
		registration_bad(
			r,
			"holds more data than a registration may (%zu bytes; the limit is %d KiB)",
			plain->size, ENDPOINT_DATA_MAX >> 10);
	} else if (begins(plain, "\x0c", 1)) {
		r->why = "is in Thrift's binary form, which is not read";
	} else if (begins(plain, "\x1f\x8b", 2)) {
		r->why = inflate_bytes(plain->data, plain->size, ENDPOINT_DATA_MAX, scratch);
		if (scratch->size > ENDPOINT_DATA_MAX)
			registration_bad(
				r,
				"is compressed, and too much when it is not (the limit is %d "
				"KiB)",
				ENDPOINT_DATA_MAX >> 10);
		plain->data = buf_str(scratch);
		plain->size = scratch->size;
	}
	r->znode = plain;
	return !r->why;
}

enum endpoint_verdict endpoint_read(const struct endpoint_reading *reading, const struct znode *z,
				    struct endpoint *out, const char **why)
{
	struct registration r = {
		.arena = reading->arena,
		.discover = reading->discover,
		.prepared = reading->prepared,
		.znode = z,
		.name = path_name(z->path),
		.out = out,
	};
	enum endpoint_verdict verdict = ENDPOINT_BAD;
	struct znode plain = *z;
	CLEANUP(buf_fini) struct buf scratch = BUF_INIT;

	*out = (struct endpoint){
		.weight = -1,
		.base = reading->format->base,
		.params = { .weight = UNSET, .max_fails = UNSET, .max_conns = UNSET },
	};
	if (reading->format->by_name || decode_data(&r, &plain, &scratch))
		verdict = reading->format->read(&r);
	*why = r.why ? r.why : "is not a registration";
	return verdict;
}

enum endpoint_verdict registration_bad(struct registration *r, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->why = arena_strdup(r->arena, text);
	return ENDPOINT_BAD;
}

enum endpoint_verdict registration_other(struct registration *r)
{
	return r->znode->owner == 0 ? ENDPOINT_OTHER : ENDPOINT_BAD;
}

/* --- hosts, ports, labels ------------------------------------------------------------------- */

const char *registration_host(struct registration *r, const char *s, size_t size)
{
	char host[ADDRESS_SIZE];
	const char *why = size ? address_parse_host(s, size, host) : NULL;

	if (!size)
		registration_bad(r, "has no host");
	else if (why)
		registration_bad(r, "has the host \"%.*s\", which %s", size > 80 ? 80 : (int)size,
				 s, why);
	else
		return arena_strdup(r->arena, host);
	return NULL;
}

bool registration_port(struct registration *r, const char *s, size_t size, long *port)
{
	*port = address_parse_port(s, size);
	if (*port)
		return true;
	registration_bad(r, "has the port \"%.*s\", which is not a number from 1 to 65535",
			 size > 20 ? 20 : (int)size, s);
	return false;
}

bool registration_address(struct registration *r, const char *s, size_t size)
{
	const char *colon = memrchr(s, ':', size);
	size_t host = colon ? (size_t)(colon - s) : 0;

	if (!colon) {
		registration_bad(r, "is not HOST:PORT");
		return false;
	}
	r->out->host = registration_host(r, s, host);
	return r->out->host && registration_port(r, colon + 1, size - host - 1, &r->out->port);
}

/* Room for 4, 8, 16, …: most have few, and of registrations there are many. */
static void grow_labels(struct arena *a, struct endpoint *e)
{
	size_t n = e->label_count;
	struct label *more;

	if (n && (n < 4 || (n & (n - 1))))
		return;
	more = arena_array(a, struct label, n ? 2 * n : 4);
	if (n)
		memcpy(more, e->labels, n * sizeof(*more));
	e->labels = more;
}

void registration_label(struct registration *r, const char *name, const char *value)
{
	struct endpoint *e = r->out;

	if (!name || !value || e->label_count == ENDPOINT_LABELS_MAX)
		return;
	grow_labels(r->arena, e);
	e->labels[e->label_count++] =
		(struct label){ arena_strdup(r->arena, name), arena_strdup(r->arena, value) };
}

void registration_tag(struct registration *r, const char *tag, size_t size)
{
	registration_label(r, arena_copy(r->arena, tag, size), "");
}

const char *endpoint_label(const struct endpoint *e, const char *name)
{
	for (size_t i = 0; i < e->label_count; i++) {
		if (strcmp(e->labels[i].name, name) == 0)
			return e->labels[i].value;
	}
	return NULL;
}
