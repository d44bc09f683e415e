/* UTF-8, as RFC 3629 defines it. */
#include "utf8.h"

size_t utf8_decode(const char *text, uint32_t *code)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (size <= 1) {
		*code = s[0];
		return size;
	}
	*code = s[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[size] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return size;
}

bool utf8_is_valid(const char *s, size_t size)
{
	const char *end = s + size;
	uint32_t code;

	while (s < end) {
		size_t length = utf8_decode(s, &code);

		if (!length)
			return false;
		s += length;
	}
	return true;
}
