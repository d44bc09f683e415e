/*
 * Places in JSON text, for messages that an editor can jump to.
 *
 * Lines and columns count from 1, and columns count characters, not bytes.
 */
#ifndef ZKNGINX_CORE_JSON_LOCATE_H
#define ZKNGINX_CORE_JSON_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

struct text_place {
	unsigned line, column; /* 0: not known */
};

/* The place of the byte at this offset. */
struct text_place text_place_at(const char *text, size_t size, size_t offset);

/*
 * Where a field is, by the dotted path that problems use ("locations[2].proxy"): its key, or the
 * element of an array. False: there is no such field (a required one is missing); then *out is the
 * place of the nearest value around it that exists. Any text may be given; of text that is not JSON
 * the result is a place in it.
 */
bool json_locate(const char *text, size_t size, const char *field, struct text_place *out);

/* Where jansson, or the limit of nesting, ends reading; false: the text is valid JSON. */
bool json_locate_error(const char *text, size_t size, struct text_place *out);

#endif
