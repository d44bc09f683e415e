/*
 * Definitions of formats and of shared memory: log_formats, limits and caches.
 *
 * A limit's zone is named after what it counts, because nginx refuses to count something else in an
 * existing zone, at reload and not in `nginx -t`. A cache's text is made by render, which knows the
 * directory of caches.
 */
#include <string.h>

#include <zknginx/digest.h>

#include "checks.h"
#include "core/text/emit.h"
#include "decode_limit.h"
#include "definition.h"

#define LINE_LIMIT 100

/* --- log formats ----------------------------------------------------------------------------- */

struct format {
	const char *escape;
	const char **lines;
	size_t count;
};

static const char *check_escape(const struct reader *r UNUSED, const char *s)
{
	return strcmp(s, "default") == 0 || strcmp(s, "json") == 0 || strcmp(s, "none") == 0
		       ? NULL
		       : "is not \"default\", \"json\" or \"none\"";
}

static const char *check_format(const struct reader *r UNUSED, const char *s)
{
	const char *why = NULL;

	if (!emit_text_is_valid(s, TEXT_LINES, &why))
		return why;
	return strpbrk(s, "\r\n") ? "has a line break: a log has one line for each request" : NULL;
}

static void read_line(struct reader *r, const json_t *value, struct format *f)
{
	const char *s = reader_text(r, value);

	s = s ? reader_checked(r, s, check_format) : NULL;
	if (s)
		f->lines[f->count++] = s;
}

static void read_format(struct reader *r, const json_t *value, void *where)
{
	struct format *f = where;
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	if (!count || count > LINE_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d strings, found %zu", LINE_LIMIT, count);
		return;
	}
	f->lines = arena_array(r->arena, const char *, count);
	if (!json_is_array(value)) {
		read_line(r, value, f);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_line(r, json_array_get(value, i), f);
		reader_leave(r, mark);
	}
}

static const struct field log_format_rows[] = {
	{ "format", FIELD_CUSTOM, .required = true, .read = read_format,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "escape", FIELD_TEXT, .where = offsetof(struct format, escape), .check = check_escape },
};
const struct fields log_format_fields = FIELDS(log_format_rows);

/* Without escapes a value with a line feed would begin another line of the log. */
static void check_lines(struct definer *d, const struct format *f)
{
	const char *why = NULL;

	for (size_t i = 0; f->escape && strcmp(f->escape, "none") == 0 && i < f->count; i++) {
		if (!emit_text_is_valid(f->lines[i], TEXT_LINE, &why))
			reader_problem(&d->r, "format", "%s", why);
	}
}

void define_log_format(struct definer *d, const json_t *object)
{
	struct format f = { 0 };

	if (strcmp(d->name, "combined") == 0)
		reader_problem(&d->r, NULL,
			       "nginx itself has a log format \"combined\": expected another name "
			       "of the znode");
	fields_read(&d->r, object, &log_format_fields, &f);
	check_lines(d, &f);
	if (d->r.failed)
		return;
	buf_printf(&d->text, "log_format %s", d->name);
	if (f.escape)
		buf_printf(&d->text, " escape=%s", f.escape);
	for (size_t i = 0; i < f.count; i++) {
		buf_puts(&d->text, f.count == 1 ? " " : "\n    ");
		emit_value(&d->text, f.lines[i]);
		definer_add_text(d, "format", f.lines[i]);
	}
	buf_puts(&d->text, ";\n");
}

/* --- limits ---------------------------------------------------------------------------------- */

struct limit {
	const char *key, *rate, *size;
	long burst, delay, connections;
	bool nodelay;
};

static const struct field limit_rows[] = {
	{ "key", FIELD_TEXT, .where = offsetof(struct limit, key), .check = check_source },
	{ "rate", FIELD_TEXT, .where = offsetof(struct limit, rate), .check = check_rate },
	{ "burst", FIELD_NUMBER, .where = offsetof(struct limit, burst), .most = 1000000 },
	{ "nodelay", FIELD_BOOL, .where = offsetof(struct limit, nodelay) },
	{ "delay", FIELD_NUMBER, .where = offsetof(struct limit, delay), .least = 1,
	  .most = 1000000 },
	{ "connections", FIELD_NUMBER, .where = offsetof(struct limit, connections), .least = 1,
	  .most = 65535 },
	{ "size", FIELD_TEXT, .where = offsetof(struct limit, size), .check = check_zone_size },
};
const struct fields limit_fields_of_znode = FIELDS(limit_rows);

static void check_limit(struct reader *r, const struct limit *l)
{
	bool counts_requests = l->connections == UNSET;

	if (!l->rate == counts_requests)
		reader_problem(r, NULL,
			       "needs exactly one of \"rate\" (of requests) and \"connections\"");
	else if (!counts_requests && (l->burst != UNSET || l->nodelay || l->delay != UNSET))
		reader_problem(r,
			       l->burst != UNSET ? "burst"
			       : l->nodelay      ? "nodelay"
						 : "delay",
			       "does not belong to a limit of connections");
	else
		decode_limit_check_delay(r, "delay", l->delay, l->burst, l->nodelay);
}

static const char *zone_name(struct definer *d, const struct limit *l)
{
	CLEANUP(digester_freep) struct digester *digester = digester_new();
	const char *what = l->rate ? "requests" : "connections";
	char hex[DIGEST_HEX_SIZE];
	struct digest counted;

	digester_add_field(digester, what, strlen(what));
	digester_add_field(digester, l->key, strlen(l->key));
	counted = digester_finish(digester);
	digest_hex(&counted, hex);
	return arena_printf(d->r.arena, LIMIT_ZONE_PREFIX "%.63s_%.8s", d->name, hex);
}

void define_limit(struct definer *d, const json_t *object)
{
	struct limit l = { .key = "$binary_remote_addr",
			   .size = "10m",
			   .burst = UNSET,
			   .delay = UNSET,
			   .connections = UNSET };

	fields_read(&d->r, object, &limit_fields_of_znode, &l);
	if (!d->r.failed)
		check_limit(&d->r, &l);
	if (d->r.failed)
		return;
	d->def->zone = zone_name(d, &l);
	d->def->connections = l.connections;
	d->def->burst = l.burst;
	d->def->nodelay = l.nodelay;
	d->def->delay = l.delay;
	buf_puts(&d->text, l.rate ? "limit_req_zone " : "limit_conn_zone ");
	emit_value(&d->text, l.key);
	buf_printf(&d->text, " zone=%s:%s", d->def->zone, l.size);
	if (l.rate)
		buf_printf(&d->text, " rate=%s", l.rate);
	buf_puts(&d->text, ";\n");
	definer_add_text(d, "key", l.key);
}

/* --- caches ---------------------------------------------------------------------------------- */

static const struct field cache_rows[] = {
	{ "keys", FIELD_TEXT, .where = offsetof(struct definition, keys),
	  .check = check_zone_size },
	{ "max_size", FIELD_TEXT, .where = offsetof(struct definition, max_size),
	  .check = check_size },
	{ "inactive", FIELD_TEXT, .where = offsetof(struct definition, inactive),
	  .check = check_seconds },
};
const struct fields cache_fields_of_znode = FIELDS(cache_rows);

void define_cache(struct definer *d, const json_t *object)
{
	fields_read(&d->r, object, &cache_fields_of_znode, d->def);
}
