/*
 * A snippet's znode: nginx text, which has to obey the policy.
 *
 * The text is rendered unchanged. A line feed is added at its end where it has none, so that a
 * comment on its last line does not comment out what is rendered next.
 */
#include <string.h>

#include "checks.h"
#include "core/text/lexer.h"
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

static bool is_valid(const struct znode *z, const struct policy *policy, struct problems *problems)
{
	const char *error = text_error(z->data, z->size);
	struct violation v;

	if (error) {
		problems_add(problems, z->path, PROBLEM_FIELD, NULL, "the snippet %s", error);
		return false;
	}
	if (!policy_check(policy, z->data, z->size, &v)) {
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

bool decode_snippet(struct arena *a, const struct znode *z, enum protocol context,
		    const struct policy *policy, struct snippet *out, struct problems *problems)
{
	if (!is_valid(z, policy, problems))
		return false;
	*out = (struct snippet){
		.kind = context == PROTOCOL_STREAM ? CONFIG_STREAM_SNIPPET : CONFIG_HTTP_SNIPPET,
		.context = context,
		.source = znode_copy(a, z),
	};
	out->name = path_name(out->source.path);
	out->text = z->data[z->size - 1] == '\n' ? out->source.data
						 : arena_printf(a, "%s\n", out->source.data);
	out->upstreams = policy_upstreams(a, z->data, z->size, &out->upstream_count);
	return true;
}
