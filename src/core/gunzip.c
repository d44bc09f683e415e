/*
 * Inflate (RFC 1951), small rather than fast: registrations are a few hundred bytes.
 * Input and output are bounded in one place each (bits() and put()); after the first
 * fault everything yields zeros, and the loops end on it.
 */
#include <string.h>

#include "gunzip.h"

#define LENGTHS_MAX 288
#define DISTANCES_MAX 32
#define BITS_MAX 15

struct inflater {
	const unsigned char *in, *end;
	unsigned long held; /* bits not used yet */
	unsigned held_count;
	unsigned char *out;
	size_t used, most;
	const char *why; /* the first fault */
};

/* Codes in canonical order: how many of each length, and their symbols. */
struct huffman {
	unsigned short counts[BITS_MAX + 1];
	unsigned short symbols[LENGTHS_MAX];
};

static void fail(struct inflater *f, const char *why)
{
	if (!f->why)
		f->why = why;
}

static unsigned bits(struct inflater *f, unsigned count)
{
	unsigned value;

	while (f->held_count < count) {
		if (f->in == f->end || f->why) {
			fail(f, "is compressed, and cut off");
			return 0;
		}
		f->held |= (unsigned long)*f->in++ << f->held_count;
		f->held_count += 8;
	}
	value = (unsigned)(f->held & ((1UL << count) - 1));
	f->held >>= count;
	f->held_count -= count;
	return value;
}

static void put(struct inflater *f, unsigned char byte)
{
	if (f->used == f->most)
		fail(f, "is compressed, and too much when it is not");
	else
		f->out[f->used++] = byte;
}

/* False: more codes than the lengths have room for. */
static bool huffman_build(struct huffman *h, const unsigned char *lengths, unsigned count)
{
	unsigned short next[BITS_MAX + 2] = { 0 };
	int left = 1;

	memset(h->counts, 0, sizeof(h->counts));
	for (unsigned i = 0; i < count; i++)
		h->counts[lengths[i]]++;
	for (unsigned n = 1; n <= BITS_MAX; n++) {
		left = 2 * left - h->counts[n];
		if (left < 0)
			return false;
		next[n + 1] = (unsigned short)(next[n] + h->counts[n]);
	}
	for (unsigned i = 0; i < count; i++) {
		if (lengths[i])
			h->symbols[next[lengths[i]]++] = (unsigned short)i;
	}
	return true;
}

static unsigned huffman_next(struct inflater *f, const struct huffman *h)
{
	int code = 0, first = 0, index = 0;

	for (unsigned n = 1; n <= BITS_MAX && !f->why; n++) {
		code |= (int)bits(f, 1);
		if (code - first < h->counts[n])
			return h->symbols[index + code - first];
		index += h->counts[n];
		first = (first + h->counts[n]) << 1;
		code <<= 1;
	}
	fail(f, "is compressed, and broken");
	return 0;
}

/* --- blocks --------------------------------------------------------------------------------- */

static void inflate_stored(struct inflater *f)
{
	unsigned size, inverse;

	bits(f, f->held_count % 8);
	size = bits(f, 16);
	inverse = bits(f, 16);
	if (size != (~inverse & 0xffff))
		fail(f, "is compressed, and broken");
	while (size-- && !f->why)
		put(f, (unsigned char)bits(f, 8));
}

static void copy(struct inflater *f, size_t distance, unsigned length)
{
	if (!distance || distance > f->used)
		fail(f, "is compressed, and broken");
	while (length-- && !f->why)
		put(f, f->out[f->used - distance]);
}

static void inflate_match(struct inflater *f, unsigned symbol, const struct huffman *distances)
{
	static const unsigned short lengths[] = { 3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
						  15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
						  67, 83, 99, 115, 131, 163, 195, 227, 258 };
	unsigned extra = symbol < 8 || symbol == 28 ? 0 : (symbol - 4) / 4, length, more;
	size_t distance;

	if (symbol >= ARRAY_SIZE(lengths)) {
		fail(f, "is compressed, and broken");
		return;
	}
	length = lengths[symbol] + bits(f, extra);
	symbol = huffman_next(f, distances);
	if (symbol >= 30)
		fail(f, "is compressed, and broken");
	more = symbol < 4 || symbol >= 30 ? 0 : symbol / 2 - 1;
	distance = symbol < 4 ? symbol + 1 : ((size_t)(2 + symbol % 2) << more) + 1;
	copy(f, distance + bits(f, more), length);
}

static void inflate_codes(struct inflater *f, const struct huffman *codes,
			  const struct huffman *distances)
{
	while (!f->why) {
		unsigned symbol = huffman_next(f, codes);

		if (f->why || symbol == 256)
			return;
		if (symbol < 256)
			put(f, (unsigned char)symbol);
		else
			inflate_match(f, symbol - 257, distances);
	}
}

static void inflate_fixed(struct inflater *f)
{
	unsigned char lengths[LENGTHS_MAX + DISTANCES_MAX];
	struct huffman codes, distances;

	memset(lengths, 8, LENGTHS_MAX);
	memset(lengths + 144, 9, 256 - 144);
	memset(lengths + 256, 7, 280 - 256);
	memset(lengths + LENGTHS_MAX, 5, DISTANCES_MAX);
	huffman_build(&codes, lengths, LENGTHS_MAX);
	huffman_build(&distances, lengths + LENGTHS_MAX, DISTANCES_MAX);
	inflate_codes(f, &codes, &distances);
}

/* Symbols 16 to 18 repeat: the length before, or none. */
static unsigned repeat(struct inflater *f, unsigned symbol, unsigned char *length,
		       unsigned char before)
{
	static const struct {
		unsigned bits, least;
	} repeats[] = { { 2, 3 }, { 3, 3 }, { 7, 11 } };

	*length = symbol < 16 ? (unsigned char)symbol : symbol == 16 ? before : 0;
	return symbol < 16 ? 1 : repeats[symbol - 16].least + bits(f, repeats[symbol - 16].bits);
}

static void read_lengths(struct inflater *f, const struct huffman *h, unsigned char *lengths,
			 unsigned count)
{
	unsigned i = 0;

	while (i < count && !f->why) {
		unsigned char length;
		unsigned times = repeat(f, huffman_next(f, h), &length, i ? lengths[i - 1] : 0);

		if (times > count - i)
			fail(f, "is compressed, and broken");
		while (times-- && !f->why)
			lengths[i++] = length;
	}
}

static void inflate_dynamic(struct inflater *f)
{
	static const unsigned char order[] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					       11, 4,  12, 3, 13, 2, 14, 1, 15 };
	unsigned char lengths[LENGTHS_MAX + DISTANCES_MAX] = { 0 };
	unsigned code_count = bits(f, 5) + 257, distance_count = bits(f, 5) + 1;
	unsigned count = bits(f, 4) + 4;
	struct huffman codes, distances;

	for (unsigned i = 0; i < count; i++)
		lengths[order[i]] = (unsigned char)bits(f, 3);
	if (code_count > 286 || !huffman_build(&codes, lengths, sizeof(order)))
		fail(f, "is compressed, and broken");
	memset(lengths, 0, sizeof(order));
	read_lengths(f, &codes, lengths, code_count + distance_count);
	if (f->why || !huffman_build(&codes, lengths, code_count) ||
	    !huffman_build(&distances, lengths + code_count, distance_count))
		fail(f, "is compressed, and broken");
	inflate_codes(f, &codes, &distances);
}

static void inflate(struct inflater *f)
{
	bool last = false;

	while (!last && !f->why) {
		last = bits(f, 1);
		switch (bits(f, 2)) {
		case 0:
			inflate_stored(f);
			break;
		case 1:
			inflate_fixed(f);
			break;
		case 2:
			inflate_dynamic(f);
			break;
		default:
			fail(f, "is compressed, and broken");
		}
	}
}

/* --- the wrapper ---------------------------------------------------------------------------- */

enum { FLAG_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16 };

static void skip_text(struct inflater *f)
{
	while (!f->why && bits(f, 8))
		;
}

static void read_header(struct inflater *f)
{
	unsigned magic = bits(f, 16), method = bits(f, 8), flags = bits(f, 8);

	if (magic != 0x8b1f || method != 8)
		fail(f, "is compressed, and broken");
	for (unsigned i = 0; i < 6; i++)
		bits(f, 8);
	if (flags & FLAG_EXTRA) {
		for (unsigned n = bits(f, 16); n && !f->why; n--)
			bits(f, 8);
	}
	if (flags & FLAG_NAME)
		skip_text(f);
	if (flags & FLAG_COMMENT)
		skip_text(f);
	if (flags & FLAG_CRC)
		bits(f, 16);
}

static uint32_t crc32(const unsigned char *s, size_t size)
{
	uint32_t crc = UINT32_MAX;

	while (size--) {
		crc ^= *s++;
		for (unsigned i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static void check_trailer(struct inflater *f)
{
	uint32_t crc, size;

	bits(f, f->held_count % 8);
	crc = bits(f, 16);
	crc |= (uint32_t)bits(f, 16) << 16;
	size = bits(f, 16);
	size |= (uint32_t)bits(f, 16) << 16;
	if (!f->why && (size != f->used || crc != crc32(f->out, f->used)))
		fail(f, "is compressed, and broken");
}

const char *gunzip(struct arena *a, const void *data, size_t size, size_t most, size_t *out_size,
		   const char **why)
{
	struct inflater f = { .in = data, .most = most };

	f.end = f.in + size;
	f.out = arena_alloc(a, most + 1);
	read_header(&f);
	inflate(&f);
	check_trailer(&f);
	*why = f.why;
	*out_size = f.used;
	f.out[f.used] = '\0';
	return f.why ? NULL : (const char *)f.out;
}
