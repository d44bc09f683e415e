/*
 * data: the data is `10.0.0.1:8080` or a URL, as plain text or as a serialised Java string (the
 * default of an old client library). The name of the znode has no meaning. Used by registrations
 * that are written by hand, by motan, and by leaders that write their address into their vote.
 *
 *	PATH/ANY	10.0.0.1:8080;weight=5;zone=a	(parameters and labels)
 *	PATH/ANY	["10.0.0.1:8080","10.0.0.2:8080"]
 */
#include "endpoint_format.h"
#include "endpoint_params.h"
#include "endpoint_text.h"

/* HOST:PORT, and what may follow it after a semicolon. */
static enum endpoint_result read_address(struct registration *r, const char *s, size_t size)
{
	const char *rest = *s == '{' ? NULL : memchr(s, ';', size);
	size_t used = rest ? (size_t)(rest - s) : size;

	r->out->tls_unsaid = true;
	if (!memchr(s, ':', used))
		return registration_other(r, "is not HOST:PORT");
	if (!registration_address(r, s, used))
		return ENDPOINT_BAD;
	if (rest && !memchr(s, '\0', size))
		registration_params(r, arena_copy(r->arena, rest + 1, size - used - 1), "; \t");
	return ENDPOINT_READ;
}

static enum endpoint_result read(struct registration *r)
{
	const char *s;
	struct url u;
	size_t size;

	if (!registration_text(r, &s, &size))
		return ENDPOINT_BAD;
	endpoint_trim(&s, &size);
	if (!size)
		return registration_other(r, "is empty");
	if (url_parse(r->arena, s, size, &u)) {
		if (!registration_url(r, &u))
			return ENDPOINT_BAD;
		r->out->tls_unsaid = r->out->port && !endpoint_scheme_is_http(u.scheme);
		if (!r->out->port && !r->out->tls_port)
			return registration_bad(r, "has no port");
		return ENDPOINT_READ;
	}
	return read_address(r, s, size);
}

const struct endpoint_format endpoint_format_data = {
	.name = "data",
	.read = read,
	.base = 1,
	.is_text = true,
	.trial = 3,
};
