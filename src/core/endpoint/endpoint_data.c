/*
 * data: whatever the name, the data says where: `10.0.0.1:8080`, or a URL, alone on a
 * line or wrapped as a Java string (the default of an old client library). Hand-made
 * registrations, motan's, leaders that write their address into their vote.
 */
#include "endpoint_parts.h"

enum endpoint_verdict endpoint_read_data(struct registration *r)
{
	const char *s;
	struct url u;
	size_t size;

	if (!registration_text(r, &s, &size))
		return ENDPOINT_BAD;
	endpoint_trim(&s, &size);
	if (!size) {
		registration_bad(r, "is empty");
		return registration_other(r);
	}
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
