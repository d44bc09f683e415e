/* A definition while it is decoded; the parts that its kinds share. */
#ifndef ZKNGINX_CORE_DEFINITION_H
#define ZKNGINX_CORE_DEFINITION_H

#include <zknginx/buf.h>
#include <zknginx/model.h>

#include "fields.h"
#include "tables.h"

struct definer {
	struct reader r;
	const char *name;       /* of the object */
	struct snippet *out;    /* its context is set */
	struct definition *def; /* of `out` */
	size_t text_room;       /* of its texts with variables */
	struct buf text;        /* nginx's text for it */
};

/* Notes a text in which nginx finds variables; NULL is nothing. The field is a constant, or in the
 * arena. */
void definer_add_text(struct definer *d, const char *field, const char *text);

/* The field "protocol", which decides the context. */
void definer_read_protocol(struct definer *d, const json_t *object);
/* The variable that the znode defines, by the znode's name. */
void definer_set_variable(struct definer *d);
/* `DIRECTIVE SOURCE $VARIABLE {`; the source may be NULL. */
void definer_open_block(struct definer *d, const char *directive, const char *source);

text_check check_source;  /* one line with a variable */
text_check check_literal; /* one line where nginx looks for no variables */

/* Reads an object of the kind, and writes the text where there was no problem. */
typedef void definer_read(struct definer *d, const json_t *object);
definer_read define_map, define_geo, define_split, define_log_format, define_limit, define_cache;

#endif
