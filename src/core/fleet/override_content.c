/*
 * A server has one spelling here, that of the model ("[2001:db8::1]:80"), whatever the operator
 * wrote. So a server that is listed in two spellings is found, and is a problem.
 */
#include <stdlib.h>
#include <string.h>

#include "core/decode/fields.h"
#include "core/text/address.h"
#include "core/text/json_text.h"
#include "core/text/utc.h"
#include "override_content.h"

#define TIME_EXPECTED                                                                              \
	"expected a time in UTC in the format of RFC 3339, such as 2026-11-22T15:04:05Z, found "   \
	"\"%.80s\"; the override has no effect"

/* --- reading -------------------------------------------------------------------------------- */

/* 0 and a problem: it is no time. */
static uint64_t read_time(struct reader *r, const json_t *value)
{
	const char *s = reader_text(r, value);
	uint64_t time = s ? utc_parse(s) : 0;

	if (s && !time)
		reader_problem(r, NULL, TIME_EXPECTED, s);
	return time;
}

static void read_confirm(struct reader *r, const json_t *value, void *where)
{
	struct override_content *c = where;

	c->confirm = read_time(r, value);
}

static void add_drain(struct reader *r, struct drains *d, const char *server, uint64_t until)
{
	char address[ADDRESS_SIZE];
	const char *why = address_parse_server(server, address);

	if (why) {
		reader_problem(r, NULL, "the server \"%.80s\" %s; the override has no effect",
			       server, why);
		return;
	}
	d->items[d->count++] =
		(struct drain){ .server = arena_strdup(r->arena, address), .until = until };
}

static void read_list(struct reader *r, const json_t *list, struct drains *d)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t mark = reader_enter(r, NULL, i);
		const char *server = reader_text(r, json_array_get(list, i));

		if (server)
			add_drain(r, d, server, 0);
		reader_leave(r, mark);
	}
}

static void read_object(struct reader *r, const json_t *object, struct drains *d)
{
	const char *server;
	json_t *value;

	json_object_foreach((json_t *)object, server, value)
	{
		size_t mark = reader_enter(r, server, 0);
		uint64_t until = json_is_null(value) ? 0 : read_time(r, value);

		add_drain(r, d, server, until);
		reader_leave(r, mark);
	}
}

static int by_server(const void *a, const void *b)
{
	const struct drain *x = a, *y = b;

	return strcmp(x->server, y->server);
}

static void sort_drains(struct reader *r, struct drains *d)
{
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), by_server);
	for (size_t i = 1; i < d->count; i++) {
		if (strcmp(d->items[i - 1].server, d->items[i].server) == 0)
			reader_problem(r, NULL,
				       "the server \"%.80s\" is listed twice; the override has no "
				       "effect",
				       d->items[i].server);
	}
}

static void read_drain(struct reader *r, const json_t *value, void *where)
{
	struct override_content *c = where;
	size_t count = json_is_object(value) ? json_object_size(value) : json_array_size(value);

	if (!json_is_object(value) && !json_is_array(value)) {
		reader_problem(r, NULL,
			       "expected an array of servers, or an object whose keys are servers "
			       "and whose values are times or null; the override has no effect");
		return;
	}
	c->drains.items = arena_array(r->arena, struct drain, count);
	if (json_is_object(value))
		read_object(r, value, &c->drains);
	else
		read_list(r, value, &c->drains);
	sort_drains(r, &c->drains);
}

bool override_content_read(struct arena *a, const struct znode *z, struct override_content *out,
			   struct problems *problems)
{
	static const struct field rows[] = {
		{ .name = "confirm", .kind = FIELD_CUSTOM, .read = read_confirm },
		{ .name = "drain", .kind = FIELD_CUSTOM, .read = read_drain },
	};
	static const struct fields fields = FIELDS(rows);
	struct reader r = { .arena = a, .znode = z, .problems = problems };
	json_auto_t *object = reader_parse(&r);

	*out = (struct override_content){ 0 };
	if (object && !json_object_size(object))
		reader_problem(&r, NULL, "has neither \"confirm\" nor \"drain\"");
	else if (object)
		fields_read(&r, object, &fields, out);
	return !r.failed;
}

int override_parse(struct arena *a, const char *data, size_t size, struct override_content *out,
		   struct err *e)
{
	struct znode z = { .path = "override", .data = data, .size = size };
	struct problems problems;
	bool ok;

	problems_init(&problems);
	ok = override_content_read(a, &z, out, &problems);
	if (!ok) {
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		problem_print(&problems.items[0], &text);
		err_set(e, ERR_INPUT, "%s", buf_str(&text));
	}
	problems_fini(&problems);
	return ok ? 0 : -1;
}

/* --- printing ------------------------------------------------------------------------------- */

static json_t *time_json(uint64_t time)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	utc_print(time, &text);
	return json_text(buf_str(&text));
}

static bool have_ends(const struct drains *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->items[i].until)
			return true;
	}
	return false;
}

static json_t *drains_json(const struct drains *d)
{
	bool ends = have_ends(d);
	json_t *j = ends ? json_object() : json_array();

	for (size_t i = 0; i < d->count; i++) {
		const struct drain *one = &d->items[i];

		if (!ends)
			json_array_append_new(j, json_text(one->server));
		else
			json_put(j, one->server, one->until ? time_json(one->until) : json_null());
	}
	return j;
}

void override_print(const struct override_content *content, struct buf *out)
{
	json_t *j = json_object();

	if (content->confirm)
		json_put(j, "confirm", time_json(content->confirm));
	if (content->drains.count || !content->confirm)
		json_put(j, "drain", drains_json(&content->drains));
	json_print(j, JSON_COMPACT, out);
}
