/*
 * libFuzzer: text of nginx, as a snippet and as nginx.conf. Reading its claims never fails, and
 * every claim is complete.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/compose/claims.h"
#include "core/compose/host_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct claims *c)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!c->items[i].key || !c->items[i].name || !c->items[i].line)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct host_file files[] = { { "/e/nginx.conf", (const char *)data, size },
					   { "/e/a", (const char *)data, size } };
	CLEANUP(host_claims_freep) struct host_claims *h = host_claims_read(files, 2);
	CLEANUP(arena_freep) struct arena *a = arena_new();

	check(host_claims_list(h));
	check(claims_of_text(a, PROTOCOL_HTTP, (const char *)data, size));
	check(claims_of_text(a, PROTOCOL_STREAM, (const char *)data, size));
	return 0;
}
