/* See cors.h. */
#include <stdio.h>
#include <string.h>

#include <zknginx/digest.h>

#include "cors.h"

void cors_variable(const struct cors *cors, char name[static CORS_VARIABLE_SIZE])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	for (size_t i = 0; i < cors->origin_count; i++)
		digester_add_field(d, cors->origins[i], strlen(cors->origins[i]));
	digest = digester_finish(d);
	digest_hex(&digest, hex);
	snprintf(name, CORS_VARIABLE_SIZE, "zknginx_cors_%.8s", hex);
}
