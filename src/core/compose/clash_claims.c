/* The claims of an object in its form, and which of them its last good form has as well. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "clash.h"
#include "core/decode/decode_cache.h"

/* Of an upstream that is as it was decoded, they are kept with it. */
static const struct claims *claims_of_decoded(struct arena *a, const struct upstream *u)
{
	struct decoded *d = (struct decoded *)(uintptr_t)u->decoded;

	if (!d)
		return claims_of_whole_upstream(a, u);
	if (!d->claims)
		d->claims = claims_of_whole_upstream(d->arena, &d->upstream);
	return d->claims;
}

/* A text is read once; one that has not changed is not read again. */
static struct claims *read_claims(struct arena *a, struct snippet *s, const struct snippet *good)
{
	if (good && good->claims && znode_same(&s->source, &good->source))
		s->claims = claims_copy(a, good->claims);
	else
		s->claims = claims_of_snippet(a, s);
	return claims_again(a, s->claims);
}

static struct claims *claims_of(const struct clash *c, const struct object *o)
{
	struct arena *a = c->next->arena;

	if (o->kind == OBJECT_UPSTREAM)
		return claims_again(a, claims_of_decoded(a, o->item.upstream));
	if (o->kind == OBJECT_SITE)
		return claims_of_whole_site(a, o->item.site);
	return read_claims(a, o->item.snippet, o->good);
}

static void make_all_live(struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		claims->items[i].live = true;
		if (claims->items[i].kind == CLAIM_LISTEN)
			claims->items[i].listen |= LISTEN_LIVE;
	}
}

struct claims *clash_good_claims(struct clash *c, struct object *o)
{
	struct object was = { .kind = o->kind, .good = o->good };

	if (o->good_claims || !o->good)
		return o->good_claims;
	if (o->kind == OBJECT_UPSTREAM) {
		o->good_claims = claims_of_whole_upstream(c->next->arena, o->good);
	} else if (o->kind == OBJECT_SITE) {
		o->good_claims = claims_of_whole_site(c->next->arena, o->good);
	} else {
		struct snippet copy = *(const struct snippet *)o->good;

		was.item.snippet = &copy;
		o->good_claims = claims_of(c, &was);
	}
	make_all_live(o->good_claims);
	return o->good_claims;
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct claim *const *)a)->key,
		      (*(const struct claim *const *)b)->key);
}

/* Called for an equal key. A listen must also have no new option of the whole address. */
static bool is_as_before(const struct claim *now, const struct claim *before)
{
	const unsigned same = LISTEN_SSL | LISTEN_PROXY_PROTOCOL | LISTEN_STREAM;
	const unsigned no_more = LISTEN_HTTP2 | LISTEN_OPTIONS;

	return !((now->listen ^ before->listen) & same) &&
	       !(now->listen & ~before->listen & no_more);
}

static void mark_live(struct claims *claims, const struct claims *before)
{
	const struct claim **sorted = xcalloc(before->count + 1, sizeof(*sorted));

	for (size_t i = 0; i < before->count; i++)
		sorted[i] = &before->items[i];
	qsort(sorted, before->count, sizeof(*sorted), by_key);
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];
		const struct claim **found = bsearch(&(const struct claim *){ claim }, sorted,
						     before->count, sizeof(*sorted), by_key);

		claim->live = found && is_as_before(claim, *found);
		if (claim->live && claim->kind == CLAIM_LISTEN)
			claim->listen |= LISTEN_LIVE;
	}
	free(sorted);
}

void clash_set_claims(struct clash *c, struct object *o)
{
	o->claims = claims_of(c, o);
	if (o->form == FORM_GOOD)
		make_all_live(o->claims);
	else if (o->good && !o->weak)
		mark_live(o->claims, clash_good_claims(c, o));
}

void clash_read_texts(struct model *next, const struct model *good)
{
	for (size_t i = 0; i < next->snippet_count; i++) {
		struct snippet *s = &next->snippets[i];

		read_claims(next->arena, s, model_text(good, s->kind, s->name));
	}
}
