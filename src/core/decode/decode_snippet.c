/*
 * A snippet's znode: nginx text, held to the policy.
 *
 * The text goes into the file as it is, with a line feed behind it where it has
 * none: a comment on its last line must not swallow what is rendered next.
 */
#include <string.h>

#include "core/text/lexer.h"
#include "decode_parts.h"

const char *decode_text_fault(const char *data, size_t size)
{
	json_t *text;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		return "begins with a byte order mark";
	text = json_stringn(data, size);
	if (!text)
		return "is not valid UTF-8";
	json_decref(text);
	return NULL;
}

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
	const char *fault = decode_text_fault(z->data, z->size);
	struct violation v;

	if (fault) {
		problems_add(problems, z->path, PROBLEM_FIELD, NULL, "the snippet %s", fault);
		return false;
	}
	if (!policy_check(policy, z->data, z->size, &v)) {
		problems_add(problems, z->path, PROBLEM_POLICY, NULL, "%s", v.text)->line = v.line;
		return false;
	}
	if (!has_directive(z->data, z->size)) {
		problems_add(problems, z->path, PROBLEM_FIELD, NULL,
			     "the snippet holds no directive");
		return false;
	}
	return true;
}

bool decode_snippet(struct arena *a, const struct znode *z, enum protocol context,
		    const struct policy *policy, struct snippet *out, struct problems *problems)
{
	if (!is_valid(z, policy, problems))
		return false;
	*out = (struct snippet){ .context = context, .source = znode_copy(a, z) };
	out->name = path_name(out->source.path);
	out->text = z->data[z->size - 1] == '\n' ? out->source.data
						 : arena_printf(a, "%s\n", out->source.data);
	out->upstreams = policy_upstreams(a, z->data, z->size, &out->upstream_count);
	return true;
}
