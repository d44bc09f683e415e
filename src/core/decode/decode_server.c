/*
 * A server's znode: its name is the address, its data the parameters.
 *
 * All servers are decoded again when one of them changes, and there may be 100,000. Nearly all have
 * no data and a canonical name, and cost one copy of the znode, into which `address` points.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "core/discover/discover.h"
#include "core/endpoint/endpoint_plain.h"
#include "core/text/address.h"
#include "core/text/protected_name.h"
#include "core/text/secret.h"
#include "decode.h"
#include "fields.h"

#define TEXT_LIMIT 512

static const char blanks[] = " \t\r\n";

static const struct field server_rows[] = {
	{ "weight", FIELD_NUMBER, .where = offsetof(struct server_params, weight), .most = 65535 },
	{ "max_fails", FIELD_NUMBER, .where = offsetof(struct server_params, max_fails),
	  .most = 65535 },
	{ "fail_timeout", FIELD_TEXT, .where = offsetof(struct server_params, fail_timeout),
	  .check = check_seconds },
	{ "max_conns", FIELD_NUMBER, .where = offsetof(struct server_params, max_conns),
	  .most = 1000000 },
	{ "backup", FIELD_BOOL, .where = offsetof(struct server_params, backup) },
	{ "down", FIELD_BOOL, .where = offsetof(struct server_params, down) },
};
static const struct fields server_fields = FIELDS(server_rows);

static void read_json(struct reader *r, struct server_params *params)
{
	json_t *object = reader_parse(r);

	if (!object)
		return;
	fields_read(r, object, &server_fields, params);
	json_decref(object);
}

static const struct field *find_row(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(server_rows); i++) {
		if (strlen(server_rows[i].name) == size &&
		    strncmp(server_rows[i].name, name, size) == 0)
			return &server_rows[i];
	}
	return NULL;
}

static void set_number(struct reader *r, const struct field *f, const char *s, long *number)
{
	size_t size = strspn(s, "0123456789");

	if (!size || s[size] || size > 7 || strtol(s, NULL, 10) > f->most)
		reader_problem(r, f->name, "expected a number from %ld to %ld, found \"%.80s\"",
			       f->least, f->most, s);
	else
		*number = strtol(s, NULL, 10);
}

/* value is NULL for a flag. */
static void set_parameter(struct reader *r, const struct field *f, const char *value,
			  struct server_params *params)
{
	void *where = (char *)params + f->where;
	size_t mark;

	if (f->kind == FIELD_BOOL && value) {
		reader_problem(r, f->name, "takes no value");
	} else if (f->kind != FIELD_BOOL && !value) {
		reader_problem(r, f->name, "needs a value: expected NAME=VALUE");
	} else if (f->kind == FIELD_BOOL) {
		*(bool *)where = true;
	} else if (f->kind == FIELD_NUMBER) {
		set_number(r, f, value, where);
	} else {
		mark = reader_enter(r, f->name, 0);
		*(const char **)where = reader_checked(r, value, f->check);
		reader_leave(r, mark);
	}
}

/* "password=…" is no word of a server, and may be one of another program. */
static void refuse_word(struct reader *r, const char *word)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	secret_put_value(word, word, &text);
	reader_problem(r, NULL,
		       "%s is not weight=, max_fails=, fail_timeout=, max_conns=, backup or down",
		       buf_str(&text));
}

static void read_word(struct reader *r, char *word, unsigned *seen, struct server_params *params)
{
	char *equals = strchr(word, '=');
	const struct field *f = find_row(word, equals ? (size_t)(equals - word) : strlen(word));
	unsigned bit = f ? 1U << (f - server_rows) : 0;

	if (!f)
		refuse_word(r, word);
	else if (*seen & bit)
		reader_problem(r, f->name, "is listed twice");
	else
		set_parameter(r, f, equals ? equals + 1 : NULL, params);
	*seen |= bit;
}

/* nginx's own words: "weight=5 backup" */
static void read_text(struct reader *r, struct server_params *params)
{
	const struct znode *z = r->znode;
	char text[TEXT_LIMIT + 1], *rest = text;
	unsigned seen = 0;

	if (z->size > TEXT_LIMIT || memchr(z->data, '\0', z->size) ||
	    text_error(z->data, z->size)) {
		reader_problem(r, NULL, "holds neither server parameters nor JSON");
		return;
	}
	memcpy(text, z->data, z->size);
	text[z->size] = '\0';
	while (*(rest += strspn(rest, blanks))) {
		char *word = rest;

		rest += strcspn(rest, blanks);
		if (*rest)
			*rest++ = '\0';
		read_word(r, word, &seen, params);
	}
}

static bool is_json(const struct znode *z)
{
	const char *s = z->data, *end = s + z->size;

	while (s < end && strchr(blanks, *s) && *s)
		s++;
	return (s < end && *s == '{') || (z->size >= 3 && memcmp(z->data, "\xef\xbb\xbf", 3) == 0);
}

static void read_parameters(struct reader *r, const struct upstream *u, struct server_params *own)
{
	if (is_json(r->znode))
		read_json(r, own);
	else
		read_text(r, own);
	if (own->backup && !upstream_takes_backups(u))
		reader_problem(r, "backup", "is not possible with the upstream's balance \"%s\"",
			       u->balance);
}

static const struct server_params unset = { .weight = UNSET,
					    .max_fails = UNSET,
					    .max_conns = UNSET };

/* Most servers of an upstream have the same data: that of the server before is not read again. */
static const struct server_params *same_as_last(const struct upstream *u, const struct znode *z)
{
	const struct server *last = u->server_count ? &u->servers[u->server_count - 1] : NULL;

	return last && last->source->size == z->size &&
			       memcmp(last->source->data, z->data, z->size) == 0
		       ? last->own
		       : NULL;
}

/* What the znode says. */
static const struct server_params *parameters(struct reader *r, const struct upstream *u)
{
	const struct server_params *same = same_as_last(u, r->znode);
	struct server_params read = unset;

	/* Curator writes the address of the client where the service gives no data. */
	if (!r->znode->size || endpoint_is_client_address(r->znode))
		return &unset;
	if (same)
		return same;
	read_parameters(r, u, &read);
	return server_params_copy(r->arena, &read);
}

bool decode_server(struct arena *a, const struct znode *z, const struct upstream *u,
		   struct server *out, struct problems *problems)
{
	struct reader r = { .arena = a, .znode = z, .problems = problems };
	char address[ADDRESS_SIZE];
	const char *name = protected_name_plain(path_name(z->path));
	const char *why = address_parse_server(name, address);

	if (why)
		reader_problem(&r, NULL, "the name \"%.80s\" %s", name, why);
	*out = (struct server){ .own = parameters(&r, u) };
	if (r.failed)
		return false;
	out->params = *out->own;
	server_params_complete(&out->params, &u->defaults);
	out->share = (double)out->params.weight;
	out->source = znode_keep_in(a, z);
	out->address = protected_name_plain(path_name(out->source->path));
	if (strcmp(out->address, address) != 0)
		out->address = arena_strdup(a, address);
	return true;
}
