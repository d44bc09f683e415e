/*
 * The header Content-Type among the response_headers of a location.
 *
 * nginx's add_header would add a second one beside its own. So each kind of location replaces it in
 * its own way: by default_type, or by a variable that has the value only where nginx has sent none.
 */
#ifndef ZKNGINX_DATA_CONTENT_TYPE_H
#define ZKNGINX_DATA_CONTENT_TYPE_H

#include <zknginx/model.h>

enum content_type {
	CONTENT_TYPE_NONE,    /* the location sets none */
	CONTENT_TYPE_KEPT,    /* nothing to do: nginx itself writes the body, in its own type */
	CONTENT_TYPE_DEFAULT, /* default_type, which takes no variables */
	CONTENT_TYPE_ADDED,   /* default_type is empty, so the header may be added */
	CONTENT_TYPE_MAPPED,  /* the backend's is hidden, and a variable added */
};

/* *value: of the header; NULL for CONTENT_TYPE_NONE. */
enum content_type location_content_type(const struct location *l, const char **value);
bool header_is_content_type(const struct header *h);

/* "zknginx_type_12345678": the variable that has this value where nginx has sent no type. */
#define CONTENT_TYPE_VARIABLE_SIZE 24
void content_type_variable(const char *value, char name[static CONTENT_TYPE_VARIABLE_SIZE]);

#endif
