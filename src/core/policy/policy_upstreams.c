/* Which upstreams a snippet uses: these are kept while it is in force. */
#include <string.h>

#include <zknginx/model.h>

#include "policy.h"
#include "policy_rules.h"

static bool ends_with(const char *s, const char *end)
{
	size_t size = strlen(s), tail = strlen(end);

	return size >= tail && strcmp(s + size - tail, end) == 0;
}

struct names {
	struct buf text; /* lower case, each followed by a NUL */
	size_t count;
};

static bool names_have(const struct names *n, const char *name)
{
	const char *s = n->text.data;

	for (size_t i = 0; i < n->count; i++, s += strlen(s) + 1) {
		if (strcmp(s, name) == 0)
			return true;
	}
	return false;
}

static void names_add(struct names *n, const char *name, size_t size)
{
	char lower[64];

	if (!size || size >= sizeof(lower))
		return;
	for (size_t i = 0; i < size; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
	lower[size] = '\0';
	if (!name_is_valid(lower) || names_have(n, lower))
		return;
	buf_put(&n->text, lower, size + 1);
	n->count++;
}

/* `proxy_pass`, `grpc_pass`, …: but `proxy_pass_header` and its like are not. */
static void find_names(const struct statement *s, struct names *used, struct names *defined)
{
	const char *name = statement_first(s), *host, *parameter = statement_word(s, 1);
	size_t size;

	if (s->block && strcmp(name, "upstream") == 0)
		names_add(defined, parameter, strlen(parameter));
	if (s->block || !ends_with(name, "_pass"))
		return;
	host = policy_pass_host(parameter, &size);
	if (strspn(host, "0123456789.") < size)
		names_add(used, host, size);
}

static const char **names_take(struct arena *a, const struct names *used,
			       const struct names *defined, size_t *count)
{
	const char **list = arena_array(a, const char *, used->count + 1);
	const char *s = used->text.data;

	*count = 0;
	for (size_t i = 0; i < used->count; i++, s += strlen(s) + 1) {
		if (!names_have(defined, s))
			list[(*count)++] = arena_strdup(a, s);
	}
	return list;
}

const char **policy_upstreams(struct arena *a, const char *text, size_t size, size_t *count)
{
	struct names used = { 0 }, defined = { 0 };
	struct statement s = { 0 };
	const char **list;
	struct lexer l;
	struct token t;

	lexer_init(&l, text, size);
	while ((t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		if (s.count)
			find_names(&s, &used, &defined);
	}
	list = names_take(a, &used, &defined, count);
	lexer_fini(&l);
	statement_fini(&s);
	buf_fini(&used.text);
	buf_fini(&defined.text);
	return list;
}
