/*
 * Secrets in messages. A message goes to the log, to status.json and to ZooKeeper, which more
 * people read than the znode or file that it is about. So a value of a field or directive that can
 * hold a secret is quoted only by its first bytes, and so is what nginx quotes, unless it is
 * evidently a name, a path or an address.
 */
#ifndef ZKNGINX_SECRET_H
#define ZKNGINX_SECRET_H

#include <stdbool.h>
#include <zknginx/buf.h>

/* Can the value of this field of a znode ("locations[0].request_headers.Cookie") be a secret? */
bool secret_is_in_field(const char *path);
/* Can an argument of this directive of nginx be a secret? */
bool secret_is_in_directive(const char *name);
/* Looks like the name of a field or a directive: a-z and _, and at most one digit. */
bool secret_is_plain_name(const char *s, size_t size);

/* At most a quarter of the value and 4 bytes of it, with what is left out. */
void secret_put_masked(const char *value, size_t size, struct buf *out);
/* The value of the field, in quotes: its first 80 bytes, or masked. */
void secret_put_value(const char *field, const char *value, struct buf *out);
/* The message of the JSON parser, without what it quotes of the text. */
void secret_put_json_error(const char *message, struct buf *out);
/* What nginx wrote, one or more lines. */
void secret_put_nginx(const char *text, struct buf *out);
/* The same as a string; the caller frees. */
char *secret_mask_nginx(const char *text);

#endif
