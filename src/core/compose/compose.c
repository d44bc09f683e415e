/* Compose: the order of decode, guard, link, drains and zones, and their inputs. */
#include "compose.h"
#include "core/decode/decode.h"
#include "drain.h"
#include "zones.h"

static struct model *decode_expanded(const struct compose_input *in, const struct tree *tree,
				     const struct expansion *x, struct problems *problems)
{
	struct decode_input decode_in = {
		.tree = tree,
		.expansion = x,
		.accepted = in->accepted,
		.policy = in->policy,
		.names = in->names,
		.root = in->root,
		.cache = in->cache,
	};

	return decode(&decode_in, problems);
}

struct model *compose(const struct compose_input *in, struct problems *problems, uint64_t *due)
{
	CLEANUP(expansion_freep)
	struct expansion *own = in->expansion ? NULL : expansion_new(in->tree, in->root, in->vars);
	const struct expansion *x = in->expansion ?: own;
	struct model *m = decode_expanded(in, own ? expansion_tree(own) : in->tree, x, problems);
	uint64_t next = NEVER;

	if (in->guard) {
		struct guard_input guard_in = {
			.rules = in->rules,
			.good = in->good,
			.live = in->live,
			.root_missing = !tree_find(in->tree, in->root),
			.root = in->root,
			.policy = in->policy,
			.now = in->now,
			.confirmed = in->confirmed,
			.ctx = in->ctx,
		};

		next = guard_apply(in->guard, &guard_in, m, problems);
	}
	link_model(m,
		   &(struct link_input){ .good = in->good,
					 .policy = in->policy,
					 .host = in->host,
					 .sockets_are_free = in->sockets_are_free,
					 .is_live = in->is_live,
					 .host_may_define = in->host_may_define,
					 .linked = in->linked },
		   problems);
	drains_apply(m, &in->drains);
	failures_apply(m, &in->failures);
	zones_apply(m, in->good);
	expansion_explain(x, problems);
	problems_sort(problems);
	if (due)
		*due = next;
	return m;
}

struct model *compose_accepted(const struct tree *accepted, const char *root,
			       const struct policy *policy, const struct names *names)
{
	CLEANUP(model_freep) struct model *nothing = model_new();
	struct compose_input in = { .tree = accepted,
				    .accepted = accepted,
				    .good = nothing,
				    .root = root,
				    .policy = policy,
				    .names = names,
				    .is_live = true };
	struct problems ignored;
	struct model *m;

	problems_init(&ignored);
	m = compose(&in, &ignored, NULL);
	problems_fini(&ignored);
	return m;
}
