/*
 * Who may come in: addresses, passwords, an answer of another service; and which address a client
 * has behind a load balancer.
 */
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/variable.h"
#include "decode_access.h"

#define NETWORKS_MOST 1000

static void read_allow(struct reader *r, const json_t *value, void *where)
{
	struct access *access = where;

	access->allow = reader_texts(r, value, NETWORKS_MOST, check_network, &access->allow_count);
}

static void read_deny(struct reader *r, const json_t *value, void *where)
{
	struct access *access = where;

	access->deny = reader_texts(r, value, NETWORKS_MOST, check_network, &access->deny_count);
}

static const struct field decode_access_rows[] = {
	{ "allow", FIELD_CUSTOM, .read = read_allow, .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "deny", FIELD_CUSTOM, .read = read_deny, .shape = SHAPE_TEXT | SHAPE_TEXTS },
};
const struct fields decode_access_fields = FIELDS(decode_access_rows);

void decode_access(struct reader *r, const json_t *value, void *where)
{
	struct access *access = arena_new_of(r->arena, struct access);
	struct common *common = where;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &decode_access_fields, access);
	if (!access->allow_count && !access->deny_count && !r->failed)
		reader_problem(r, NULL, "needs allow or deny");
	common->access = access;
}

struct basic_auth {
	const char *realm, *users;
};

static const struct field decode_basic_auth_rows[] = {
	{ "realm", FIELD_TEXT, .where = offsetof(struct basic_auth, realm), .check = check_line },
	{ "users", FIELD_TEXT, .where = offsetof(struct basic_auth, users), .required = true,
	  .check = check_path },
};
const struct fields decode_basic_auth_fields = FIELDS(decode_basic_auth_rows);

/* nginx puts it into a quoted string of the header, as it is. */
static const char *quoted(struct arena *a, const char *realm)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (; *realm; realm++) {
		if (*realm == '"' || *realm == '\\')
			buf_putc(&text, '\\');
		buf_putc(&text, *realm);
	}
	return arena_strdup(a, buf_str(&text));
}

static void read_users(struct reader *r, const json_t *value, void *where)
{
	struct basic_auth auth = { .realm = "Restricted" };

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &decode_basic_auth_fields, &auth);
	if (auth.realm && strcmp(auth.realm, "off") == 0)
		reader_problem(r, "realm", "\"off\" would switch the passwords off");
	if (!auth.realm || !auth.users)
		return;
	clauses_add_word(r->arena, where, r->path, "auth_basic", quoted(r->arena, auth.realm));
	clauses_add_word(r->arena, where, r->path, "auth_basic_user_file", auth.users);
}

void decode_basic_auth(struct reader *r, const json_t *value, void *where)
{
	if (json_is_false(value))
		clauses_add_word(r->arena, where, r->path, "auth_basic", "off");
	else
		read_users(r, value, where);
}

/* --- auth_request ---------------------------------------------------------------------------- */

/* A variable's name; nginx's own cannot be set. */
static const char *check_new_variable(const struct reader *r UNUSED, const char *s)
{
	size_t size = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (!size || s[size] || size > 63 || (s[0] >= '0' && s[0] <= '9'))
		return "is not the name of a variable (a-z, 0-9 and _)";
	if (strncmp(s, "zknginx_", 8) == 0)
		return "is the name of a variable of zknginxd";
	return variable_is_known(s, size) ? "is a variable that nginx has itself" : NULL;
}

static void read_set(struct reader *r, const json_t *value, void *where)
{
	const char *name;
	json_t *member;

	if (!reader_is_object(r, value))
		return;
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		size_t mark = reader_enter(r, name, 0);
		const char *known = reader_checked(r, name, check_new_variable);
		const char *text = reader_text(r, member);

		text = text ? reader_checked(r, text, check_line) : NULL;
		if (known && text) {
			struct clause *s =
				clauses_add(r->arena, where, r->path, "auth_request_set", 2);

			s->words[s->count++] = arena_printf(r->arena, "$%s", known);
			s->words[s->count++] = text;
		}
		reader_leave(r, mark);
	}
}

static const struct field decode_auth_request_rows[] = {
	{ "path", FIELD_LINE_TEXT, .required = true, .check = check_literal_uri,
	  .directive = "auth_request" },
	{ "set", FIELD_CUSTOM, .read = read_set, .shape = SHAPE_MAP },
};
const struct fields decode_auth_request_fields = FIELDS(decode_auth_request_rows);

static void read_auth_request(struct reader *r, const json_t *value, struct clauses *lines)
{
	if (reader_is_object(r, value))
		fields_read(r, value, &decode_auth_request_fields, lines);
}

void decode_auth_request(struct reader *r, const json_t *value, void *where)
{
	const char *s;

	if (json_is_false(value)) {
		clauses_add_word(r->arena, where, r->path, "auth_request", "off");
	} else if (json_is_string(value)) {
		s = reader_checked(r, json_string_value(value), check_literal_uri);
		if (s)
			clauses_add_word(r->arena, where, r->path, "auth_request", s);
	} else {
		read_auth_request(r, value, where);
	}
}

/* --- real_ip --------------------------------------------------------------------------------- */

static const char *check_trusted(const struct reader *r, const char *s)
{
	return strcmp(s, "all") == 0 ? "would believe every client: name the load balancers"
				     : check_network(r, s);
}

static const char *check_real_ip_header(const struct reader *r, const char *s)
{
	return strcmp(s, "proxy_protocol") == 0 ? NULL : check_header_name(r, s);
}

static void read_from(struct reader *r, const json_t *value, void *where)
{
	size_t count;
	const char **list = reader_texts(r, value, NETWORKS_MOST, check_trusted, &count);

	for (size_t i = 0; i < count; i++)
		clauses_add_word(r->arena, where, r->path, "set_real_ip_from", list[i]);
}

static const struct field decode_real_ip_rows[] = {
	{ "from", FIELD_CUSTOM, .required = true, .read = read_from,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "header", FIELD_LINE_TEXT, .check = check_real_ip_header, .directive = "real_ip_header" },
	{ "recursive", FIELD_LINE_FLAG, .directive = "real_ip_recursive" },
};
const struct fields decode_real_ip_fields = FIELDS(decode_real_ip_rows);

void decode_real_ip(struct reader *r, const json_t *value, void *where)
{
	if (reader_is_object(r, value))
		fields_read(r, value, &decode_real_ip_fields, where);
}
