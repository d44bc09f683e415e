/* See decode_stream.h. */
#include <string.h>

#include "checks.h"
#include "core/text/network.h"
#include "decode_stream.h"

#define NAME_LIMIT 1000
#define RULE_LIMIT 1000

/* --- TLS ------------------------------------------------------------------------------------- */

void decode_stream_tls(struct reader *r, const json_t *value, void *where)
{
	static const struct field rows[] = {
		{ "certificate", FIELD_TEXT, .where = offsetof(struct site, certificate),
		  .required = true, .check = check_path },
		{ "key", FIELD_TEXT, .where = offsetof(struct site, key), .required = true,
		  .check = check_path },
	};
	static const struct fields fields = FIELDS(rows);

	if (reader_is_object(r, value))
		fields_read(r, value, &fields, where);
}

/* --- the name that the client asks for ------------------------------------------------------- */

static bool has_name(const struct stream_fields *s, const char *name)
{
	for (size_t i = 0; i < s->sni_count; i++) {
		if (strcmp(s->sni[i].name, name) == 0)
			return true;
	}
	return false;
}

/* NULL and a problem: it is no server name. */
static const char *read_name(struct reader *r, const struct stream_fields *s, const char *name)
{
	char *lower = arena_strdup(r->arena, name);

	if (!reader_checked(r, name, check_server_name))
		return NULL;
	for (char *c = lower; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	if (!has_name(s, lower))
		return lower;
	reader_problem(r, NULL, "\"%.80s\" is listed twice", lower);
	return NULL;
}

void decode_stream_sni(struct reader *r, const json_t *value, void *where)
{
	struct stream_fields *s = &((struct site *)where)->stream;
	size_t count = json_object_size(value);
	const char *key;
	json_t *item;

	if (!reader_is_object(r, value))
		return;
	if (!count || count > NAME_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d names, found %zu", NAME_LIMIT, count);
		return;
	}
	s->sni = arena_array(r->arena, struct sni, count);
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		size_t mark = reader_enter(r, key, 0);
		const char *name = read_name(r, s, key), *target = reader_text(r, item);

		target = target ? reader_checked(r, target, check_upstream) : NULL;
		if (name && target)
			s->sni[s->sni_count++] = (struct sni){ name, target };
		reader_leave(r, mark);
	}
}

/* --- access ---------------------------------------------------------------------------------- */

static const char *check_network(const struct reader *r UNUSED, const char *s)
{
	struct network n;

	return strcmp(s, "all") == 0 || !network_parse(s, &n)
		       ? NULL
		       : "is neither an address nor a network such as 10.0.0.0/8, nor \"all\"";
}

static void read_networks(struct reader *r, const json_t *value, const char ***list, size_t *count)
{
	size_t most = json_array_size(value);

	if (!reader_is_array(r, value))
		return;
	if (!most || most > RULE_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d networks, found %zu", RULE_LIMIT, most);
		return;
	}
	*list = arena_array(r->arena, const char *, most);
	for (size_t i = 0; i < most; i++) {
		size_t mark = reader_enter(r, NULL, i);
		const char *s = reader_text(r, json_array_get(value, i));

		s = s ? reader_checked(r, s, check_network) : NULL;
		if (s)
			(*list)[(*count)++] = s;
		reader_leave(r, mark);
	}
}

static void read_allow(struct reader *r, const json_t *value, void *where)
{
	struct stream_fields *s = where;

	read_networks(r, value, &s->allow, &s->allow_count);
}

static void read_deny(struct reader *r, const json_t *value, void *where)
{
	struct stream_fields *s = where;

	read_networks(r, value, &s->deny, &s->deny_count);
}

void decode_stream_access(struct reader *r, const json_t *value, void *where)
{
	static const struct field rows[] = {
		{ "allow", FIELD_CUSTOM, .read = read_allow },
		{ "deny", FIELD_CUSTOM, .read = read_deny },
	};
	static const struct fields fields = FIELDS(rows);
	struct stream_fields *s = &((struct site *)where)->stream;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &fields, s);
	if (!s->allow_count && !s->deny_count && !r->failed)
		reader_problem(r, NULL, "needs allow or deny");
}

/* --- the rest -------------------------------------------------------------------------------- */

void decode_stream_proxy_protocol(struct reader *r, const json_t *value, void *where)
{
	if (!json_is_boolean(value))
		reader_problem(r, NULL, "expected true or false");
	((struct site *)where)->stream.proxy_protocol = json_is_true(value);
}

void decode_stream_udp(struct reader *r, const json_t *value, void *where)
{
	static const struct field rows[] = {
		{ "requests", FIELD_NUMBER, .where = offsetof(struct stream_fields, requests),
		  .least = 1, .most = 1000000 },
		{ "responses", FIELD_NUMBER, .where = offsetof(struct stream_fields, responses),
		  .most = 1000000 },
	};
	static const struct fields fields = FIELDS(rows);

	((struct site *)where)->stream.udp = true;
	if (reader_is_object(r, value))
		fields_read(r, value, &fields, &((struct site *)where)->stream);
}

static bool has_udp(const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (strstr(site->listens[i].options, "udp"))
			return true;
	}
	return false;
}

void decode_stream_finish(struct reader *r, const struct site *site)
{
	const struct stream_fields *s = &site->stream;
	bool udp = has_udp(site);

	if (udp && s->sni_count)
		reader_problem(r, "sni", "is not possible with a listen of UDP");
	if (udp && site->certificate)
		reader_problem(r, "tls", "is not possible with a listen of UDP");
	if (!udp && s->udp)
		reader_problem(r, "udp", "needs a listen with udp, such as \"53 udp\"");
}
