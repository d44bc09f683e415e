/*
 * Definitions: small typed objects that become nginx text of http { } (or stream { }): maps, geo,
 * split, log_formats, limits, caches.
 *
 * Each value is checked by its field and written by the emitter. The text as a whole is then held
 * to the policy of snippets, which knows what the values of a map may reach.
 */
#include <string.h>

#include "core/data/layout.h"
#include "core/policy/policy_pools.h"
#include "decode.h"
#include "definition.h"

/* With "off" there are no snippets, but these are not snippets. */
static bool obeys_policy(struct definer *d)
{
	struct policy policy = *d->r.policy;
	struct violation v;

	if (policy.level == POLICY_OFF)
		policy.level = POLICY_SAFE;
	if (policy_check(&policy, buf_str(&d->text), d->text.size, &v))
		return true;
	problems_add(d->r.problems, d->r.znode->path, PROBLEM_POLICY, NULL, "%s", v.text);
	return false;
}

static bool read_definition(struct definer *d, enum config_kind kind)
{
	static definer_read *const readers[CONFIG_KIND_N] = {
		[CONFIG_MAP] = define_map,     [CONFIG_GEO] = define_geo,
		[CONFIG_SPLIT] = define_split, [CONFIG_LOG_FORMAT] = define_log_format,
		[CONFIG_LIMIT] = define_limit, [CONFIG_CACHE] = define_cache,
	};
	json_t *object = reader_parse(&d->r);

	if (!object)
		return false;
	readers[kind](d, object);
	json_decref(object);
	return !d->r.failed && obeys_policy(d);
}

bool decode_definition(struct arena *a, const struct znode *z, enum config_kind kind,
		       const struct policy *policy, struct snippet *out, struct problems *problems)
{
	struct definer d = {
		.r = { .arena = a, .znode = z, .policy = policy, .problems = problems },
		.name = path_name(z->path),
		.out = out,
		.def = arena_new_of(a, struct definition),
		.text = BUF_INIT,
	};
	bool ok;

	*out = (struct snippet){ .kind = kind, .context = config_protocol(kind) };
	*d.def = (struct definition){ .connections = UNSET, .burst = UNSET };
	out->definition = d.def;
	ok = read_definition(&d, kind);
	if (ok) {
		out->text = arena_strdup(a, buf_str(&d.text));
		out->pools = policy_pools(a, buf_str(&d.text), d.text.size);
		out->source = znode_copy(a, z);
		out->name = path_name(out->source.path);
	}
	buf_fini(&d.text);
	return ok;
}

bool decode_text(struct arena *a, const struct znode *z, enum config_kind kind,
		 const struct policy *policy, struct snippet *out, struct problems *problems)
{
	if (config_role(kind) == ROLE_DEFINITION)
		return decode_definition(a, z, kind, policy, out, problems);
	return decode_snippet(a, z, kind, policy, out, problems);
}
