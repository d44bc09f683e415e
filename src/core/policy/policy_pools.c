/* See policy_pools.h. */
#include <string.h>
#include <zknginx/model.h>

#include "policy_pools.h"
#include "policy_rules.h"

#define DEPTH 32

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

struct reading_pools {
	struct arena *arena;
	struct pools *pools;
	const char *defines[DEPTH]; /* per open block: the variable that its values are of */
	const char *kinds[DEPTH];   /* "map", "geo", "split_clients" */
	size_t depth;
};

static const char *lower(struct arena *a, const char *s, size_t size)
{
	char *copied = arena_copy(a, s, size);

	for (char *c = copied; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return copied;
}

/* "$name" or "${name}" and nothing else: the name in lower case; or NULL. */
static const char *whole_variable(struct arena *a, const char *word)
{
	bool braces = word[0] == '$' && word[1] == '{';
	const char *name = word + 1 + braces;
	size_t size = word[0] == '$' ? strspn(name, name_bytes) : 0;

	if (!size || (braces ? strcmp(name + size, "}") != 0 : name[size] != '\0'))
		return NULL;
	return lower(a, name, size);
}

static void add_use(struct reading_pools *r, const struct statement *s)
{
	const char *first = statement_first(s), *name;
	size_t size, length = strlen(first);
	struct pools *p = r->pools;

	if (s->block || length < 5 || strcmp(first + length - 5, "_pass") != 0)
		return;
	name = policy_pass_variable(statement_word(s, 1), &size);
	if (!name)
		return;
	p->uses = arena_grow(r->arena, p->uses, p->use_count, &p->use_room, sizeof(*p->uses));
	p->uses[p->use_count++] = (struct pool_use){ lower(r->arena, name, size), s->line };
}

static void add_value(struct reading_pools *r, const char *variable, const char *word, bool mapped,
		      unsigned line)
{
	struct pools *p = r->pools;
	struct pool_value v = { .variable = variable, .mapped = mapped, .line = line };
	const char *host;
	size_t size;

	host = policy_pass_host(word, &size);
	v.follow = whole_variable(r->arena, host);
	v.name = lower(r->arena, host, size);
	if (!upstream_name_is_valid(v.name))
		v.name = NULL;
	v.plain = host == word && !word[size];
	p->values =
		arena_grow(r->arena, p->values, p->value_count, &p->value_room, sizeof(*p->values));
	p->values[p->value_count++] = v;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words;
}

/* A statement in a block of values. */
static void read_value(struct reading_pools *r, const struct statement *s)
{
	static const char *const alone[] = { "hostnames", "volatile", "ranges", NULL };
	static const char *const of_geo[] = { "delete", "proxy", "proxy_recursive", NULL };
	const char *kind = r->kinds[r->depth], *first = statement_first(s);

	if (s->count == 1 && is_one_of(first, alone))
		return;
	if (strcmp(kind, "geo") == 0 && is_one_of(first, of_geo))
		return;
	/* what an included file has is not known, and "" is the name of no upstream */
	add_value(r, r->defines[r->depth], strcmp(first, "include") ? statement_word(s, 1) : "",
		  true, s->line);
}

static void read_directive(struct reading_pools *r, const struct statement *s)
{
	const char *variable;

	if (r->defines[r->depth]) {
		read_value(r, s);
		return;
	}
	add_use(r, s);
	variable = strcmp(statement_first(s), "set") == 0 && s->count == 3
			   ? whole_variable(r->arena, statement_word(s, 1))
			   : NULL;
	if (variable)
		add_value(r, variable, statement_word(s, 2), false, s->line);
}

static bool open_block(struct reading_pools *r, const struct statement *s)
{
	static const char *const kinds[] = { "map", "geo", "split_clients", NULL };
	const char *first = statement_first(s);
	size_t i = 0;

	if (++r->depth == DEPTH)
		return false;
	while (kinds[i] && strcmp(kinds[i], first) != 0)
		i++;
	r->kinds[r->depth] = kinds[i];
	r->defines[r->depth] =
		kinds[i] ? whole_variable(r->arena, statement_word(s, s->count - 1)) : NULL;
	return true;
}

static void read_text(struct reading_pools *r, const char *text, size_t size)
{
	struct statement s = { 0 };
	struct lexer l;
	struct token t;

	lexer_init(&l, text, size);
	while ((t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		if (t.kind == TOKEN_CLOSE)
			r->depth -= r->depth > 0;
		else if (t.kind == TOKEN_SEMICOLON)
			read_directive(r, &s);
		else if (!open_block(r, &s))
			break;
	}
	lexer_fini(&l);
	statement_fini(&s);
}

const struct pools *policy_pools(struct arena *a, const char *text, size_t size)
{
	struct pools *p = arena_new_of(a, struct pools);
	struct reading_pools r = { .arena = a, .pools = p };

	*p = (struct pools){ 0 };
	read_text(&r, text, size);
	return p->use_count || p->value_count ? p : NULL;
}
