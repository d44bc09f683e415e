/*
 * Plain data: what comes before every format. Client libraries may compress it. Its size is limited
 * before and after that, and memory follows what really comes out (inflate.h).
 */
#include <string.h>

#include "core/text/address.h"
#include "core/text/inflate.h"
#include "endpoint.h"
#include "endpoint_plain.h"
#include "endpoint_text.h"

#define ADDRESS_TEXT_MAX 64 /* IPv6 with a zone, and blanks around it */

static bool begins(const struct znode *z, const char *bytes, size_t size)
{
	return z->size >= size && memcmp(z->data, bytes, size) == 0;
}

static const char *decompress(struct arena *a, struct znode *z, struct buf *scratch)
{
	const char *why = inflate_bytes(z->data, z->size, ENDPOINT_DATA_MAX, scratch);

	if (scratch->size > ENDPOINT_DATA_MAX)
		why = arena_printf(a,
				   "holds more data than a registration may after decompression "
				   "(the limit is %d KiB)",
				   ENDPOINT_DATA_MAX >> 10);
	if (!why) {
		z->data = buf_str(scratch);
		z->size = scratch->size;
	}
	return why;
}

const char *endpoint_plain(struct arena *a, struct znode *z, struct buf *scratch)
{
	if (z->size > ENDPOINT_DATA_MAX)
		return arena_printf(
			a,
			"holds more data than a registration may (%zu bytes; the limit is %d KiB)",
			z->size, ENDPOINT_DATA_MAX >> 10);
	if (begins(z, "\x0c", 1))
		return "is in Thrift's binary form, which is not supported";
	return begins(z, "\x1f\x8b", 2) ? decompress(a, z, scratch) : NULL;
}

bool endpoint_is_client_address(const struct znode *z)
{
	const char *s = z->data, *zone;
	size_t size = z->size;
	char host[ADDRESS_SIZE];

	if (size > ADDRESS_TEXT_MAX)
		return false;
	endpoint_trim(&s, &size);
	zone = memchr(s, '%', size);
	if (zone && memchr(s, ':', size))
		size = (size_t)(zone - s);
	return size && *s != '[' && !address_parse_host(s, size, host) && address_is_numeric(host);
}
