/*
 * Checks snippets against the policy.
 *
 * The text is read statement by statement with nginx's own tokens, so that the check sees what
 * nginx will see: names are compared unescaped and unquoted. The first violation ends the walk.
 * Open blocks are on a small stack. Within a block of values (`map`, `types`, …) the first word is
 * a value and not a directive; but `include` works there as well, and is refused.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <zknginx/model.h>
#include <zknginx/settings.h>

#include "core/text/emit.h"
#include "core/text/secret.h"
#include "policy_rules.h"

#define DEPTH_LIMIT 16

struct walker {
	const struct policy *policy;
	struct violation *violation;
	struct lexer lexer;
	struct statement statement;
	struct block open[1 + DEPTH_LIMIT]; /* the first is the snippet itself */
	size_t depth;
	unsigned long effort;
};

static bool violate(struct violation *v, unsigned line, const char *fmt, ...) PRINTF(3, 4);

static bool violate(struct violation *v, unsigned line, const char *fmt, ...)
{
	va_list args;

	v->line = line;
	va_start(args, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, args);
	va_end(args);
	return false;
}

/*
 * A directive's name for a message. A word that is not a name is not shown: it may be a password.
 */
static const char *shown(const char *name)
{
	return secret_is_plain_name(name, strlen(name))
		       ? name
		       : "(a word that is not the name of a directive)";
}

static struct block *innermost(struct walker *w)
{
	return &w->open[w->depth];
}

static bool is_within(const struct walker *w, enum block_kind kind)
{
	for (size_t i = 0; i <= w->depth; i++) {
		if (w->open[i].kind == kind)
			return true;
	}
	return false;
}

static enum block_kind kind_of(const struct directive *d, const struct statement *s)
{
	if (d && d->rule == RULE_LOCATION)
		return policy_is_named(s) ? BLOCK_NAMED : BLOCK_LOCATION;
	return d && d->rule == RULE_SERVER ? BLOCK_SERVER : BLOCK_OTHER;
}

static bool open_block(struct walker *w, const struct directive *d)
{
	const struct statement *s = &w->statement;
	struct block block = { .line = s->line, .reach = innermost(w)->reach };

	if (w->depth == DEPTH_LIMIT)
		return violate(w->violation, s->line, "blocks are nested more than %d deep",
			       DEPTH_LIMIT);
	block.notes.line = s->line;
	block.data = d && d->rule == RULE_DATA;
	block.kind = kind_of(d, s);
	if (block.kind == BLOCK_LOCATION || block.kind == BLOCK_NAMED) {
		block.reach = policy_reach(s);
		innermost(w)->notes.has_slash |= policy_is_slash(s);
	}
	w->open[++w->depth] = block;
	return true;
}

static bool check_value(struct walker *w)
{
	const struct statement *s = &w->statement;

	if (s->block)
		return violate(w->violation, s->line,
			       "a block is not possible within a block of values");
	if (strcasecmp(statement_first(s), "include") == 0)
		return violate(w->violation, s->line,
			       "\"include\" is not allowed in a snippet: write the values here");
	return true;
}

/*
 * A capture of this name would replace nginx's own $args, also where the query is empty, so that
 * "$is_args$args" at the end of a path would be part of it.
 */
static bool captures_args(const struct statement *s)
{
	for (const char *w = statement_first(s); w; w = statement_next(s, w)) {
		for (const char *at = w; (at = strstr(at, "(?"));) {
			at += 2;
			at += *at == 'P';
			if ((*at == '<' || *at == '\'') && strncasecmp(at + 1, "args", 4) == 0 &&
			    (at[5] == '>' || at[5] == '\''))
				return true;
		}
	}
	return false;
}

static bool check_directive(struct walker *w)
{
	const struct statement *s = &w->statement;
	const struct directive *d = policy_directive(statement_first(s));
	struct statement_check j = {
		.policy = w->policy, .statement = s, .block = innermost(w), .effort = &w->effort
	};
	const char *why;

	if (!d)
		return violate(w->violation, s->line,
			       "\"%s\" is not one of the directives that a snippet may use "
			       "(snippets.policy is \"safe\"): remove it, or put it into "
			       "nginx's own configuration on the host",
			       shown(statement_first(s)));
	j.in_server = is_within(w, BLOCK_SERVER);
	j.in_location = is_within(w, BLOCK_LOCATION) || is_within(w, BLOCK_NAMED);
	why = policy_check_statement(&j, d);
	if (why)
		return violate(w->violation, s->line, "\"%s\" %s", d->name, why);
	return !s->block || open_block(w, d);
}

static bool ends_with(const char *s, const char *end)
{
	size_t size = strlen(s), tail = strlen(end);

	return size >= tail && strcmp(s + size - tail, end) == 0;
}

/* POLICY_ALL: everything but Lua between braces, which has other tokens. */
static bool check_anything(struct walker *w)
{
	const struct statement *s = &w->statement;

	if (s->block && ends_with(statement_first(s), "_by_lua_block"))
		return violate(w->violation, s->line,
			       "\"%s\" is a block of Lua, whose braces cannot be counted: use a "
			       "_by_lua_file directive",
			       shown(statement_first(s)));
	return !s->block || open_block(w, NULL);
}

static bool check_statement(struct walker *w)
{
	if (w->policy->level == POLICY_ALL)
		return check_anything(w);
	if (captures_args(&w->statement))
		return violate(w->violation, w->statement.line,
			       "a capture must not have the name of nginx's variable $args");
	return innermost(w)->data ? check_value(w) : check_directive(w);
}

/* The block has ended: are its statements safe together? */
static bool compare_notes(struct walker *w, const struct block *b, struct uri_notes *around)
{
	struct uri_conflict c = notes_close(&b->notes, b->kind, around);

	if (!c.why)
		return true;
	w->violation->other = c.other;
	if (c.other == c.line)
		return violate(w->violation, c.line, "%s. Expected: %s", c.why, c.advice);
	return violate(w->violation, c.line, "%s (on line %u). Expected: %s", c.why, c.other,
		       c.advice);
}

static bool close_block(struct walker *w, unsigned line)
{
	if (!w->depth)
		return violate(w->violation, line,
			       "unexpected \"}\": this snippet has no open block here");
	w->depth--;
	return compare_notes(w, &w->open[w->depth + 1], &w->open[w->depth].notes);
}

static bool walk(struct walker *w)
{
	for (;;) {
		struct token t = statement_read(&w->lexer, &w->statement);

		switch (t.kind) {
		case TOKEN_ERROR:
			return violate(w->violation, t.line, "%s", t.error);
		case TOKEN_END:
			if (w->depth)
				return violate(w->violation, innermost(w)->line,
					       "the block that begins here is not closed");
			/* statements outside of servers are checked like those of one server */
			innermost(w)->kind = BLOCK_SERVER;
			return compare_notes(w, innermost(w), NULL);
		case TOKEN_CLOSE:
			if (!close_block(w, t.line))
				return false;
			break;
		default:
			if (!check_statement(w))
				return false;
		}
	}
}

/* Refuses bytes that a reader of the snippet does not see, but nginx does. */
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
		return violate(v, 1,
			       "snippets are disabled on this host (snippets.policy is \"off\")");
	if (!check_bytes(text, size, v))
		return false;
	lexer_init(&w.lexer, text, size);
	ok = walk(&w);
	lexer_fini(&w.lexer);
	statement_fini(&w.statement);
	return ok;
}

struct policy policy_from_settings(const struct settings *s)
{
	struct policy p = { .level = s->snippets.policy,
			    .roots = s->snippets.roots,
			    .certificates = s->snippets.certificates,
			    .writable = s->snippets.writable,
			    .log_directory = s->nginx.log_directory,
			    .nginx_config = s->nginx.config };
	const char *const *networks = s->discover.networks;

	for (size_t i = 0; networks && networks[i] && i < POLICY_NETWORKS_MAX; i++)
		p.network_count += !network_parse(networks[i], &p.networks[p.network_count]);
	return p;
}

static void add_text(struct digester *d, const char *text)
{
	digester_add(d, text ? "+" : "-", 1);
	digester_add_field(d, text ?: "", text ? strlen(text) : 0);
}

static void add_texts(struct digester *d, const char *const *texts)
{
	for (; texts && *texts; texts++)
		add_text(d, *texts);
	add_text(d, NULL);
}

struct digest policy_digest(const struct policy *p)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	unsigned char level = (unsigned char)p->level;

	digester_add(d, &level, 1);
	add_texts(d, p->roots);
	add_texts(d, p->certificates);
	add_texts(d, p->writable);
	add_text(d, p->log_directory);
	add_text(d, p->nginx_config);
	for (size_t i = 0; i < p->network_count; i++) {
		digester_add(d, p->networks[i].bytes, sizeof(p->networks[i].bytes));
		digester_add(d, &p->networks[i].bits, 1);
	}
	return digester_finish(d);
}
