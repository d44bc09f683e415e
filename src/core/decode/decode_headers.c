/*
 * Objects of headers: {"X-Frame-Options": "DENY"}, and for an answer also
 * {"X-Frame-Options": {"value": "DENY", "always": false}}.
 */
#include <string.h>
#include <strings.h>

#include <zknginx/model.h>

#include "checks.h"
#include "decode_headers.h"

#define HEADER_LIMIT 64

struct headers {
	struct header **list;
	size_t *count;
	bool answer; /* of an answer: a value may be an object */
	text_check *check;
};

static bool has_header(const struct headers *h, const char *name)
{
	for (size_t i = 0; i < *h->count; i++) {
		if (strcasecmp((*h->list)[i].name, name) == 0)
			return true;
	}
	return false;
}

struct parts {
	const char *value;
	int always;
};

static const struct field decode_header_rows[] = {
	{ "value", FIELD_TEXT, .where = offsetof(struct parts, value), .required = true,
	  .check = check_value },
	{ "always", FIELD_TRISTATE, .where = offsetof(struct parts, always) },
};
const struct fields decode_header_fields = FIELDS(decode_header_rows);

/* {"value": …, "always": …} */
static void read_object(struct reader *r, const json_t *value, struct header *header)
{
	struct parts parts = { .always = 1 };

	fields_read(r, value, &decode_header_fields, &parts);
	header->value = parts.value;
	header->success_only = !parts.always;
}

static void read_header_value(struct reader *r, const json_t *value, const struct headers *h,
			      struct header *header)
{
	const char *text;

	if (h->answer && json_is_object(value)) {
		read_object(r, value, header);
		return;
	}
	text = reader_text(r, value);
	if (text)
		header->value = reader_checked(r, text, h->check);
}

static void read_header(struct reader *r, const char *name, const json_t *value, struct headers *h)
{
	/* a name that is none may be a whole header line, with its value */
	bool is_name = !strchr(name, ':') && strlen(name) < 64;
	size_t mark = reader_enter(r, is_name ? name : "(name)", 0);
	struct header header = { .name = reader_checked(r, name, check_header_name) };

	read_header_value(r, value, h, &header);
	if (has_header(h, name))
		reader_problem(r, NULL, "is set twice (header names are case-insensitive)");
	if (header.name && header.value)
		(*h->list)[(*h->count)++] = header;
	reader_leave(r, mark);
}

static void read_headers(struct reader *r, const json_t *value, struct headers h)
{
	const char *name;
	json_t *text;

	if (!reader_is_object(r, value))
		return;
	if (json_object_size(value) > HEADER_LIMIT) {
		reader_problem(r, NULL, "has more than %d headers", HEADER_LIMIT);
		return;
	}
	*h.list = arena_array(r->arena, struct header, json_object_size(value));
	json_object_foreach((json_t *)(uintptr_t)value, name, text) read_header(r, name, text, &h);
}

void decode_request_headers(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;

	read_headers(r, value,
		     (struct headers){ &l->request_headers, &l->request_header_count, false,
				       check_value });
}

void decode_param_texts(struct reader *r, const json_t *value, struct location *l)
{
	read_headers(r, value,
		     (struct headers){ &l->request_headers, &l->request_header_count, false,
				       check_body });
}

void decode_response_headers(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;

	read_headers(r, value,
		     (struct headers){ &l->response_headers, &l->response_header_count, true,
				       check_value });
}

/* A site's headers, and that of hsts: whichever field is read first. */
static struct header *add_header(struct reader *r, struct site *s, struct header header)
{
	struct header *all = arena_array(r->arena, struct header, s->header_count + 1);

	for (size_t i = 0; i < s->header_count; i++) {
		all[i] = s->headers[i];
		if (strcasecmp(all[i].name, header.name) == 0)
			reader_problem(r, NULL, "\"%s\" is set by headers and by tls.hsts",
				       header.name);
	}
	all[s->header_count++] = header;
	return s->headers = all;
}

void decode_site_headers(struct reader *r, const json_t *value, void *where)
{
	struct header *list = NULL;
	unsigned found = r->found;
	size_t count = 0;

	read_headers(r, value, (struct headers){ &list, &count, true, check_value });
	for (size_t i = 0; i < count && found == r->found; i++) {
		if (strcasecmp(list[i].name, "Content-Type") == 0)
			reader_problem(r, list[i].name,
				       "is a header of one location: expected it in its "
				       "response_headers");
		add_header(r, where, list[i]);
	}
}

struct hsts {
	long max_age;
	bool include_subdomains, preload;
};

static const struct field decode_hsts_rows[] = {
	{ "max_age", FIELD_NUMBER, .where = offsetof(struct hsts, max_age), .most = 1000000000 },
	{ "include_subdomains", FIELD_BOOL, .where = offsetof(struct hsts, include_subdomains) },
	{ "preload", FIELD_BOOL, .where = offsetof(struct hsts, preload) },
};
const struct fields decode_hsts_fields = FIELDS(decode_hsts_rows);

static void read_hsts_object(struct reader *r, const json_t *value, struct hsts *hsts)
{
	if (reader_is_object(r, value))
		fields_read(r, value, &decode_hsts_fields, hsts);
}

void decode_hsts(struct reader *r, const json_t *value, void *where)
{
	struct hsts hsts = { .max_age = 31536000 };

	if (json_is_false(value))
		return;
	if (!json_is_true(value))
		read_hsts_object(r, value, &hsts);
	if (hsts.preload && (!hsts.include_subdomains || hsts.max_age < 31536000))
		reader_problem(r, "preload",
			       "needs include_subdomains and a max_age of at least 31536000");
	add_header(r, where,
		   (struct header){ .name = "Strict-Transport-Security",
				    .value = arena_printf(
					    r->arena, "max-age=%ld%s%s", hsts.max_age,
					    hsts.include_subdomains ? "; includeSubDomains" : "",
					    hsts.preload ? "; preload" : "") });
}
