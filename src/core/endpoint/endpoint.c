/*
 * The table of formats: which there are, where their znodes are, and the steps that come before
 * a format reads a registration.
 *
 * A format reads one znode and fills one endpoint. Problems in a registration are results, not
 * errors. Everything is kept in the caller's arena.
 */
#include <stdio.h>
#include <string.h>

#include "core/text/protected_name.h"
#include "endpoint_contradiction.h"
#include "endpoint_format.h"
#include "endpoint_plain.h"
#include "registration.h"

static const struct endpoint_format *const formats[] = {
#define X(name) &endpoint_format_##name,
	ENDPOINT_FORMATS(X)
#undef X
};

const struct endpoint_format *endpoint_format_at(size_t i)
{
	return i < ARRAY_SIZE(formats) ? formats[i] : NULL;
}

const struct endpoint_format *endpoint_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

const char *endpoint_format_name(const struct endpoint_format *f)
{
	return f->name;
}

const char *endpoint_format_names(struct arena *a)
{
	CLEANUP(buf_fini) struct buf list = BUF_INIT;

	buf_puts(&list, "\"auto\"");
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		buf_printf(&list, "%s\"%s\"", i + 1 < ARRAY_SIZE(formats) ? ", " : " or ",
			   formats[i]->name);
	return arena_strdup(a, buf_str(&list));
}

/* --- places --------------------------------------------------------------------------------- */

/* PATH, also where the operator wrote PATH/providers. */
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

/* Before a format is known: as deep as any of them, and the context of all of them. */
static size_t places_of_any(struct arena *a, const char *path, struct endpoint_place *places)
{
	size_t count = 1;

	places[0] = (struct endpoint_place){ path, 1, false };
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct endpoint_format *f = formats[i];

		if (f->below || f->siblings)
			places[0].depth = 2;
		if (f->beside && count < ENDPOINT_PLACES)
			places[count++] = (struct endpoint_place){ beside(a, path, f->beside),
								   f->beside_depth, true };
	}
	return count;
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
		places[1] = (struct endpoint_place){ beside(a, path, f->beside), f->beside_depth,
						     true };
	return f->siblings || f->beside ? 2 : 1;
}

bool endpoint_is_context(const struct endpoint_format *f, const struct znode *z)
{
	return f->prefix &&
	       strncmp(protected_name_plain(path_name(z->path)), f->prefix, strlen(f->prefix)) == 0;
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

/* Decompresses the data; what Curator writes by itself into a parent is no data. False and r->why:
 * it is unreadable. */
static bool decode_data(struct registration *r, struct znode *plain, struct buf *scratch)
{
	r->why = endpoint_plain(r->arena, plain, scratch);
	if (plain->owner == 0 && endpoint_is_client_address(plain))
		plain->size = 0;
	r->znode = plain;
	return !r->why;
}

/* With "auto" a name is no host where the data says another one. */
static enum endpoint_result check_host(const struct endpoint_reading *reading,
				       struct registration *r)
{
	if (reading->discover->format || !reading->format->trial ||
	    !endpoint_data_contradicts(reading->arena, r->znode, r->name, r->out->host))
		return ENDPOINT_READ;
	return registration_bad(r, "has a name and data with different hosts: name the format of "
				   "the registrations in \"format\"");
}

enum endpoint_result endpoint_read(const struct endpoint_reading *reading, const struct znode *z,
				   struct endpoint *out, const char **why)
{
	struct registration r = {
		.arena = reading->arena,
		.discover = reading->discover,
		.prepared = reading->prepared,
		.znode = z,
		.name = protected_name_plain(path_name(z->path)),
		.out = out,
	};
	enum endpoint_result result = ENDPOINT_BAD;
	struct znode plain = *z;
	CLEANUP(buf_fini) struct buf scratch = BUF_INIT;

	*out = (struct endpoint){
		.weight = -1,
		.base = reading->format->base,
		.params = { .weight = UNSET, .max_fails = UNSET, .max_conns = UNSET },
	};
	if (reading->format->by_name || decode_data(&r, &plain, &scratch))
		result = reading->format->read(&r);
	if (result == ENDPOINT_READ && reading->format->by_name)
		result = check_host(reading, &r);
	*why = r.why ? r.why : "is not a registration";
	return result;
}
