/* See listen_address.h. Nothing is resolved: a host name is kept, in lower case. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "listen_address.h"

static long parse_number(const char *s, size_t size, long limit)
{
	long n = 0;

	if (!size || size > 5)
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = 10 * n + (s[i] - '0');
	}
	return n <= limit ? n : -1;
}

/* "80" or "8000-8003" */
static bool parse_ports(const char *s, size_t size, struct listen_address *out)
{
	const char *dash = memchr(s, '-', size);
	size_t head = dash ? (size_t)(dash - s) : size;

	out->first = out->last = parse_number(s, head, 65535);
	if (dash)
		out->last = parse_number(dash + 1, size - head - 1, 65535);
	return out->first >= 1 && out->last >= out->first;
}

static const unsigned char any_address[4] = { 0, 0, 0, 0 };
static const unsigned char loopback[4] = { 127, 0, 0, 1 };

static bool set_ipv4(const unsigned char bytes[static 4], struct listen_address *out)
{
	out->family = FAMILY_IPV4;
	out->wildcard = !bytes[0] && !bytes[1] && !bytes[2] && !bytes[3];
	if (out->wildcard)
		strcpy(out->host, "*");
	else
		snprintf(out->host, sizeof(out->host), "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2],
			 bytes[3]);
	return true;
}

/* Four decimal numbers; nginx takes leading zeros. */
static bool parse_ipv4(const char *s, size_t size, struct listen_address *out)
{
	unsigned char bytes[4] = { 0 };

	for (size_t i = 0; i < 4; i++) {
		const char *dot = i < 3 ? memchr(s, '.', size) : s + size;
		size_t part = dot ? (size_t)(dot - s) : 0;
		long n = dot ? parse_number(s, part, 255) : -1;

		if (n < 0)
			return false;
		bytes[i] = (unsigned char)n;
		if (i < 3) {
			s += part + 1;
			size -= part + 1;
		}
	}
	return set_ipv4(bytes, out);
}

static bool parse_ipv6(const char *s, size_t size, struct listen_address *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t used;

	if (size >= sizeof(text))
		return false;
	memcpy(text, s, size);
	text[size] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1)
		return false;
	out->family = FAMILY_IPV6;
	out->wildcard = IN6_IS_ADDR_UNSPECIFIED(&address);
	out->host[0] = '[';
	inet_ntop(AF_INET6, &address, out->host + 1, INET6_ADDRSTRLEN);
	used = strlen(out->host);
	out->host[used] = ']';
	out->host[used + 1] = '\0';
	return true;
}

static bool parse_host(const char *s, size_t size, struct listen_address *out)
{
	if (size == 1 && s[0] == '*')
		return set_ipv4(any_address, out);
	if (parse_ipv4(s, size, out))
		return true;
	if (size == 9 && strncasecmp(s, "localhost", size) == 0)
		return set_ipv4(loopback, out);
	if (!size || size >= ADDRESS_SIZE)
		return false;
	out->family = FAMILY_IPV4;
	for (size_t i = 0; i < size; i++)
		out->host[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];
	out->host[size] = '\0';
	return true;
}

static bool parse_unix(const char *s, size_t size, struct listen_address *out)
{
	if (!size || size >= ADDRESS_SIZE)
		return false;
	out->family = FAMILY_UNIX;
	memcpy(out->host, s, size);
	out->host[size] = '\0';
	return true;
}

bool listen_address_parse(const char *s, size_t size, long default_port, struct listen_address *out)
{
	const char *end = s + size, *bracket, *colon;

	*out = (struct listen_address){ .first = default_port, .last = default_port };
	if (size > 5 && strncasecmp(s, "unix:", 5) == 0) {
		out->first = out->last = 0;
		return parse_unix(s + 5, size - 5, out);
	}
	bracket = size && s[0] == '[' ? memchr(s, ']', size) : NULL;
	if (size && s[0] == '[' && !bracket)
		return false;
	colon = memchr(bracket ? bracket : s, ':', (size_t)(end - (bracket ? bracket : s)));
	if (!colon && !bracket && parse_ports(s, size, out))
		return set_ipv4(any_address, out);
	if (!colon)
		out->first = out->last = default_port;
	if (colon && !parse_ports(colon + 1, (size_t)(end - colon - 1), out))
		return false;
	if (out->first < 1)
		return false;
	if (bracket)
		return (colon ? colon : end) == bracket + 1 &&
		       parse_ipv6(s + 1, (size_t)(bracket - s - 1), out);
	return parse_host(s, (size_t)((colon ? colon : end) - s), out);
}

void listen_address_print(const struct listen_address *a, long port,
			  char out[static LISTEN_ADDRESS_SIZE])
{
	if (a->family == FAMILY_UNIX)
		snprintf(out, LISTEN_ADDRESS_SIZE, "unix:%.*s", ADDRESS_SIZE - 1, a->host);
	else
		snprintf(out, LISTEN_ADDRESS_SIZE, "%.*s:%ld", ADDRESS_SIZE - 1, a->host, port);
}
