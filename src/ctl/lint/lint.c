/* The daemon's compose() on trees that no daemon runs. */
#include <stdlib.h>

#include "lint.h"
#include "preview/preview.h"

/* The default server of each address, as nginx knows them once it has loaded the accepted config.
 */
static void adopt_defaults(const struct settings *settings, struct model *good)
{
	CLEANUP(bundle_unrefp) struct bundle *b = preview_render(settings, NULL, good);
	const struct bundle_text *http = bundle_text(b, BUNDLE_HTTP);

	link_adopt_defaults(good, http->data, http->size);
}

static struct model *model_of_accepted(const struct settings *settings, const struct tree *accepted)
{
	struct policy policy = policy_from_settings(settings);
	struct model *good = compose_accepted(accepted, settings->zookeeper.config, &policy, NULL);

	adopt_defaults(settings, good);
	return good;
}

struct model *lint_compose(const struct settings *settings, const struct lint_input *in,
			   struct problems *problems)
{
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	const struct tree *accepted = in->accepted ?: nothing;
	CLEANUP(model_freep) struct model *good = model_of_accepted(settings, accepted);
	CLEANUP(host_claims_freep)
	struct host_claims *host = in->host ? NULL : preview_host_claims(settings);
	struct compose_input compose_in = { .tree = in->tree,
					    .accepted = accepted,
					    .good = good,
					    .names = in->names,
					    .host = in->host ?: host };

	return preview_compose_input(settings, compose_in, problems);
}

/* --- a change --------------------------------------------------------------------------------- */

static bool is_changed(const struct tree *before, const struct tree *after, const char *path)
{
	const struct znode *old = tree_find(before, path), *new = tree_find(after, path);

	return !old != !new || (old && !znode_same(old, new));
}

static int compare(const void *x, const void *y)
{
	return problem_compare(x, y);
}

static bool is_listed(const struct problems *ps, const struct problem *p)
{
	return ps->count && bsearch(p, ps->items, ps->count, sizeof(*ps->items), compare);
}

/* Sites are rendered by age: what is new comes last, whatever the tree of it says. */
static struct tree *with_ages(const struct tree *before, const struct tree *after)
{
	struct tree_builder b;
	struct tree *out;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(after); i++) {
		struct znode z = *tree_at(after, i);
		const struct znode *old = tree_find(before, z.path);

		z.czxid = old ? old->czxid : INT64_MAX;
		tree_builder_add(&b, &z);
	}
	out = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return out;
}

void lint_change(const struct settings *settings, const struct tree *before,
		 const struct tree *after, struct problems *problems)
{
	CLEANUP(tree_unrefp) struct tree *aged = with_ages(before, after);
	CLEANUP(problems_fini) struct problems old, new;

	problems_init(&old);
	problems_init(&new);
	model_free(lint_compose(settings,
				&(struct lint_input){ .tree = before, .accepted = before }, &old));
	model_free(lint_compose(settings, &(struct lint_input){ .tree = aged, .accepted = before },
				&new));
	for (size_t i = 0; i < new.count; i++) {
		const struct problem *p = &new.items[i];

		if (is_changed(before, after, p->znode) || !is_listed(&old, p))
			problems_append(problems, p);
	}
}
