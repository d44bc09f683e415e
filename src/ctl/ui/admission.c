/* Each check alone stops one kind of attack; all of them are made. */
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "admission.h"
#include "core/text/address.h"

static bool refuse(struct web_request *r, const char *why)
{
	web_refuse(r, MHD_HTTP_FORBIDDEN, "%s", why);
	return false;
}

/* "localhost", with a port or without. */
static bool is_localhost(const char *host)
{
	size_t size = strlen("localhost");

	return strncasecmp(host, "localhost", size) == 0 &&
	       (!host[size] || (host[size] == ':' &&
				address_parse_port(host + size + 1, strlen(host + size + 1))));
}

bool admission_of_host(struct web_request *r)
{
	const char *host = web_header(r, MHD_HTTP_HEADER_HOST);

	if (host && (is_localhost(host) || address_is_numeric(host)))
		return true;
	return refuse(r, "the Host header is not an address: use http://ADDRESS:PORT/ or "
			 "http://localhost:PORT/");
}

/* "http://HOST" of this request. */
static bool is_own_origin(const struct web_request *r, const char *origin)
{
	const char *host = web_header(r, MHD_HTTP_HEADER_HOST);

	return host && strncasecmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0;
}

bool admission_of_data(struct web_request *r)
{
	const char *origin = web_header(r, MHD_HTTP_HEADER_ORIGIN);
	const char *site = web_header(r, "Sec-Fetch-Site");

	if (origin && !is_own_origin(r, origin))
		return refuse(r, "the request comes from a page of another origin");
	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return refuse(r, "the request comes from a page of another site");
	return true;
}

/* In a time that does not depend on where they differ. */
static bool same_token(const char *a, const char *b)
{
	unsigned char difference = 0;

	if (strlen(a) != strlen(b))
		return false;
	for (size_t i = 0; a[i]; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return difference == 0;
}

static bool is_json(const char *type)
{
	size_t size = strlen("application/json");

	return type && strncasecmp(type, "application/json", size) == 0 &&
	       (type[size] == '\0' || type[size] == ';' || type[size] == ' ');
}

bool admission_of_action(struct web_request *r, const char *token)
{
	const char *given = web_header(r, "X-Zknginx-Token");

	if (!token)
		return refuse(r, "this page is read-only: it was started without --allow-actions");
	if (!web_header(r, MHD_HTTP_HEADER_ORIGIN))
		return refuse(r, "the request has no Origin header");
	if (!admission_of_data(r))
		return false;
	if (!is_json(web_header(r, MHD_HTTP_HEADER_CONTENT_TYPE)))
		return refuse(r, "the Content-Type is not application/json");
	if (!given || !same_token(given, token))
		return refuse(r, "the token is missing or wrong: open the URL that zknginxctl has "
				 "printed");
	return true;
}
