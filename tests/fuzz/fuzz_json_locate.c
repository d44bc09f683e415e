/* Any text and any path give a place in the text. The path is the first line of the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/text/json_locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static unsigned count_lines(const char *text, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *feed = size ? memchr(bytes, '\n', size) : NULL;
	size_t head = feed ? (size_t)(feed - bytes) : 0, rest = feed ? size - head - 1 : size;
	CLEANUP(freep) char *field = xcalloc(head + 1, 1), *text = xmalloc(rest + 1);
	struct text_place p;

	memcpy(field, bytes, head);
	memcpy(text, bytes + size - rest, rest);
	json_locate(text, rest, field, &p);
	if (!p.line || !p.column || p.line > count_lines(text, rest))
		abort();
	if (json_locate_error(text, rest, &p) && !p.line)
		abort();
	return 0;
}
