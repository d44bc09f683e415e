/*
 * The variables of upstreams with a sticky cookie: the cookie's value, or the address of a client
 * that has no cookie yet. Without that all new clients would be sent to one server.
 */
#include <string.h>

#include "core/data/traits.h"
#include "renderer.h"

/* The first upstream with this cookie renders its map. */
static bool is_first(const struct model *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (model_may_have(m, i, TRAIT_STICKY) && m->upstreams[i]->sticky_cookie &&
		    strcmp(m->upstreams[i]->sticky_cookie, m->upstreams[index]->sticky_cookie) == 0)
			return false;
	}
	return true;
}

void render_sticky(struct renderer *r)
{
	const struct model *m = r->model;

	for (size_t i = 0; i < m->upstream_count; i++) {
		const char *cookie =
			model_may_have(m, i, TRAIT_STICKY) ? m->upstreams[i]->sticky_cookie : NULL;

		if (!cookie || !is_first(m, i))
			continue;
		render_blank(r);
		render_begin(r, "map");
		render_joined(r, "$cookie_", cookie, "");
		render_joined(r, "$" STICKY_VARIABLE_PREFIX, cookie, "");
		render_open(r);
		render_plain(r, "'' $binary_remote_addr;");
		render_begin(r, "default");
		render_joined(r, "$cookie_", cookie, "");
		render_end(r);
		render_close(r);
	}
}
