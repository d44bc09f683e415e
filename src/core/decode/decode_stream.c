/* See decode_stream.h. */
#include <string.h>

#include "checks.h"
#include "decode_stream.h"

#define NAME_LIMIT 1000

/* --- TLS ------------------------------------------------------------------------------------- */

static const struct field tls_rows[] = {
	{ "certificate", FIELD_TEXT, .where = offsetof(struct site, certificate), .required = true,
	  .check = check_path },
	{ "key", FIELD_TEXT, .where = offsetof(struct site, key), .required = true,
	  .check = check_path },
};
const struct fields decode_stream_tls_fields = FIELDS(tls_rows);

/* --- the name that the client asks for ------------------------------------------------------- */

static bool has_name(const struct stream_fields *s, const char *name)
{
	for (size_t i = 0; i < s->sni_count; i++) {
		if (strcmp(s->sni[i].name, name) == 0)
			return true;
	}
	return false;
}

/* nginx's map would take a regular expression, but it is written as a plain word. */
static const char *check_sni_name(const struct reader *r, const char *s)
{
	return *s == '~' || check_server_name(r, s)
		       ? "is not a host name, \".name\", \"*.name\" or \"name.*\""
		       : NULL;
}

/* NULL and a problem: it is no server name. */
static const char *read_name(struct reader *r, const struct stream_fields *s, const char *name)
{
	char *lower = arena_strdup(r->arena, name);

	if (!reader_checked(r, name, check_sni_name))
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

static const struct field decode_udp_rows[] = {
	{ "requests", FIELD_NUMBER, .where = offsetof(struct stream_fields, requests), .least = 1,
	  .most = 1000000 },
	{ "responses", FIELD_NUMBER, .where = offsetof(struct stream_fields, responses),
	  .most = 1000000 },
};
const struct fields decode_udp_fields = FIELDS(decode_udp_rows);

/* --- UDP ------------------------------------------------------------------------------------- */

void decode_stream_udp(struct reader *r, const json_t *value, void *where)
{
	((struct site *)where)->stream.udp = true;
	if (reader_is_object(r, value))
		fields_read(r, value, &decode_udp_fields, &((struct site *)where)->stream);
}

static bool has_udp(const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (strstr(site->listens[i].options, "udp"))
			return true;
	}
	return false;
}

void decode_stream_check(struct reader *r, const struct site *site)
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
