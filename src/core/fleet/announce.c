/*
 * Curator's ServiceInstance, with all the members that its own serialiser writes, nulls
 * included: some readers ask for each of them. The service's name is the last step of the
 * path, as it is for ServiceDiscovery, which makes PATH of basePath and name.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "announce.h"
#include "core/text/address.h"

/* Curator writes IPv6 without brackets. */
static char *bare_host(const char *address, size_t size)
{
	bool bracketed = size >= 2 && address[0] == '[' && address[size - 1] == ']';

	return xasprintf("%.*s", (int)(bracketed ? size - 2 : size), address + bracketed);
}

/* NULL when a string is not UTF-8: JSON cannot carry it. */
static json_t *instance(const char *name, const char *host, const char *at, int port,
			uint64_t registered)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:n, s:n, s:I, s:s, s:n}", "name", name, "id", host,
			 "address", at, "port", port, "sslPort", "payload", "registrationTimeUTC",
			 (json_int_t)(registered / USEC_PER_MSEC), "serviceType", "DYNAMIC",
			 "uriSpec");
}

bool announce_print(const char *service_path, const char *host, const char *address,
		    uint64_t registered, struct buf *out)
{
	char canonical[ADDRESS_SIZE];
	CLEANUP(freep) char *at = NULL, *text = NULL;
	json_auto_t *j = NULL;
	const char *colon;

	if (address_parse_server(address, canonical))
		return false;
	colon = strrchr(canonical, ':');
	at = bare_host(canonical, (size_t)(colon - canonical));
	j = instance(path_name(service_path), host, at,
		     (int)address_parse_port(colon + 1, strlen(colon + 1)), registered);
	if (!j)
		return false;
	text = json_dumps(j, JSON_COMPACT);
	if (!text)
		die("announce: no memory for the instance of %s", host);
	buf_puts(out, text);
	return true;
}
