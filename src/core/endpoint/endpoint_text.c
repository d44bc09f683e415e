/*
 * Text in registrations: numbers, URLs and their queries, percent escapes, and the one Java object
 * that is common (a string, as an old client library wrote it). All functions take bytes with a
 * length. Decoded bytes are checked like all others.
 */
#include <strings.h>

#include "endpoint_text.h"

double endpoint_number(const char *s, size_t size)
{
	double number = 0, digit = 1;
	bool fraction = false;

	if (!size || size > 16 || s[0] == '.' || s[size - 1] == '.')
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '.' && !fraction) {
			fraction = true;
		} else if (s[i] < '0' || s[i] > '9') {
			return -1;
		} else if (fraction) {
			digit /= 10;
			number += digit * (s[i] - '0');
		} else {
			number = number * 10 + (s[i] - '0');
		}
	}
	return number;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void endpoint_trim(const char **s, size_t *size)
{
	while (*size && is_blank(**s)) {
		++*s;
		--*size;
	}
	while (*size && is_blank((*s)[*size - 1]))
		--*size;
}

/* Java's stream header, then TC_STRING with a length of two bytes. */
static const char *unwrap_java(const char **s, size_t *size)
{
	const unsigned char *bytes = (const unsigned char *)*s;
	size_t length;

	if (*size < 7 || bytes[2] != 0 || bytes[3] != 5 || bytes[4] != 0x74)
		return "is a Java object other than a string";
	length = (size_t)bytes[5] << 8 | bytes[6];
	if (length != *size - 7)
		return "is a Java string whose length is not that of its data";
	*s += 7;
	*size = length;
	return NULL;
}

bool registration_text(struct registration *r, const char **s, size_t *size)
{
	const char *why = NULL;

	*s = r->znode->data;
	*size = r->znode->size;
	if (*size >= 2 && memcmp(*s, "\xac\xed", 2) == 0) {
		why = unwrap_java(s, size);
	} else if (*size >= 3 && memcmp(*s, "\xef\xbb\xbf", 3) == 0) {
		*s += 3;
		*size -= 3;
	}
	if (why)
		registration_bad(r, "%s", why);
	return !why;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Is the '%' at s[i] followed by two digits? */
static bool is_escape(const char *s, size_t size, size_t i)
{
	return i + 2 < size && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0;
}

const char *endpoint_bad_escape(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '%' && !is_escape(s, size, i))
			return s + i;
	}
	return NULL;
}

char *endpoint_unescape(struct arena *a, const char *s, size_t size, bool plus, size_t *out_size)
{
	char *out = arena_alloc(a, size + 1);
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (s[i] == '%' && is_escape(s, size, i)) {
			out[used++] = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		} else {
			out[used++] = plus && s[i] == '+' ? ' ' : s[i];
		}
	}
	*out_size = used;
	return out;
}

/* --- URLs ----------------------------------------------------------------------------------- */

static const char *copy_scheme(struct arena *a, const char *s, size_t size)
{
	char *scheme;

	if (!size || size > 32)
		return NULL;
	scheme = arena_copy(a, s, size);
	for (char *c = scheme; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789+.-_", *c))
			return NULL;
	}
	return strlen(scheme) == size ? scheme : NULL;
}

/* The port follows the last colon, unless that is within brackets. */
static void split_port(struct url *u)
{
	const char *colon = memrchr(u->host, ':', u->host_size);
	size_t host = colon ? (size_t)(colon - u->host) : 0;

	if (!colon || u->host[u->host_size - 1] == ']')
		return;
	u->port = colon + 1;
	u->port_size = u->host_size - host - 1;
	u->host_size = host;
}

bool url_parse(struct arena *a, const char *s, size_t size, struct url *u)
{
	const char *mark = memmem(s, size, "://", 3), *end = s + size, *at;

	*u = (struct url){ 0 };
	if (!mark || !(u->scheme = copy_scheme(a, s, (size_t)(mark - s))))
		return false;
	u->host = s = mark + 3;
	while (s < end && *s != '/' && *s != '?')
		s++;
	at = memrchr(u->host, '@', (size_t)(s - u->host));
	u->host = at ? at + 1 : u->host;
	u->host_size = (size_t)(s - u->host);
	if (u->host_size)
		split_port(u);
	u->path = s;
	while (s < end && *s != '?')
		s++;
	u->path_size = (size_t)(s - u->path);
	u->query = s < end ? s + 1 : s;
	u->query_size = (size_t)(end - u->query);
	return true;
}

/* nginx speaks the protocol itself, so it has to speak TLS as well. */
static bool scheme_is_https(const char *scheme)
{
	return strcmp(scheme, "https") == 0 || strcmp(scheme, "grpcs") == 0 ||
	       strcmp(scheme, "wss") == 0;
}

/* The size of the scheme without "+ssl" or "+tls"; Kafka has "sasl_ssl". */
static size_t plain_size(const char *scheme)
{
	static const char *const ends[] = { "+ssl", "+tls", "_ssl" };
	size_t size = strlen(scheme);

	for (size_t i = 0; size > 4 && i < ARRAY_SIZE(ends); i++) {
		if (strcmp(scheme + size - 4, ends[i]) == 0)
			return size - 4;
	}
	return size;
}

bool endpoint_scheme_is_tls(const char *scheme)
{
	return scheme_is_https(scheme) || strcmp(scheme, "ssl") == 0 ||
	       strcmp(scheme, "tls") == 0 || scheme[plain_size(scheme)];
}

bool endpoint_scheme_is_wanted(const struct discover *d, const char *scheme)
{
	size_t size = strlen(d->endpoint);

	return strcasecmp(scheme, d->endpoint) == 0 ||
	       (d->tls != TLS_NEVER && plain_size(scheme) == size &&
		strncasecmp(scheme, d->endpoint, size) == 0);
}

bool registration_url(struct registration *r, const struct url *u)
{
	struct endpoint *e = r->out;
	long port = 0;

	e->scheme = u->scheme;
	e->host = registration_host(r, u->host, u->host_size);
	if (!e->host || (u->port && !registration_port(r, u->port, u->port_size, &port)))
		return false;
	if (!port && strcmp(u->scheme, "http") == 0)
		port = 80;
	if (!port && strcmp(u->scheme, "https") == 0)
		port = 443;
	if (endpoint_scheme_is_tls(u->scheme))
		e->tls_port = port;
	if (!scheme_is_https(u->scheme))
		e->port = port;
	if (u->path_size > 1)
		e->path = arena_copy(r->arena, u->path, u->path_size);
	return true;
}

bool query_next(struct arena *a, const char **query, size_t *size, const char **name,
		const char **value)
{
	const char *s = *query, *equals;
	size_t part, used;

	while (*size && *s == '&') {
		s++;
		--*size;
	}
	if (!*size)
		return false;
	equals = memchr(s, '&', *size);
	part = equals ? (size_t)(equals - s) : *size;
	*query = s + part;
	*size -= part;
	equals = memchr(s, '=', part);
	*name = endpoint_unescape(a, s, equals ? (size_t)(equals - s) : part, true, &used);
	*value = "";
	if (equals)
		*value = endpoint_unescape(a, equals + 1, part - (size_t)(equals - s) - 1, true,
					   &used);
	return true;
}

bool endpoint_scheme_is_http(const char *scheme)
{
	static const char *const schemes[] = { "http", "https", "tri", "rest", "h2", "h2c" };
	size_t size = plain_size(scheme);

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (strlen(schemes[i]) == size && strncmp(schemes[i], scheme, size) == 0)
			return true;
	}
	return false;
}
