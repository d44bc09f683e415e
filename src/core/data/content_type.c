/* See content_type.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <zknginx/digest.h>

#include "content_type.h"
#include "core/text/emit.h"

bool header_is_content_type(const struct header *h)
{
	return strcasecmp(h->name, "Content-Type") == 0;
}

/* A redirect and an error without a text have a body of nginx. */
static bool has_body_of_nginx(const struct location *l)
{
	return l->kind == LOCATION_REDIRECT ||
	       (l->kind == LOCATION_RETURN && !l->text && l->status >= 400);
}

enum content_type location_content_type(const struct location *l, const char **value)
{
	size_t size;

	*value = NULL;
	for (size_t i = 0; i < l->response_header_count; i++) {
		if (header_is_content_type(&l->response_headers[i]))
			*value = l->response_headers[i].value;
	}
	if (!*value)
		return CONTENT_TYPE_NONE;
	if (has_body_of_nginx(l))
		return CONTENT_TYPE_KEPT;
	if (location_passes(l))
		return CONTENT_TYPE_MAPPED;
	return emit_next_variable(*value, &size) ? CONTENT_TYPE_ADDED : CONTENT_TYPE_DEFAULT;
}

void content_type_variable(const char *value, char name[static CONTENT_TYPE_VARIABLE_SIZE])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	digester_add_field(d, value, strlen(value));
	digest = digester_finish(d);
	digest_hex(&digest, hex);
	snprintf(name, CONTENT_TYPE_VARIABLE_SIZE, "zknginx_type_%.8s", hex);
}
