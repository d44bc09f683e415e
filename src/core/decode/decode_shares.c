/* Definitions of variables by shares of the clients: split. */
#include <string.h>

#include "core/text/emit.h"
#include "definition.h"
#include "kinds.h"

#define PART_LIMIT 100

struct part {
	long share; /* hundredths of a percent; UNSET: the rest */
	const char *value;
};

struct parts {
	const char *source;
	struct part *items;
	size_t count;
};

static void read_percent(struct reader *r, const json_t *value, void *where)
{
	struct part *part = where;
	double number = json_number_value(value) * 100, whole = (double)(long)(number + 0.5);

	if (!json_is_number(value) || number < 0.999 || number > 10000 || number - whole > 0.001 ||
	    whole - number > 0.001)
		reader_problem(r, NULL,
			       "expected a number from 0.01 to 100 with at most two decimals");
	else
		part->share = (long)whole;
}

static const struct field split_part_rows[] = {
	{ "percent", FIELD_CUSTOM, .read = read_percent, .shape = SHAPE_NUMBER },
	{ "value", FIELD_TEXT, .where = offsetof(struct part, value), .required = true,
	  .check = check_literal },
};
const struct fields split_part_fields = FIELDS(split_part_rows);

static void check_shares(struct reader *r, const struct parts *p)
{
	long total = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].share == UNSET && i + 1 < p->count)
			reader_problem(r, NULL, "only the last part may have no percent");
		total += p->items[i].share == UNSET ? 0 : p->items[i].share;
	}
	if (total > 10000)
		reader_problem(r, NULL, "the parts are more than 100 percent");
}

static void read_parts(struct reader *r, const json_t *value, void *where)
{
	struct parts *p = where;
	size_t count = json_array_size(value);

	if (!reader_is_array(r, value))
		return;
	if (!count || count > PART_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d parts, found %zu", PART_LIMIT, count);
		return;
	}
	p->items = arena_array(r->arena, struct part, count);
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);
		const json_t *part = json_array_get(value, i);

		p->items[i] = (struct part){ .share = UNSET };
		if (reader_is_object(r, part))
			fields_read(r, part, &split_part_fields, &p->items[i]);
		reader_leave(r, mark);
	}
	p->count = count;
	check_shares(r, p);
}

static const struct field split_rows[] = {
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "source", FIELD_TEXT, .where = offsetof(struct parts, source), .required = true,
	  .check = check_source },
	{ "parts", FIELD_CUSTOM, .required = true, .read = read_parts, .shape = SHAPE_OBJECTS,
	  .inner = &split_part_fields },
};
const struct fields split_fields = FIELDS(split_rows);

static void put_split(struct definer *d, const struct parts *p)
{
	definer_open_block(d, "split_clients", p->source);
	for (size_t i = 0; i < p->count; i++) {
		long share = p->items[i].share;

		if (share == UNSET)
			buf_puts(&d->text, "    * ");
		else if (share % 100)
			buf_printf(&d->text, "    %ld.%02ld%% ", share / 100, share % 100);
		else
			buf_printf(&d->text, "    %ld%% ", share / 100);
		emit_literal(&d->text, p->items[i].value);
		buf_puts(&d->text, ";\n");
	}
	buf_puts(&d->text, "}\n");
}

void define_split(struct definer *d, const json_t *object)
{
	struct parts p = { 0 };

	definer_read_protocol(d, object);
	definer_set_variable(d);
	fields_read(&d->r, object, &split_fields, &p);
	if (d->r.failed)
		return;
	put_split(d, &p);
	definer_add_text(d, "source", p.source);
}
