/* What every format does with a registration: reasons, hosts, ports, labels. */
#include <stdarg.h>
#include <stdio.h>

#include "core/text/address.h"
#include "registration.h"

enum endpoint_result registration_bad(struct registration *r, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->why = arena_strdup(r->arena, text);
	return ENDPOINT_BAD;
}

enum endpoint_result registration_other(struct registration *r, const char *why)
{
	r->why = why;
	return r->znode->owner == 0 ? ENDPOINT_OTHER : ENDPOINT_BAD;
}

/* --- hosts, ports, labels ------------------------------------------------------------------- */

const char *registration_host(struct registration *r, const char *s, size_t size)
{
	char host[ADDRESS_SIZE];
	const char *why = size ? address_parse_host(s, size, host) : NULL;

	if (!size)
		registration_bad(r, "has no host");
	else if (why)
		registration_bad(r, "has the host \"%.*s\", which %s", size > 80 ? 80 : (int)size,
				 s, why);
	else
		return arena_strdup(r->arena, host);
	return NULL;
}

bool registration_port(struct registration *r, const char *s, size_t size, long *port)
{
	*port = address_parse_port(s, size);
	if (*port)
		return true;
	registration_bad(r, "has the port \"%.*s\", which is not a number from 1 to 65535",
			 size > 20 ? 20 : (int)size, s);
	return false;
}

bool registration_address(struct registration *r, const char *s, size_t size)
{
	const char *colon = memrchr(s, ':', size);
	size_t host = colon ? (size_t)(colon - s) : 0;

	if (!colon) {
		registration_bad(r, "is not HOST:PORT");
		return false;
	}
	r->out->host = registration_host(r, s, host);
	return r->out->host && registration_port(r, colon + 1, size - host - 1, &r->out->port);
}

/* Room for 4, 8, 16, …: most have few, and of registrations there are many. */
static void grow_labels(struct arena *a, struct endpoint *e)
{
	size_t n = e->label_count;
	struct label *more;

	if (n && (n < 4 || (n & (n - 1))))
		return;
	more = arena_array(a, struct label, n ? 2 * n : 4);
	if (n)
		memcpy(more, e->labels, n * sizeof(*more));
	e->labels = more;
}

void registration_label(struct registration *r, const char *name, const char *value)
{
	struct endpoint *e = r->out;

	if (!name || !value || e->label_count == ENDPOINT_LABELS_MAX)
		return;
	grow_labels(r->arena, e);
	e->labels[e->label_count++] =
		(struct label){ arena_strdup(r->arena, name), arena_strdup(r->arena, value) };
}

void registration_tag(struct registration *r, const char *tag, size_t size)
{
	registration_label(r, arena_copy(r->arena, tag, size), "");
}

const char *endpoint_label(const struct endpoint *e, const char *name)
{
	for (size_t i = 0; i < e->label_count; i++) {
		if (strcmp(e->labels[i].name, name) == 0)
			return e->labels[i].value;
	}
	return NULL;
}
