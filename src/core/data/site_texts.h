/* The texts of a site in which nginx looks for variables. */
#ifndef ZKNGINX_DATA_SITE_TEXTS_H
#define ZKNGINX_DATA_SITE_TEXTS_H

#include <zknginx/model.h>

struct site_text {
	const struct location *location; /* NULL: of the site itself */
	size_t index;                    /* of that location */
	const char *field;               /* of the location or site … */
	bool whole;                      /* … or the whole path of the field */
	const char *name;                /* of a header; else NULL */
	const char *text;
};

/* on_text() returns true to end the visit; then this returns true. */
bool site_find_text(const struct site *s, bool (*on_text)(void *ctx, const struct site_text *t),
		    void *ctx);

/* "locations[0].return.text": the field, as in a problem; in the arena. */
const char *site_text_field(struct arena *a, const struct site_text *t);

#endif
