/* Definitions of variables by pairs of a key and a value: maps and geo. */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "core/text/emit.h"
#include "core/text/network.h"
#include "definition.h"
#include "kinds.h"

#define VALUE_LIMIT 20000
#define PART_LIMIT 100

/* --- the variable ---------------------------------------------------------------------------- */

/* geo takes one variable and nothing else. */
static const char *check_address(const struct reader *r UNUSED, const char *s)
{
	size_t size;
	const char *name = emit_next_variable(s, &size);

	return name == s + 1 && *s == '$' && !s[1 + size] ? NULL : "is not one variable";
}

/* --- pairs ----------------------------------------------------------------------------------- */

struct mapping {
	const char *source, *otherwise; /* `otherwise` is the field "default" */
	bool hostnames, is_volatile, recursive;
	struct header *values;
	size_t count;
	const char **proxies;
	size_t proxy_count;
};

/* The name of a value's field in a message: a key may be long, or not printable. */
static size_t enter_key(struct reader *r, const char *key)
{
	const char *why;
	bool is_plain = strlen(key) < 64 && emit_text_is_valid(key, TEXT_PLAIN, &why);

	return reader_enter(r, is_plain && *key ? key : "(key)", 0);
}

static void read_pairs(struct reader *r, const json_t *value, struct mapping *m,
		       text_check *check_key, text_check *check)
{
	const char *key;
	json_t *text;

	if (!reader_is_object(r, value))
		return;
	if (json_object_size(value) > VALUE_LIMIT) {
		reader_problem(r, NULL, "has more than %d values", VALUE_LIMIT);
		return;
	}
	m->values = arena_array(r->arena, struct header, json_object_size(value));
	json_object_foreach((json_t *)(uintptr_t)value, key, text)
	{
		size_t mark = enter_key(r, key);
		const char *why = check_key(r, key), *s = reader_text_or_number(r, text);

		if (why)
			reader_problem(r, NULL, "the key %s", why);
		s = s ? reader_checked(r, s, check) : NULL;
		if (s && !why)
			m->values[m->count++] =
				(struct header){ .name = arena_strdup(r->arena, key), .value = s };
		reader_leave(r, mark);
	}
}

static void read_default(struct reader *r, const json_t *value, struct mapping *m,
			 text_check *check)
{
	const char *s = reader_text_or_number(r, value);

	m->otherwise = s ? reader_checked(r, s, check) : NULL;
}

/* --- maps ------------------------------------------------------------------------------------ */

/* nginx looks for no variables in a key: a `$` there is the end of a regular expression. */
static void double_dollars(struct buf *out, const char *key)
{
	for (; *key; key++) {
		if (*key == '$')
			buf_putc(out, '$');
		buf_putc(out, *key);
	}
}

/* A key is a text, or a regular expression after `~`; after a backslash it is always a text. */
static const char *check_map_key(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "default", "hostnames", "include", "volatile" };
	CLEANUP(buf_fini) struct buf doubled = BUF_INIT;
	const char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(s, words[i]) == 0)
			return "is a word of nginx's map: write the field of that name, or a "
			       "backslash before it for the text";
	}
	double_dollars(&doubled, s);
	return emit_text_is_valid(buf_str(&doubled), TEXT_LITERAL, &why) ? NULL : why;
}

static void read_map_values(struct reader *r, const json_t *value, void *where)
{
	read_pairs(r, value, where, check_map_key, check_value);
}

static void read_map_default(struct reader *r, const json_t *value, void *where)
{
	read_default(r, value, where, check_value);
}

static const struct field map_rows[] = {
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "source", FIELD_TEXT, .where = offsetof(struct mapping, source), .required = true,
	  .check = check_source },
	{ "default", FIELD_CUSTOM, .read = read_map_default, .shape = SHAPE_TEXT | SHAPE_INTEGER },
	{ "hostnames", FIELD_BOOL, .where = offsetof(struct mapping, hostnames) },
	{ "volatile", FIELD_BOOL, .where = offsetof(struct mapping, is_volatile) },
	{ "values", FIELD_CUSTOM, .required = true, .read = read_map_values, .shape = SHAPE_MAP },
};
const struct fields map_fields = FIELDS(map_rows);

static void put_key(struct definer *d, const char *key)
{
	CLEANUP(buf_fini) struct buf doubled = BUF_INIT;

	double_dollars(&doubled, key);
	emit_literal(&d->text, buf_str(&doubled));
}

static void put_map(struct definer *d, const struct mapping *m)
{
	definer_open_block(d, "map", m->source);
	if (m->hostnames)
		buf_puts(&d->text, "    hostnames;\n");
	if (m->is_volatile)
		buf_puts(&d->text, "    volatile;\n");
	if (m->otherwise) {
		buf_puts(&d->text, "    default ");
		emit_value(&d->text, m->otherwise);
		buf_puts(&d->text, ";\n");
	}
	for (size_t i = 0; i < m->count; i++) {
		buf_puts(&d->text, "    ");
		put_key(d, m->values[i].name);
		buf_putc(&d->text, ' ');
		emit_value(&d->text, m->values[i].value);
		buf_puts(&d->text, ";\n");
	}
	buf_puts(&d->text, "}\n");
}

static void note_map(struct definer *d, const struct mapping *m)
{
	definer_add_text(d, "source", m->source);
	definer_add_text(d, "default", m->otherwise);
	for (size_t i = 0; i < m->count; i++) {
		if (strchr(m->values[i].value, '$'))
			definer_add_text(
				d, arena_printf(d->r.arena, "values.%.64s", m->values[i].name),
				m->values[i].value);
	}
}

void define_map(struct definer *d, const json_t *object)
{
	struct mapping m = { 0 };

	definer_read_protocol(d, object);
	definer_set_variable(d);
	fields_read(&d->r, object, &map_fields, &m);
	if (d->r.failed)
		return;
	put_map(d, &m);
	note_map(d, &m);
}

/* --- geo ------------------------------------------------------------------------------------- */

static const char *check_geo_network(const struct reader *r UNUSED, const char *s)
{
	struct network network;

	return network_parse(s, &network);
}

static void read_geo_values(struct reader *r, const json_t *value, void *where)
{
	read_pairs(r, value, where, check_geo_network, check_literal);
}

static void read_geo_default(struct reader *r, const json_t *value, void *where)
{
	read_default(r, value, where, check_literal);
}

static void read_proxies(struct reader *r, const json_t *value, void *where)
{
	struct mapping *m = where;

	if (!reader_is_array(r, value))
		return;
	if (json_array_size(value) > PART_LIMIT) {
		reader_problem(r, NULL, "has more than %d networks", PART_LIMIT);
		return;
	}
	m->proxies = arena_array(r->arena, const char *, json_array_size(value) + 1);
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);
		const char *s = reader_text(r, json_array_get(value, i));

		s = s ? reader_checked(r, s, check_geo_network) : NULL;
		if (s)
			m->proxies[m->proxy_count++] = s;
		reader_leave(r, mark);
	}
}

static const struct field geo_rows[] = {
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "source", FIELD_TEXT, .where = offsetof(struct mapping, source), .check = check_address },
	{ "default", FIELD_CUSTOM, .read = read_geo_default, .shape = SHAPE_TEXT | SHAPE_INTEGER },
	{ "proxies", FIELD_CUSTOM, .only = ONLY_HTTP, .read = read_proxies, .shape = SHAPE_TEXTS },
	{ "proxy_recursive", FIELD_BOOL, .where = offsetof(struct mapping, recursive),
	  .only = ONLY_HTTP },
	{ "values", FIELD_CUSTOM, .required = true, .read = read_geo_values, .shape = SHAPE_MAP },
};
const struct fields geo_fields = FIELDS(geo_rows);

struct place {
	struct network network;
	const char *key;
};

static int by_network(const void *a, const void *b)
{
	return memcmp(&((const struct place *)a)->network, &((const struct place *)b)->network,
		      sizeof(struct network));
}

/* "10.0.0.1" and "10.0.0.1/32" are one network, of which nginx would use one value. */
static void check_doubles(struct reader *r, const struct mapping *m)
{
	struct place *places = arena_array(r->arena, struct place, m->count + 1);

	for (size_t i = 0; i < m->count; i++) {
		memset(&places[i], 0, sizeof(places[i]));
		network_parse(m->values[i].name, &places[i].network);
		places[i].key = m->values[i].name;
	}
	qsort(places, m->count, sizeof(*places), by_network);
	for (size_t i = 1; i < m->count; i++) {
		if (by_network(&places[i - 1], &places[i]) == 0)
			reader_problem(r, "values", "\"%s\" and \"%s\" are the same network",
				       places[i - 1].key, places[i].key);
	}
}

static void put_literal(struct definer *d, const char *name, const char *value)
{
	buf_printf(&d->text, "    %s ", name);
	emit_literal(&d->text, value);
	buf_puts(&d->text, ";\n");
}

static void put_geo(struct definer *d, const struct mapping *m)
{
	definer_open_block(d, "geo", m->source);
	for (size_t i = 0; i < m->proxy_count; i++)
		buf_printf(&d->text, "    proxy %s;\n", m->proxies[i]);
	if (m->recursive)
		buf_puts(&d->text, "    proxy_recursive;\n");
	if (m->otherwise)
		put_literal(d, "default", m->otherwise);
	for (size_t i = 0; i < m->count; i++)
		put_literal(d, m->values[i].name, m->values[i].value);
	buf_puts(&d->text, "}\n");
}

void define_geo(struct definer *d, const json_t *object)
{
	struct mapping m = { 0 };

	definer_read_protocol(d, object);
	definer_set_variable(d);
	fields_read(&d->r, object, &geo_fields, &m);
	if (!d->r.failed)
		check_doubles(&d->r, &m);
	if (d->r.failed)
		return;
	put_geo(d, &m);
	definer_add_text(d, "source", m.source);
}
