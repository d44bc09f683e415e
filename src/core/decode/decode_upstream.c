/* An upstream's policy znode: JSON, or empty for the defaults. */
#include <string.h>

#include "checks.h"
#include "core/text/emit.h"
#include "decode.h"
#include "decode_check.h"
#include "decode_directives.h"
#include "decode_discover.h"
#include "kinds.h"
#include "tables.h"

/* "hash KEY" or "hash KEY consistent" */
static const char *check_hash(const char *s)
{
	const char *key = s + strlen("hash "), *blank = strchr(key, ' '), *why = NULL;

	if (!*key || *key == ' ' || (blank && strcmp(blank, " consistent") != 0))
		return "is not \"hash KEY\" or \"hash KEY consistent\"";
	if (!emit_text_is_valid(s, TEXT_LINES, &why))
		return why;
	if (strpbrk(key, "\t\r\n"))
		return "has a tab or a line break in its key";
	if (emit_uses_dollar(key))
		return "has a literal $ in its key, which changes nothing";
	if (!strchr(key, '$'))
		return "has the same key for every request: expected a variable in the key";
	return NULL;
}

static const char *check_balance(const struct reader *r, const char *s)
{
	static const char *const words[] = { "round_robin", "least_conn", "random", "random two",
					     "random two least_conn" };

	if (strncmp(s, "hash ", 5) == 0)
		return check_hash(s);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], s) == 0)
			return NULL;
	}
	if (strcmp(s, "ip_hash") == 0)
		return r->kinds & ONLY_HTTP ? NULL : "is not possible for the stream protocol";
	return "is not round_robin, least_conn, ip_hash, random, random two least_conn or "
	       "hash KEY [consistent]";
}

/* round_robin is nginx's default, which has no directive. */
static void read_balance(struct reader *r, const json_t *value, void *where)
{
	struct upstream *u = where;
	const char *s = reader_text(r, value);

	if (s && strcmp(s, "round_robin") != 0)
		u->balance = reader_checked(r, s, check_balance);
}

static void read_on_empty(struct reader *r, const json_t *value, void *where)
{
	struct upstream *u = where;
	const char *s = reader_text(r, value);

	if (!s)
		return;
	if (strcmp(s, "keep") != 0 && strcmp(s, "unavailable") != 0)
		reader_problem(r, NULL, "expected \"keep\" or \"unavailable\", found \"%.80s\"", s);
	u->on_empty = strcmp(s, "unavailable") == 0 ? ON_EMPTY_UNAVAILABLE : ON_EMPTY_KEEP;
}

/* --- sticky ---------------------------------------------------------------------------------- */

/* A variable $cookie_NAME has no other bytes in its name. */
static const char *check_cookie(const struct reader *r UNUSED, const char *s)
{
	static const char bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *s && strlen(s) <= 64 && !s[strspn(s, bytes)]
		       ? NULL
		       : "is not a cookie's name of letters, digits and _, the only ones that "
			 "nginx has a variable for";
}

static void read_sticky_cookie(struct reader *r, const json_t *value, void *where)
{
	struct upstream *u = where;
	const char *s = reader_text(r, value);
	char *lower;

	if (!s || !reader_checked(r, s, check_cookie))
		return;
	lower = arena_strdup(r->arena, s);
	for (char *c = lower; *c; c++) /* nginx ignores the case */
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	u->sticky_cookie = lower;
}

static const struct field sticky_rows[] = {
	{ "cookie", FIELD_CUSTOM, .required = true, .only = ONLY_HTTP, .read = read_sticky_cookie,
	  .shape = SHAPE_TEXT },
};
static const struct fields sticky_fields = FIELDS(sticky_rows);

/* "address", or {"cookie": "NAME"}: a hash, so that a lost server moves its own clients alone. */
static void read_sticky(struct reader *r, const json_t *value, void *where)
{
	struct upstream *u = where;
	bool http = r->kinds & ONLY_HTTP;

	if (json_is_object(value)) {
		fields_read(r, value, &sticky_fields, u);
		u->sticky = !u->sticky_cookie
				    ? NULL
				    : arena_printf(r->arena,
						   "hash $" STICKY_VARIABLE_PREFIX "%s consistent",
						   u->sticky_cookie);
		return;
	}
	if (json_is_string(value) && strcmp(json_string_value(value), "address") == 0)
		u->sticky = http ? "hash $binary_remote_addr consistent"
				 : "hash $remote_addr consistent";
	else
		reader_problem(r, NULL, "expected \"address\" or an object with \"cookie\"");
}

static void finish_upstream(struct reader *r, struct upstream *u)
{
	bool lasts = u->keepalive_time || u->keepalive_timeout || u->keepalive_requests != UNSET;

	u->slow_start_time = decode_slow_start(u->slow_start);
	if (u->zone && strcmp(u->zone, "off") == 0) {
		u->zone = NULL;
		u->zone_off = true;
	}
	if (u->sticky && u->balance)
		reader_problem(r, "sticky",
			       "is a balance of its own: remove \"balance\" or \"sticky\"");
	else if (u->sticky)
		u->balance = u->sticky;
	if (lasts && u->keepalive <= 0)
		reader_problem(r, "keepalive", "is missing: without it no connection is kept");
	for (size_t i = 0; i < u->discover_count; i++) {
		if (u->discovers[i].backup && !upstream_takes_backups(u))
			reader_problem(r, "discover",
				       "has \"backup\", which is not possible with the upstream's "
				       "balance \"%s\"",
				       u->balance);
	}
	decode_upstream_finish_directives(r, u);
}

static const struct field server_rows[] = {
	{ "weight", FIELD_NUMBER, .where = offsetof(struct server_params, weight), .least = 1,
	  .most = 65535 },
	{ "max_fails", FIELD_NUMBER, .where = offsetof(struct server_params, max_fails),
	  .most = 65535 },
	{ "fail_timeout", FIELD_TEXT, .where = offsetof(struct server_params, fail_timeout),
	  .check = check_seconds },
	{ "max_conns", FIELD_NUMBER, .where = offsetof(struct server_params, max_conns),
	  .most = 1000000 },
};
static const struct fields server_defaults_fields = FIELDS(server_rows);

static const struct field upstream_rows[] = {
	{ "defaults", FIELD_CUSTOM, .read = kinds_skip_defaults, .shape = SHAPE_FLAG },
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "balance", FIELD_CUSTOM, .read = read_balance, .shape = SHAPE_TEXT },
	{ "keepalive", FIELD_NUMBER, .where = offsetof(struct upstream, keepalive), .most = 65535,
	  .only = ONLY_HTTP },
	{ "keepalive_requests", FIELD_NUMBER,
	  .where = offsetof(struct upstream, keepalive_requests), .least = 1, .most = 1000000000,
	  .only = ONLY_HTTP },
	{ "keepalive_time", FIELD_TEXT, .where = offsetof(struct upstream, keepalive_time),
	  .only = ONLY_HTTP, .check = check_time },
	{ "keepalive_timeout", FIELD_TEXT, .where = offsetof(struct upstream, keepalive_timeout),
	  .only = ONLY_HTTP, .check = check_time },
	{ "sticky", FIELD_CUSTOM, .read = read_sticky, .shape = SHAPE_TEXT | SHAPE_OBJECT,
	  .inner = &sticky_fields },
	{ "zone", FIELD_TEXT, .where = offsetof(struct upstream, zone),
	  .check = check_upstream_zone },
	{ "check", FIELD_CUSTOM, .read = decode_check, .shape = SHAPE_OBJECT,
	  .inner = &check_fields },
	{ "slow_start", FIELD_TEXT, .where = offsetof(struct upstream, slow_start),
	  .check = check_slow_start },
	{ "server", FIELD_OBJECT, .where = offsetof(struct upstream, defaults),
	  .inner = &server_defaults_fields },
	{ "discover", FIELD_CUSTOM, .read = decode_discover, .shape = SHAPE_OBJECT | SHAPE_OBJECTS,
	  .inner = &discover_fields },
	{ "min_servers", FIELD_NUMBER, .where = offsetof(struct upstream, min_servers),
	  .most = 100000 },
	{ "max_shrink", FIELD_NUMBER, .where = offsetof(struct upstream, max_shrink), .most = 100 },
	{ "on_empty", FIELD_CUSTOM, .read = read_on_empty, .shape = SHAPE_TEXT },
	{ "directives", FIELD_CUSTOM, .read = decode_upstream_directives, .shape = SHAPE_TEXTS },
};
const struct fields upstream_fields = FIELDS(upstream_rows);

static void read_policy(struct reader *r, struct upstream *u)
{
	static const char *const kinds[2] = { "an upstream of the http protocol",
					      "an upstream of the stream protocol" };
	json_t *object = reader_parse(r);

	if (!object)
		return;
	u->protocol = kinds_read_protocol(r, object, kinds);
	fields_read(r, object, &upstream_fields, u);
	finish_upstream(r, u);
	json_decref(object);
}

bool decode_upstream(struct arena *a, const struct znode *z, const struct policy *policy,
		     struct upstream *out, struct problems *problems)
{
	struct reader r = { .arena = a, .znode = z, .policy = policy, .problems = problems };

	*out = (struct upstream){
		.keepalive = UNSET,
		.keepalive_requests = UNSET,
		.defaults = { .weight = UNSET, .max_fails = UNSET, .max_conns = UNSET },
		.min_servers = 1,
		.max_shrink = UNSET,
	};
	if (z->size)
		read_policy(&r, out);
	if (r.failed)
		return false;
	out->source = znode_copy(a, z);
	out->name = path_name(out->source.path);
	return true;
}
