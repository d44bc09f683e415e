/*
 * What the writers and readers of JSON share.
 *
 * Messages quote operators' bytes, and may have been cut within a character, while
 * JSON is UTF-8: what is not becomes the replacement character. A reader takes a field
 * that is absent or of another type for "" or zero.
 */
#ifndef ZKNGINX_CORE_JSON_TEXT_H
#define ZKNGINX_CORE_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

/* Brackets outside of strings: false past the limit, with the line in *line. */
bool json_depth_is_sane(const char *s, const char *end, unsigned *line);

/* A string of these bytes, repaired where they are no UTF-8; NULL counts as "". */
json_t *json_text(const char *s);
/* The same, cut after a whole character when it would be longer than `most` bytes. */
json_t *json_text_cut(const char *s, size_t most);
/* Sets and gives away the value; dies without memory. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *s);
void json_put_number(json_t *object, const char *key, unsigned long n);
/* Keys sorted, and a line feed at the end; gives the value away. */
void json_print(json_t *value, size_t flags, struct buf *out);

/* A field of an object, in the arena. */
const char *json_get_text(struct arena *a, const json_t *object, const char *key);
unsigned long json_get_number(const json_t *object, const char *key);
bool json_get_bool(const json_t *object, const char *key);

#endif
