/* The servers that the relay may connect to, from the resolver's text. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_parts.h"
#include "sys/timing.h"

/* "127.0.0.1:2181", "::1:2181" */
static bool parse_address(char *text, struct relay_server *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->address;
	char *port = strrchr(text, ':');
	in_port_t number;

	if (!port)
		return false;
	*port++ = '\0';
	number = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = number;
		out->size = sizeof(*in);
		snprintf(out->name, sizeof(out->name), "%s:%s", text, port);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = number;
		out->size = sizeof(*in6);
		snprintf(out->name, sizeof(out->name), "[%s]:%s", text, port);
	}
	return out->size;
}

/* "ADDRESS HOST", as the resolver says it. */
static bool parse_server(char *text, struct relay_server *out)
{
	char *host = strchr(text, ' ');

	*out = (struct relay_server){ 0 };
	if (host)
		*host++ = '\0';
	if (!parse_address(text, out))
		return false;
	snprintf(out->host, sizeof(out->host), "%s", host ?: "");
	return true;
}

static void shuffle(struct relay_server *servers, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = timing_random(i);
		struct relay_server moved = servers[i - 1];

		servers[i - 1] = servers[other];
		servers[other] = moved;
	}
}

struct relay_server *relay_servers(char *addresses, size_t *count)
{
	struct relay_server *servers = NULL;
	char *one;

	*count = 0;
	while ((one = strsep(&addresses, ","))) {
		servers = xrealloc(servers, (*count + 1) * sizeof(*servers));
		*count += parse_server(one, &servers[*count]);
	}
	shuffle(servers, *count);
	return servers;
}
