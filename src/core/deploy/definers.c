/* A snippet that has changed is read again in its old form, once. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "core/compose/claims.h"
#include "definers.h"

struct definers {
	struct arena *arena;
	const struct model *candidate;
	const struct tree *accepted;
	struct claims **old; /* of each snippet, in its old form; NULL: not read yet */
};

struct definers *definers_new(const struct model *candidate, const struct tree *accepted)
{
	struct definers *d = xcalloc(1, sizeof(*d));

	*d = (struct definers){ .arena = arena_new(),
				.candidate = candidate,
				.accepted = accepted,
				.old = xcalloc(candidate->snippet_count + 1, sizeof(*d->old)) };
	return d;
}

void definers_free(struct definers *d)
{
	if (!d)
		return;
	arena_free(d->arena);
	free(d->old);
	free(d);
}

static bool defined_before(struct definers *d, size_t i, const char *key)
{
	const struct snippet *s = &d->candidate->snippets[i];
	const struct znode *old = tree_find(d->accepted, s->source.path);

	if (!old || s->definition) /* what a definition is called says what it defines */
		return old;
	if (!d->old[i])
		d->old[i] = claims_of_text(d->arena, s->context, old->data, old->size);
	return claims_define(d->old[i], key);
}

const struct znode *definers_find(struct definers *d, const struct variable_use *u)
{
	const struct znode *found = NULL;
	const char *key;

	if (variable_use_is_of_nginx(u))
		return NULL;
	key = claims_definition_key(d->arena, u->protocol, u->name, u->size);
	for (size_t i = 0; i < d->candidate->snippet_count; i++) {
		const struct snippet *s = &d->candidate->snippets[i];

		if (!s->claims || !claims_define(s->claims, key))
			continue;
		if (found || defined_before(d, i, key))
			return NULL;
		found = &s->source;
	}
	return found;
}
