/* Text in registrations: numbers, URLs, percent escapes. All take bytes with a length. */
#ifndef ZKNGINX_CORE_ENDPOINT_TEXT_H
#define ZKNGINX_CORE_ENDPOINT_TEXT_H

#include "registration.h"

/* "7", "0.5"; < 0: it is no number. */
double endpoint_number(const char *s, size_t size);
/* Removes white space at both ends. */
void endpoint_trim(const char **s, size_t *size);
/*
 * The data as text, without a byte order mark, and without the header of a serialised Java
 * string. False and r->why: it is another Java object.
 */
bool registration_text(struct registration *r, const char **s, size_t *size);
/* The first '%' that is not followed by two hexadecimal digits, or NULL. */
const char *endpoint_bad_escape(const char *s, size_t size);
/* Decodes %XX and (with plus) '+'. Returns *out_size bytes of any value and a NUL, in the arena. */
char *endpoint_unescape(struct arena *a, const char *s, size_t size, bool plus, size_t *out_size);

/* SCHEME://[USER@]HOST[:PORT][/PATH][?QUERY] */
struct url {
	const char *scheme; /* lower case, in the arena */
	const char *host, *port, *path, *query;
	size_t host_size, port_size, path_size, query_size;
};
/* False: it is no URL. All but the scheme points into s. */
bool url_parse(struct arena *a, const char *s, size_t size, struct url *u);
/* Host, port, scheme and path into out; https, grpcs and wss have a TLS port. That of other schemes
 * with TLS ("pulsar+ssl") is both, as an upstream may pass the bytes through. */
bool registration_url(struct registration *r, const struct url *u);
/* The next NAME=VALUE of a query, both decoded, in the arena; false at the end. */
bool query_next(struct arena *a, const char **query, size_t *size, const char **name,
		const char **value);

/* Does HTTP/1 or HTTP/2 run over it? Also with "+ssl" or "+tls" at its end. */
bool endpoint_scheme_is_http(const char *scheme);
/* Is it TLS by its name, as "https", "ssl", "pulsar+ssl"? */
bool endpoint_scheme_is_tls(const char *scheme);
/* Is it the upstream's `endpoint`? "pulsar" is also what "pulsar+ssl" speaks, where the upstream
 * uses TLS. */
bool endpoint_scheme_is_wanted(const struct discover *d, const char *scheme);

#endif
