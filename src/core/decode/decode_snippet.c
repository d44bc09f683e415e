/*
 * A snippet's znode: nginx text, which has to obey the policy.
 *
 * The text is rendered unchanged. A line feed is added at its end where it has none, so that a
 * comment on its last line does not comment out what is rendered next.
 */
#include <string.h>

#include "checks.h"
#include "core/data/layout.h"
#include "core/policy/policy_pools.h"
#include "core/policy/policy_site.h"
#include "core/text/lexer.h"
#include "core/text/statement.h"
#include "decode.h"

static bool has_directive(const char *text, size_t size)
{
	struct lexer l;
	bool found;

	lexer_init(&l, text, size);
	found = lexer_next(&l).kind != TOKEN_END;
	lexer_fini(&l);
	return found;
}

static bool is_allowed(const struct znode *z, enum config_kind kind, const struct policy *policy,
		       struct violation *v)
{
	if (!snippet_is_included(kind))
		return policy_check(policy, z->data, z->size, v);
	return policy_check_part(policy,
				 kind == CONFIG_SERVER_SNIPPET ? PLACE_SERVER : PLACE_LOCATION,
				 z->data, z->size, v);
}

static bool is_valid(const struct znode *z, enum config_kind kind, const struct policy *policy,
		     struct problems *problems)
{
	const char *error = text_error(z->data, z->size);
	struct violation v;

	if (error) {
		problems_add(problems, z->path, PROBLEM_FIELD, NULL, "the snippet %s", error);
		return false;
	}
	if (!is_allowed(z, kind, policy, &v)) {
		problems_add(problems, z->path, PROBLEM_POLICY, NULL, "%s", v.text)->line = v.line;
		return false;
	}
	if (!has_directive(z->data, z->size)) {
		problems_add(problems, z->path, PROBLEM_FIELD, NULL,
			     "the snippet has no directive");
		return false;
	}
	return true;
}

/* What the site alone has to know of nginx's server: its claims are those of its fields. */
static bool has_field(const struct znode *z, struct problems *problems)
{
	static const char *const fields[] = { "listen", "server_name" };
	struct statement s = { 0 };
	const char *found = NULL;
	struct lexer l;
	struct token t;
	int depth = 0;

	lexer_init(&l, z->data, z->size);
	while (!found && (t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		for (size_t i = 0; !depth && s.count && i < ARRAY_SIZE(fields); i++)
			found = strcmp(statement_first(&s), fields[i]) == 0 ? fields[i] : found;
		if (found)
			problems_add(problems, z->path, PROBLEM_FIELD, NULL,
				     "\"%s\" is set by a site's own field, not by a snippet", found)
				->line = s.line;
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
	}
	lexer_fini(&l);
	statement_fini(&s);
	return found;
}

bool decode_snippet(struct arena *a, const struct znode *z, enum config_kind kind,
		    const struct policy *policy, struct snippet *out, struct problems *problems)
{
	if (!is_valid(z, kind, policy, problems))
		return false;
	*out = (struct snippet){
		.kind = kind,
		.context = config_protocol(kind),
		.source = znode_copy(a, z),
	};
	out->name = path_name(out->source.path);
	out->text = z->data[z->size - 1] == '\n' ? out->source.data
						 : arena_printf(a, "%s\n", out->source.data);
	out->upstreams = policy_upstreams(a, z->data, z->size, &out->upstream_count);
	out->pools = policy_pools(a, z->data, z->size);
	return !snippet_is_included(kind) || !has_field(z, problems);
}
