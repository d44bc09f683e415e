/*
 * nerve: SmartStack's JSON, as nerve and Yelp's tools write it.
 *
 *	PATH/INSTANCE_0000000012	{"host":"10.0.0.1","port":8080,"name":"i-1","weight":10,
 *					 "haproxy_server_options":"backup","labels":{"az":"a"}}
 *
 * With path encoding the name itself is the registration: base64_LENGTH_BASE64_SEQUENCE. LENGTH is
 * the length of BASE64, whose alphabet includes `_`. Where the name cannot be decoded, the data is
 * read.
 */
#include "endpoint_format.h"
#include "endpoint_json.h"

#define PREFIX "base64_"

/* The value of a byte of the URL-safe alphabet; -1: the byte is not in it. */
static int sextet(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static char *decode_base64(struct arena *a, const char *s, size_t size, size_t *out_size)
{
	char *out = arena_alloc(a, size / 4 * 3 + 4);
	unsigned bits = 0, value = 0;
	size_t used = 0;

	while (size && s[size - 1] == '=')
		size--;
	for (size_t i = 0; i < size; i++) {
		int six = sextet(s[i]);

		if (six < 0)
			return NULL;
		value = (value << 6 | (unsigned)six) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[used++] = (char)(value >> bits);
		}
	}
	*out_size = used;
	return out;
}

/* The JSON object in the name, or NULL. */
static json_t *json_in_name(struct registration *r)
{
	size_t digits, length = 0, size;
	const char *s, *text;

	if (strncmp(r->name, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	s = r->name + strlen(PREFIX);
	digits = strspn(s, "0123456789");
	if (!digits || digits > 5 || s[digits] != '_')
		return NULL;
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (size_t)(s[i] - '0');
	s += digits + 1;
	if (strlen(s) < length || (s[length] && s[length] != '_'))
		return NULL;
	text = decode_base64(r->arena, s, length, &size);
	return text ? endpoint_json(text, size) : NULL;
}

static bool has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += size) {
		if ((at == words || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	}
	return false;
}

static enum endpoint_result read_backend(struct registration *r, const json_t *j)
{
	const json_t *host = json_object_get(j, "host"), *port = json_object_get(j, "port");
	const char *options = json_string_value(json_object_get(j, "haproxy_server_options"));
	struct endpoint *e = r->out;

	if (!host && !port)
		return registration_other(r, "has no host");
	if (!registration_json_host(r, host, &e->host) ||
	    !registration_json_port(r, port, &e->port))
		return ENDPOINT_BAD;
	if (!e->host || !e->port)
		return registration_bad(r, e->host ? "has no port" : "has no host");
	e->tls_unsaid = true;
	e->weight = endpoint_json_number(json_object_get(j, "weight"));
	if (options) {
		e->params.backup = has_word(options, "backup");
		e->down = has_word(options, "disabled");
	}
	registration_json_labels(r, json_object_get(j, "labels"));
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	enum endpoint_result result;
	json_t *j = json_in_name(r);

	if (!j && !r->znode->size)
		return registration_other(r, "is empty");
	if (!j)
		return registration_json(r, read_backend);
	result = read_backend(r, j);
	json_decref(j);
	return result;
}

static const struct endpoint_sign signs[] = { { "host", "port", 1 } };

const struct endpoint_format endpoint_format_nerve = {
	.name = "nerve",
	.read = read,
	.base = 1,
	.signs = signs,
	.sign_count = ARRAY_SIZE(signs),
	.name_prefix = PREFIX,
};
