/*
 * Addresses, parsed strictly: nginx accepts "127.1", "010.0.0.1" and "unix:80", but with another
 * meaning than the operator's. Numeric addresses are printed from their bytes, so that one server
 * has one spelling and duplicates are found. Nothing here resolves a name.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "address.h"

static const char digits[] = "0123456789";
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

long address_parse_port(const char *s, size_t size)
{
	long port = 0;

	if (size < 1 || size > 5 || s[0] == '0')
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		port = port * 10 + (s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

static bool port_is_valid(const char *s)
{
	return address_parse_port(s, strlen(s)) > 0;
}

/* Four numbers without leading zeros: inet_pton() of some libraries takes more. */
static bool ipv4_parse(const char *s, size_t size, unsigned char bytes[static 4])
{
	const char *end = s + size;

	for (unsigned i = 0; i < 4; i++) {
		unsigned value = 0;
		const char *start = s;

		for (; s < end && *s >= '0' && *s <= '9' && s - start < 3; s++)
			value = value * 10 + (unsigned)(*s - '0');
		if (s == start || value > 255 || (*start == '0' && s - start > 1))
			return false;
		if (i < 3 && (s == end || *s++ != '.'))
			return false;
		bytes[i] = (unsigned char)value;
	}
	return s == end;
}

static bool ipv6_parse(const char *s, size_t size, struct in6_addr *address)
{
	char text[INET6_ADDRSTRLEN];

	if (size >= sizeof(text) || strspn(s, "0123456789abcdefABCDEF:.") < size)
		return false;
	memcpy(text, s, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, address) == 1;
}

/* 0.0.0.0/8, multicast and broadcast: no server has such an address. */
static bool ipv4_is_unroutable(const unsigned char bytes[static 4])
{
	return bytes[0] == 0 || (bytes[0] >= 224 && bytes[0] <= 239) ||
	       (bytes[0] == 255 && bytes[1] == 255 && bytes[2] == 255 && bytes[3] == 255);
}

static bool ipv6_is_unroutable(const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return ipv4_is_unroutable(address->s6_addr + 12);
	return IN6_IS_ADDR_UNSPECIFIED(address) || IN6_IS_ADDR_MULTICAST(address);
}

bool host_name_is_valid(const char *s, size_t size)
{
	const char *end = s + size;

	if (!size || size > 253)
		return false;
	for (;; s++) {
		size_t label = strspn(s, name_bytes);

		if (label > (size_t)(end - s))
			label = (size_t)(end - s);
		if (!label || label > 63 || s[0] == '-' || s[label - 1] == '-')
			return false;
		s += label;
		if (s == end)
			return true;
		if (*s != '.')
			return false;
	}
}

/* "127.1", "2130706433", "0x7f.1": the resolver takes them for addresses. */
static bool looks_numeric(const char *s, size_t size)
{
	const char *dot = memrchr(s, '.', size);
	const char *last = dot ? dot + 1 : s;
	size_t left = size - (size_t)(last - s);

	return strspn(last, digits) >= left || (left > 1 && strncasecmp(last, "0x", 2) == 0);
}

static const char *print_ipv6(const char *host, size_t size, bool any, char *out)
{
	struct in6_addr address;
	size_t used;

	if (memchr(host, '%', size))
		return "has a zone (%), which nginx does not support";
	if (!ipv6_parse(host, size, &address))
		return "is not an IPv6 address";
	if (ipv6_is_unroutable(&address) && !(any && IN6_IS_ADDR_UNSPECIFIED(&address)))
		return "is an unspecified or multicast address";
	out[0] = '[';
	inet_ntop(AF_INET6, &address, out + 1, INET6_ADDRSTRLEN);
	used = strlen(out);
	out[used] = ']';
	out[used + 1] = '\0';
	return NULL;
}

/* An absolute name ends in a dot, which stays: the resolver tries no search list for it. */
static const char *print_name(const char *host, size_t whole, char *out)
{
	size_t size = whole > 1 && host[whole - 1] == '.' ? whole - 1 : whole;

	if (!host_name_is_valid(host, size))
		return "is neither an IP address nor a host name (letters, digits, - and _)";
	if (looks_numeric(host, size))
		return "looks like an IP address but is not a full one";
	if (size == 4 && strncasecmp(host, "unix", 4) == 0)
		return "would mean a Unix socket to nginx";
	for (size_t i = 0; i < whole; i++)
		out[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] + 32) : host[i];
	out[whole] = '\0';
	return NULL;
}

static const char *print_ipv4_or_name(const char *host, size_t size, char *out)
{
	unsigned char bytes[4];

	if (!ipv4_parse(host, size, bytes))
		return print_name(host, size, out);
	if (ipv4_is_unroutable(bytes))
		return "is an unspecified, multicast or broadcast address";
	memcpy(out, host, size);
	out[size] = '\0';
	return NULL;
}

/* Splits at the colon before the port, and removes brackets. False: there is no port. */
static bool split(const char *s, const char **host, size_t *size, const char **port)
{
	const char *colon = strrchr(s, ':');

	if (!colon || colon == s)
		return false;
	*host = s;
	*size = (size_t)(colon - s);
	*port = colon + 1;
	if (s[0] != '[')
		return true;
	if (colon[-1] != ']')
		return false;
	*host += 1;
	*size -= 2;
	return true;
}

static void put_port(char *out, const char *port)
{
	size_t used = strlen(out);

	out[used] = ':';
	memcpy(out + used + 1, port, strlen(port) + 1);
}

const char *address_parse_host(const char *s, size_t size, char out[static ADDRESS_SIZE])
{
	char text[ADDRESS_SIZE];
	bool ipv6 = size && (s[0] == '[' || memchr(s, ':', size));

	if (!size)
		return "is empty";
	if (size >= sizeof(text) || memchr(s, '\0', size))
		return "is neither an IP address nor a host name (letters, digits, - and _)";
	memcpy(text, s, size);
	text[size] = '\0';
	if (text[0] == '[' && text[size - 1] == ']' && size > 2)
		return print_ipv6(text + 1, size - 2, false, out);
	return ipv6 ? print_ipv6(text, size, false, out) : print_ipv4_or_name(text, size, out);
}

const char *address_parse_server(const char *s, char out[static ADDRESS_SIZE])
{
	const char *host, *port, *why;
	size_t size;

	if (!split(s, &host, &size, &port))
		return "has no port: expected HOST:PORT";
	if (!port_is_valid(port))
		return "has no port from 1 to 65535 after its last colon";
	why = s[0] == '[' || memchr(host, ':', size) ? print_ipv6(host, size, false, out)
						     : print_ipv4_or_name(host, size, out);
	if (!why)
		put_port(out, port);
	return why;
}

/* The wildcard has one spelling, the port alone. */
static bool is_wildcard(const char *host, size_t size)
{
	return (size == 1 && host[0] == '*') || (size == 7 && memcmp(host, "0.0.0.0", 7) == 0);
}

const char *address_parse_listen(const char *s, char out[static ADDRESS_SIZE])
{
	const char *host, *port, *why = NULL;
	unsigned char bytes[4];
	size_t size;

	if (!split(s, &host, &size, &port)) {
		port = s;
		host = "*";
		size = 1;
	}
	if (!port_is_valid(port))
		return "has no port from 1 to 65535";
	if (s[0] != '[' && is_wildcard(host, size)) {
		memcpy(out, port, strlen(port) + 1);
		return NULL;
	}
	if (s[0] == '[')
		why = print_ipv6(host, size, true, out);
	else if (ipv4_parse(host, size, bytes))
		why = print_ipv4_or_name(host, size, out);
	else
		why = "is not a port, *:PORT, IPV4:PORT or [IPV6]:PORT";
	if (!why)
		put_port(out, port);
	return why;
}

bool address_is_numeric(const char *s)
{
	const char *end = s + strlen(s);
	const char *colon = s[0] == '[' ? strstr(s, "]:") : strchr(s, ':');
	unsigned char bytes[4];
	struct in6_addr ipv6;

	if (colon) {
		if (s[0] == '[')
			colon++;
		if (!port_is_valid(colon + 1))
			return false;
		end = colon;
	}
	if (s[0] == '[')
		return end - s > 2 && end[-1] == ']' &&
		       ipv6_parse(s + 1, (size_t)(end - s) - 2, &ipv6);
	return ipv4_parse(s, (size_t)(end - s), bytes);
}
