/* UTF-8. */
#ifndef ZKNGINX_CORE_UTF8_H
#define ZKNGINX_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the character at s, which *code is; 0: it is not valid UTF-8 (too short, too long, a
 * surrogate). s must be followed by a NUL somewhere; nothing after that is read.
 */
size_t utf8_decode(const char *s, uint32_t *code);

/* Are all size bytes valid UTF-8? A NUL among them is. s[size] must be a NUL. */
bool utf8_is_valid(const char *s, size_t size);

#endif
