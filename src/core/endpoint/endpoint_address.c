/*
 * address: the name is the address; the data may have parameters.
 *
 *	PATH/10.0.0.1:8080	empty, or nginx parameters: weight=5 max_fails=3 backup
 *	PATH/10.0.0.1_8080	HOST:PORT:WEIGHT with an ordinary weight of 1000 (Armeria)
 *	PATH/10.0.0.1:8080	{"weight":1,"max_fails":2,"fail_timeout":10,"backup":0,"down":0}
 *	PATH/10.0.0.1		{"port":8080}
 *	PATH/10.0.0.1:8080	tags, one a line: @dc1; and @params max_conns=10 fail_timeout=4s
 *	PATH/tcp@10.0.0.1:8080	weight=7&group=a (rpcx)
 *	PATH/web-10.0.0.1:8080	(a prefix before an IP address)
 *	PATH/10.0.0.1:8080;zone=a;weight=5
 *
 * Many programs write data of their own: what is no parameter is ignored. A lone IP address is no
 * data: Curator writes it by itself.
 */
#include "core/text/address.h"
#include "core/text/emit.h"
#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_params.h"
#include "endpoint_plain.h"
#include "endpoint_text.h"

#define ARMERIA_WEIGHT 1000

/* "HOST:PORT:WEIGHT" or "HOST": the name has the host and the port; only the weight is new. */
static bool read_armeria(struct registration *r, const char *text)
{
	const char *last = strrchr(text, ':');

	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "_.-:[]")] ||
	    !strpbrk(text, ".:"))
		return false;
	r->out->base = ARMERIA_WEIGHT;
	if (last && memchr(text, ':', (size_t)(last - text)))
		r->out->weight = endpoint_number(last + 1, strlen(last + 1));
	return true;
}

static void read_tags(struct registration *r, char *text)
{
	for (char *line = text; line && *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (strncmp(line, "@params", 7) == 0 && (line[7] == ' ' || line[7] == '\t'))
			registration_params(r, line + 8, " \t");
		else if (*line == '@')
			registration_tag(r, line, strlen(line));
		line = end;
	}
}

static void read_text(struct registration *r, const char *s, size_t size)
{
	char *text;

	endpoint_trim(&s, &size);
	if (!size || memchr(s, '\0', size) || endpoint_is_client_address(r->znode))
		return;
	text = arena_copy(r->arena, s, size);
	if (*text == '@')
		read_tags(r, text);
	else if (endpoint_number(text, size) >= 0)
		r->out->weight = endpoint_number(text, size);
	else if (strchr(text, '&'))
		registration_params(r, text, "&");
	else if (!read_armeria(r, text))
		registration_params(r, text, " \t\r\n");
}

static long json_number(const json_t *value, long most)
{
	json_int_t n = json_integer_value(value);

	return json_is_integer(value) && n >= 0 && n <= most ? (long)n : UNSET;
}

/* nginx-upsync's members; all members become labels. */
static void read_json(struct registration *r, const json_t *j)
{
	const json_t *timeout = json_object_get(j, "fail_timeout");
	const char *text = json_string_value(timeout);
	double seconds = endpoint_json_number(timeout);
	struct endpoint *e = r->out;

	e->weight = endpoint_json_number(json_object_get(j, "weight"));
	e->params.max_fails = json_number(json_object_get(j, "max_fails"), 65535);
	e->params.max_conns = json_number(json_object_get(j, "max_conns"), 1000000);
	if (seconds >= 0 && seconds <= 86400)
		e->params.fail_timeout = arena_printf(r->arena, "%lds", (long)seconds);
	else if (text && emit_seconds_is_valid(text))
		e->params.fail_timeout = arena_strdup(r->arena, text);
	e->params.backup = endpoint_json_is_true(json_object_get(j, "backup"));
	e->down = endpoint_json_is_true(json_object_get(j, "down"));
	registration_json_labels(r, j);
	registration_json_labels(r, json_object_get(j, "labels"));
}

/* The port follows the last `:`, or the last `_` if only digits follow it. Port 0 means no port. */
static bool read_name(struct registration *r, const char *name)
{
	const char *cut = strrchr(name, ':');
	char host[ADDRESS_SIZE];

	if (!cut && (cut = strrchr(name, '_')) &&
	    (!cut[1] || cut[1 + strspn(cut + 1, "0123456789")]))
		cut = NULL;
	if (!cut) {
		const char *why = address_parse_host(name, strlen(name), host);

		if (why)
			registration_bad(r, "has a name that is not HOST:PORT");
		else
			r->out->host = arena_strdup(r->arena, host);
		return !why;
	}
	r->out->host = registration_host(r, name, (size_t)(cut - name));
	return r->out->host && (strcmp(cut, "_0") == 0 ||
				registration_port(r, cut + 1, strlen(cut + 1), &r->out->port));
}

/*
 * The name from its IP address on: "web-10.0.0.1:8080", "Broker_[2001:db8::1]_8099". A host name
 * gives no sign of where a prefix ends.
 */
static const char *skip_prefix(const char *name)
{
	static const char prefix[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.@=-";
	const char *end = name + strspn(name, prefix), *s;
	char host[ADDRESS_SIZE];

	if (*end == '[' && end > name && strchr("_-@=/", end[-1]))
		return end;
	for (s = name; (s = strpbrk(s, "_-@=")) && s < end; s++) {
		size_t size = strspn(s + 1, "0123456789.");

		if (size && s[1 + size] && strchr(":_", s[1 + size]) &&
		    !address_parse_host(s + 1, size, host) && address_is_numeric(host))
			return s + 1;
	}
	return name;
}

/* HOST:PORT of HiveServer2's "serverUri=HOST:PORT;version=…", of rpcx's "tcp@HOST:PORT", and of
 * "HOST:PORT;NAME=VALUE;…". */
static const char *unwrap_name(struct registration *r)
{
	static const char uri[] = "serverUri=";
	const char *name = r->name, *at;
	size_t size = strcspn(name, ";");

	if (strncmp(name, uri, strlen(uri)) == 0)
		return arena_copy(r->arena, name + strlen(uri), strcspn(name + strlen(uri), ";"));
	if (name[size])
		registration_params(r, arena_strdup(r->arena, name + size + 1), ";");
	name = arena_copy(r->arena, name, size);
	at = strchr(name, '@');
	if (!at || at == name ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") != (size_t)(at - name))
		return skip_prefix(name);
	r->out->scheme = arena_copy(r->arena, name, (size_t)(at - name));
	return at + 1;
}

static enum endpoint_result read_data(struct registration *r, const char *s, size_t size)
{
	struct endpoint *e = r->out;
	json_t *j = endpoint_json(s, size);
	bool ok = true;

	if (j && !e->port)
		ok = registration_json_port(r, json_object_get(j, "port"), &e->port);
	if (j)
		read_json(r, j);
	else
		read_text(r, s, size);
	json_decref(j);
	return ok ? ENDPOINT_READ : ENDPOINT_BAD;
}

static enum endpoint_result read(struct registration *r)
{
	const char *s, *name = unwrap_name(r);
	size_t size;

	r->out->tls_unsaid = true;
	if (!read_name(r, name))
		return registration_other(r, r->why);
	/* Armeria's "_0" means that the reader knows the port. */
	if (registration_text(r, &s, &size) && read_data(r, s, size) == ENDPOINT_BAD)
		return ENDPOINT_BAD;
	if (r->out->port || (strlen(name) > 2 && strcmp(name + strlen(name) - 2, "_0") == 0))
		return ENDPOINT_READ;
	return registration_other(r, "has a name that is not HOST:PORT");
}

const struct endpoint_format endpoint_format_address = {
	.name = "address",
	.read = read,
	.base = 1,
	.by_name = true,
	.trial = 2,
};
