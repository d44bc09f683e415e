/* See network.h. */
#include <arpa/inet.h>
#include <string.h>

#include "network.h"

#define MAPPED_BITS 96
#define TEXT_SIZE (INET6_ADDRSTRLEN + 4)

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static void set_ipv4(const unsigned char bytes[static 4], struct network *out)
{
	memcpy(out->bytes, mapped, sizeof(mapped));
	memcpy(out->bytes + sizeof(mapped), bytes, 4);
	out->bits = 128;
}

/* inet_pton() of glibc refuses short forms and leading zeros. */
static bool parse_address(const char *text, struct network *out)
{
	unsigned char ipv4[4];

	out->bits = 128;
	if (inet_pton(AF_INET, text, ipv4) != 1)
		return inet_pton(AF_INET6, text, out->bytes) == 1;
	set_ipv4(ipv4, out);
	return true;
}

/* The number after the slash; -1: it is not valid. */
static int parse_bits(const char *text, int most)
{
	int bits = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		bits = bits * 10 + (*text - '0');
	}
	return bits <= most ? bits : -1;
}

static bool prefix_is_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned char mask = (unsigned char)(0xff00 >> bits % 8);

	return memcmp(a, b, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

static bool has_bits_after_prefix(const struct network *n)
{
	for (unsigned i = n->bits; i < 128; i++) {
		if (n->bytes[i / 8] & (0x80 >> i % 8))
			return true;
	}
	return false;
}

const char *network_parse(const char *text, struct network *out)
{
	char address[TEXT_SIZE];
	size_t size = strcspn(text, "/");
	bool ipv6 = memchr(text, ':', size);
	int bits = 128;

	if (size >= sizeof(address))
		return "is not a network";
	memcpy(address, text, size);
	address[size] = '\0';
	if (!parse_address(address, out))
		return "is neither an IPv4 nor an IPv6 network";
	if (text[size])
		bits = parse_bits(text + size + 1, ipv6 ? 128 : 32);
	if (bits < 0)
		return "has no valid length after its slash";
	if (ipv6 && bits >= MAPPED_BITS && memcmp(out->bytes, mapped, sizeof(mapped)) == 0)
		return "is an IPv4 network in IPv6 form: write it as IPv4";
	out->bits = (unsigned char)(text[size] && !ipv6 ? bits + MAPPED_BITS : bits);
	return has_bits_after_prefix(out) ? "has address bits after its length" : NULL;
}

bool network_of_server(const char *address, struct network *out)
{
	char text[TEXT_SIZE];
	const char *end;

	if (address[0] == '[') {
		address++;
		end = strchr(address, ']');
	} else {
		end = strchr(address, ':');
	}
	if (!end)
		end = address + strlen(address);
	if ((size_t)(end - address) >= sizeof(text))
		return false;
	memcpy(text, address, (size_t)(end - address));
	text[end - address] = '\0';
	return parse_address(text, out);
}

bool network_is_within(const struct network *inner, const struct network *outer)
{
	return inner->bits >= outer->bits &&
	       prefix_is_equal(inner->bytes, outer->bytes, outer->bits);
}

bool network_embedded(const struct network *address, struct network *out)
{
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b }, compatible[12] = { 0 };
	const unsigned char *b = address->bytes;

	if (memcmp(b, nat64, sizeof(nat64)) == 0 ||
	    (memcmp(b, compatible, sizeof(compatible)) == 0 && b[12])) /* not :: and ::1 */
		set_ipv4(b + 12, out);
	else if (b[0] == 0x20 && b[1] == 0x02)
		set_ipv4(b + 2, out);
	else
		return false;
	return true;
}
