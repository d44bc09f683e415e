/* See punycode.h. */
#include <string.h>

#include "punycode.h"
#include "utf8.h"

#define LABEL_MOST 63

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_CODE = 128 };

struct label {
	uint32_t codes[LABEL_MOST];
	size_t count;
};

/* Alphabets whose capitals and small letters have one distance. */
static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	return c;
}

/* Marks that are added to a letter, and what looks like nothing or like a dot. */
static bool is_refused(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x80 && c <= 0xbf) ||
	       (c >= 0x2000 && c <= 0x206f) || c == 0x3000 || c == 0x3002 ||
	       (c >= 0xe000 && c <= 0xf8ff) || c >= 0xfe00;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > ((BASE - T_MIN) * T_MAX) / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void put_digit(struct buf *out, uint32_t digit)
{
	buf_putc(out, (char)(digit < 26 ? 'a' + digit : '0' + digit - 26));
}

static void put_delta(struct buf *out, uint32_t delta, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;

		if (delta < t)
			break;
		put_digit(out, t + (delta - t) % (BASE - t));
		delta = (delta - t) / (BASE - t);
	}
	put_digit(out, delta);
}

/* The least code of the label that is not below `from`. */
static uint32_t next_code(const struct label *l, uint32_t from)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < l->count; i++) {
		if (l->codes[i] >= from && l->codes[i] < least)
			least = l->codes[i];
	}
	return least;
}

static size_t put_ascii(struct buf *out, const struct label *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->codes[i] >= FIRST_CODE)
			continue;
		buf_putc(out, (char)l->codes[i]);
		count++;
	}
	return count;
}

static void put_encoded(struct buf *out, const struct label *l)
{
	size_t ascii, done;
	uint32_t code = FIRST_CODE, delta = 0, bias = FIRST_BIAS;

	buf_puts(out, "xn--");
	ascii = done = put_ascii(out, l);
	if (ascii)
		buf_putc(out, '-');
	for (; done < l->count; delta++, code++) {
		uint32_t next = next_code(l, code);

		delta += (next - code) * (uint32_t)(done + 1);
		code = next;
		for (size_t i = 0; i < l->count; i++) {
			delta += l->codes[i] < code;
			if (l->codes[i] != code)
				continue;
			put_delta(out, delta, bias);
			bias = adapt(delta, (uint32_t)(done + 1), done == ascii);
			delta = 0;
			done++;
		}
	}
}

/* Reads up to a dot or the end, in small letters; *s is moved there. */
static const char *read_label(const char **s, struct label *l, bool *ascii)
{
	l->count = 0;
	*ascii = true;
	while (**s && **s != '.') {
		uint32_t code;
		size_t size = utf8_decode(*s, &code);

		if (!size || is_refused(code))
			return "has a character that a host name cannot have";
		if (l->count == LABEL_MOST)
			return "has a part of more than 63 characters";
		*ascii = *ascii && code < FIRST_CODE;
		l->codes[l->count++] = lower(code);
		*s += size;
	}
	return NULL;
}

const char *punycode_put_name(struct buf *out, const char *name)
{
	struct label l;

	for (;; name++) {
		bool ascii;
		const char *why = read_label(&name, &l, &ascii);

		if (why)
			return why;
		if (ascii)
			put_ascii(out, &l);
		else
			put_encoded(out, &l);
		if (!*name)
			return NULL;
		buf_putc(out, '.');
	}
}
