/*
 * data: the data is `10.0.0.1:8080` or a URL, as plain text or as a serialised Java string (the
 * default of an old client library). The name of the znode has no meaning. Used by registrations
 * that are written by hand, by motan, and by leaders that write their address into their vote.
 */
#include "endpoint_format.h"
#include "endpoint_text.h"

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
		r->out->tls_unsaid = !endpoint_scheme_is_http(u.scheme);
		if (!r->out->port && !r->out->tls_port)
			return registration_bad(r, "has no port");
		return ENDPOINT_READ;
	}
	r->out->tls_unsaid = true;
	return registration_address(r, s, size) ? ENDPOINT_READ : ENDPOINT_BAD;
}

const struct endpoint_format endpoint_format_data = {
	.name = "data",
	.read = read,
	.base = 1,
	.trial = 3,
};
