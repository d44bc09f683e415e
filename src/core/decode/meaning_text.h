/*
 * What an object means, field by field, as text that is never parsed: equal text is equal meaning.
 *
 * A value that is left out is printed as its default. A field that is not printed would make two
 * different forms the same, so the sizes of the structs are checked: a new field changes a size,
 * and the compiler points there.
 */
#ifndef ZKNGINX_CORE_MEANING_TEXT_H
#define ZKNGINX_CORE_MEANING_TEXT_H

#include <zknginx/model.h>

/* The servers, and what has become of it, are not of its znode; `tls` is that of the discovers. */
void meaning_put_upstream(struct buf *out, const struct upstream *u);
void meaning_put_server(struct buf *out, const struct server *server);
void meaning_put_site(struct buf *out, const struct site *s);
void meaning_put_definition(struct buf *out, const struct snippet *s);

#endif
