/*
 * Holding snippets to the policy.
 *
 * The text is walked statement by statement with nginx's own tokens, so that what
 * is judged is what nginx will see: names are compared unescaped and unquoted. The
 * first violation ends the walk. Blocks are kept on a small stack; within a block
 * of values (`map`, `types`, …) the first word is a value and not a directive, but
 * `include` works there too and so is refused.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <zknginx/emit.h>
#include <zknginx/model.h>

#include "policy_rules.h"

#define DEPTH_LIMIT 16

struct walker {
	const struct policy *policy;
	struct violation *violation;
	struct lexer lexer;
	struct statement statement;
	struct open_block {
		unsigned line;
		bool data;
		enum reach reach;
	} open[DEPTH_LIMIT];
	size_t depth;
};

static bool violate(struct violation *v, unsigned line, const char *fmt, ...) PRINTF(3, 4);

static bool violate(struct violation *v, unsigned line, const char *fmt, ...)
{
	size_t used;
	va_list args;

	v->line = line;
	used = (size_t)snprintf(v->text, sizeof(v->text), "line %u: ", line);
	va_start(args, fmt);
	vsnprintf(v->text + used, sizeof(v->text) - used, fmt, args);
	va_end(args);
	return false;
}

/* A directive's name as a message can show it: plain ASCII, not too long. */
static const char *shown(const char *name, char out[static 49])
{
	size_t i;

	for (i = 0; i < 48 && name[i]; i++)
		out[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
	out[i] = '\0';
	return out;
}

static const struct open_block *innermost(const struct walker *w)
{
	return w->depth ? &w->open[w->depth - 1] : NULL;
}

static enum reach innermost_reach(const struct walker *w)
{
	return w->depth ? innermost(w)->reach : REACH_NONE;
}

static bool open_block(struct walker *w, const struct directive *d)
{
	const struct statement *s = &w->statement;
	struct open_block block = { .line = s->line, .reach = innermost_reach(w) };

	if (w->depth == DEPTH_LIMIT)
		return violate(w->violation, s->line, "blocks are nested more than %d deep",
			       DEPTH_LIMIT);
	block.data = d && d->rule == RULE_DATA;
	if (d && d->rule == RULE_LOCATION)
		block.reach = policy_reach(s);
	w->open[w->depth++] = block;
	return true;
}

static bool judge_value(struct walker *w)
{
	const struct statement *s = &w->statement;

	if (s->block)
		return violate(w->violation, s->line,
			       "a block cannot stand within a block of values");
	if (strcasecmp(statement_first(s), "include") == 0)
		return violate(w->violation, s->line,
			       "\"include\" may not be used in a snippet: write out the values");
	return true;
}

static bool judge_directive(struct walker *w)
{
	const struct statement *s = &w->statement;
	const struct directive *d = policy_directive(statement_first(s));
	char name[49];
	const char *why;

	if (!d)
		return violate(w->violation, s->line,
			       "\"%s\" is not among the directives that a snippet may use "
			       "(snippets.policy is \"safe\"): leave it out, or put it into "
			       "nginx's own configuration on the host",
			       shown(statement_first(s), name));
	why = policy_judge(w->policy, d, s, innermost_reach(w));
	if (why)
		return violate(w->violation, s->line, "\"%s\" %s", d->name, why);
	return !s->block || open_block(w, d);
}

static bool ends_with(const char *s, const char *end)
{
	size_t size = strlen(s), tail = strlen(end);

	return size >= tail && strcmp(s + size - tail, end) == 0;
}

/* POLICY_ALL: anything, but Lua between braces has tokens of its own. */
static bool judge_anything(struct walker *w)
{
	const struct statement *s = &w->statement;
	char name[49];

	if (s->block && ends_with(statement_first(s), "_by_lua_block"))
		return violate(w->violation, s->line,
			       "\"%s\" holds Lua, whose braces cannot be counted here: use a "
			       "_by_lua_file directive",
			       shown(statement_first(s), name));
	return !s->block || open_block(w, NULL);
}

static bool judge_statement(struct walker *w)
{
	const struct open_block *in = innermost(w);

	if (w->policy->level == POLICY_ALL)
		return judge_anything(w);
	return in && in->data ? judge_value(w) : judge_directive(w);
}

static bool close_block(struct walker *w, unsigned line)
{
	if (!w->depth)
		return violate(w->violation, line, "\"}\" closes nothing that this snippet opened");
	w->depth--;
	return true;
}

static void statement_clear(struct statement *s)
{
	buf_clear(&s->words);
	s->count = 0;
}

static void statement_add(struct statement *s, const struct token *t)
{
	if (!s->count++)
		s->line = t->line;
	buf_put(&s->words, t->word, t->size);
	buf_putc(&s->words, '\0');
}

struct token statement_read(struct lexer *l, struct statement *s)
{
	struct token t;

	statement_clear(s);
	while ((t = lexer_next(l)).kind == TOKEN_WORD)
		statement_add(s, &t);
	s->block = t.kind == TOKEN_OPEN;
	return t;
}

void statement_fini(struct statement *s)
{
	buf_fini(&s->words);
}

static bool walk(struct walker *w)
{
	for (;;) {
		struct token t = statement_read(&w->lexer, &w->statement);

		switch (t.kind) {
		case TOKEN_ERROR:
			return violate(w->violation, t.line, "%s", t.error);
		case TOKEN_END:
			return !w->depth || violate(w->violation, innermost(w)->line,
						    "the block that begins here is not closed");
		case TOKEN_CLOSE:
			if (!close_block(w, t.line))
				return false;
			break;
		default:
			if (!judge_statement(w))
				return false;
		}
	}
}

/* Bytes that a person who reads the snippet would not see, but nginx would. */
static bool check_bytes(const char *text, size_t size, struct violation *v)
{
	unsigned line = 1;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			line++;
		if ((c < 0x20 && !strchr("\t\r\n", c)) || c == 0x7f || c == 0)
			return violate(v, line, "contains the control character 0x%02x", c);
	}
	return true;
}

bool policy_check(const struct policy *p, const char *text, size_t size, struct violation *v)
{
	struct walker w = { .policy = p, .violation = v };
	bool ok;

	*v = (struct violation){ 0 };
	if (p->level == POLICY_OFF)
		return violate(
			v, 1,
			"snippets are switched off on this host (snippets.policy is \"off\")");
	if (!check_bytes(text, size, v))
		return false;
	lexer_init(&w.lexer, text, size);
	ok = walk(&w);
	lexer_fini(&w.lexer);
	statement_fini(&w.statement);
	return ok;
}

/* --- paths ----------------------------------------------------------------------------------- */

static bool has_parent_segment(const char *path)
{
	const char *s = path;

	while ((s = strstr(s, "/.."))) {
		s += 3;
		if (!*s || *s == '/')
			return true;
	}
	return false;
}

/* Equal to root, or below it; a slash at the root's end means nothing. */
static bool is_within(const char *path, const char *root)
{
	size_t size = strlen(root);

	while (size && root[size - 1] == '/')
		size--;
	return root[0] == '/' && strncmp(path, root, size) == 0 &&
	       (path[size] == '/' || !path[size]);
}

bool policy_allows_path(const struct policy *p, const char *path)
{
	if (path[0] != '/' || has_parent_segment(path) || !emit_text_is_valid(path, false, NULL))
		return false;
	if (p->level == POLICY_ALL)
		return true;
	for (const char *const *root = p->roots; root && *root; root++) {
		if (is_within(path, *root))
			return true;
	}
	return false;
}

/* --- upstreams ------------------------------------------------------------------------------- */

struct names {
	struct buf text; /* lower case, each with a NUL behind it */
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
