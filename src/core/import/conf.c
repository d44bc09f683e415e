/*
 * Reads nginx's own text into statements, with nginx's tokens (lexer.h).
 *
 * Blocks of Lua (content_by_lua_block { … }) have other tokens: their braces are matched with
 * Lua's strings and comments in mind (conf_lua.h), and their text is kept as one piece.
 *
 * Hostile files: an include that includes itself ends in an error, as do blocks and includes that
 * are nested too deep, and files that are included too often or are too large together.
 */
#include <string.h>

#include "conf.h"
#include "conf_lua.h"
#include "core/text/lexer.h"

#define DEPTH_LIMIT 64
#define FILES_LIMIT 10000
#define BYTES_LIMIT ((size_t)256 << 20)

struct conf_reader {
	struct arena *arena;
	const struct import_input *in;
	struct err *err;
	const struct conf_file *open[DEPTH_LIMIT]; /* FILE, and the includes that lead here */
	size_t open_count;
	size_t files, bytes;
};

/* One file under way. */
struct conf_text {
	struct conf_reader *reader;
	struct conf_file *file;
	struct lexer lexer;
	unsigned depth;
};

static int refuse(struct conf_text *t, unsigned line, const char *what)
{
	return err_set(t->reader->err, ERR_INPUT, "%s:%u: %s", t->file->path, line, what);
}

static void add_fixed(struct conf_text *t, size_t begin, size_t end)
{
	struct conf_file *f = t->file;

	f->fixed = arena_grow(t->reader->arena, f->fixed, f->fixed_count, &f->fixed_room,
			      sizeof(*f->fixed));
	f->fixed[f->fixed_count++] = (struct conf_span){ begin, end };
}

static void add_comment(struct conf_text *t, const char *begin, const char *end)
{
	struct conf_file *f = t->file;

	f->comments = arena_grow(t->reader->arena, f->comments, f->comment_count, &f->comment_room,
				 sizeof(*f->comments));
	f->comments[f->comment_count++] =
		(struct conf_span){ (size_t)(begin - f->text), (size_t)(end - f->text) };
}

static size_t offset(const struct conf_text *t)
{
	return (size_t)(t->lexer.at - t->file->text);
}

/* Where the next token begins; the comments before it are noted. */
static size_t token_begin(struct conf_text *t)
{
	const char *at = t->lexer.at, *end = t->lexer.end, *comment;

	while (at < end) {
		if (*at == '#') {
			comment = at;
			at = memchr(at, '\n', (size_t)(end - at)) ?: end;
			add_comment(t, comment, at);
		} else if (strchr(" \t\r\n", *at)) {
			at++;
		} else {
			break;
		}
	}
	return (size_t)(at - t->file->text);
}

/* Reads the words of a statement, up to the token that ends it. */

struct words {
	const char **items;
	size_t count, room;
};

static void add_word(struct conf_text *t, struct words *w, const struct token *token)
{
	size_t begin = (size_t)(t->lexer.start - t->file->text);

	if (memchr(t->lexer.start, '\n', offset(t) - begin))
		add_fixed(t, begin, offset(t));
	w->items = arena_grow(t->reader->arena, w->items, w->count, &w->room, sizeof(*w->items));
	w->items[w->count++] = arena_copy(t->reader->arena, token->word, token->size);
}

/* Reads the words of a statement, and returns the token that ends it. */
static struct token read_words(struct conf_text *t, struct conf_node *n, struct words *words)
{
	for (;;) {
		size_t begin = token_begin(t);
		struct token token = lexer_next(&t->lexer);

		if (token.kind != TOKEN_WORD)
			return token;
		if (!words->count) {
			n->span.begin = begin;
			n->line = token.line;
		}
		add_word(t, words, &token);
	}
}

static struct conf_node *new_node(struct conf_text *t, struct conf_node *parent)
{
	struct conf_node *n = arena_new_of(t->reader->arena, struct conf_node);

	n->file = t->file;
	n->parent = parent;
	return n;
}

static void add_child(struct conf_text *t, struct conf_node *parent, struct conf_node *n)
{
	parent->children = arena_grow(t->reader->arena, parent->children, parent->child_count,
				      &parent->child_room, sizeof(*parent->children));
	parent->children[parent->child_count++] = n;
}

static bool is_lua(const struct conf_node *n)
{
	static const char end[] = "_by_lua_block";
	const char *name = conf_word(n, 0);
	size_t size = strlen(name), tail = sizeof(end) - 1;

	return size >= tail && strcmp(name + size - tail, end) == 0;
}

static int read_lua(struct conf_text *t, struct conf_node *n)
{
	const char *begin = t->lexer.at, *end = conf_lua_end(begin, t->lexer.end);

	if (!end)
		return refuse(t, n->line, "the block of Lua that begins here is not closed");
	for (const char *s = begin; s < end; s++)
		t->lexer.line += *s == '\n';
	n->lua = true;
	t->lexer.at = end;
	add_fixed(t, (size_t)(begin - t->file->text), offset(t));
	return 0;
}

static int read_statements(struct conf_text *t, struct conf_node *block);
static int read_include(struct conf_text *t, struct conf_node *n);

static int read_body(struct conf_text *t, struct conf_node *n)
{
	int result;

	if (t->depth == DEPTH_LIMIT)
		return refuse(t, n->line, "blocks are nested too deep");
	t->depth++;
	result = is_lua(n) ? read_lua(t, n) : read_statements(t, n);
	t->depth--;
	return result;
}

static int end_statement(struct conf_text *t, struct conf_node *n, const struct words *w)
{
	n->words = w->items;
	n->count = w->count;
	if (n->block && read_body(t, n) < 0)
		return -1;
	n->span.end = offset(t);
	if (!n->block && n->count == 2 && conf_is(n, "include"))
		return read_include(t, n);
	return 0;
}

static int end_block(struct conf_text *t, const struct conf_node *block, const struct token *token)
{
	bool closed = token->kind == TOKEN_CLOSE;

	if (closed && !block->parent)
		return refuse(t, token->line, "unexpected \"}\": no block is open here");
	if (!closed && block->parent)
		return refuse(t, block->line, "the block that begins here is not closed");
	return 0;
}

static int read_statements(struct conf_text *t, struct conf_node *block)
{
	for (;;) {
		struct conf_node *n = new_node(t, block);
		struct words words = { 0 };
		struct token token;

		token = read_words(t, n, &words);
		if (token.kind == TOKEN_ERROR)
			return refuse(t, token.line, token.error);
		if (token.kind == TOKEN_CLOSE || token.kind == TOKEN_END)
			return end_block(t, block, &token);
		n->block = token.kind == TOKEN_OPEN;
		if (end_statement(t, n, &words) < 0)
			return -1;
		add_child(t, block, n);
	}
}

/* nginx takes a byte order mark for a part of the first word; a word of ours would end at a NUL. */
static int check_bytes(struct conf_text *t)
{
	const char *nul = memchr(t->file->text, '\0', t->file->size);
	unsigned line = 1;

	if (t->file->size >= 3 && memcmp(t->file->text, "\xef\xbb\xbf", 3) == 0)
		return refuse(t, 1, "begins with a byte order mark, which nginx does not take");
	if (!nul)
		return 0;
	for (const char *s = t->file->text; s < nul; s++)
		line += *s == '\n';
	return refuse(t, line, "contains a NUL byte: it is not a text file");
}

static int read_file(struct conf_reader *r, const struct import_file *from, struct conf_file **out)
{
	struct conf_file *f = arena_new_of(r->arena, struct conf_file);
	struct conf_text t = { .reader = r, .file = f };
	int result;

	f->path = arena_strdup(r->arena, from->path);
	f->named = arena_strdup(r->arena, from->named ?: from->path);
	f->text = arena_copy(r->arena, from->text, from->size);
	f->size = from->size;
	f->root = new_node(&t, NULL);
	f->root->block = true;
	f->root->span.end = f->size;
	*out = f;
	r->open[r->open_count++] = f;
	lexer_init(&t.lexer, f->text, f->size);
	result = check_bytes(&t) < 0 ? -1 : read_statements(&t, f->root);
	lexer_fini(&t.lexer);
	r->open_count--;
	return result;
}

/* Refuses what would never end. */
static int check_include(struct conf_text *t, const struct conf_node *n,
			 const struct import_file *from)
{
	struct conf_reader *r = t->reader;

	for (size_t i = 0; i < r->open_count; i++) {
		if (strcmp(r->open[i]->path, from->path) == 0)
			return refuse(t, n->line, "the file that is included includes this one");
	}
	if (r->open_count == DEPTH_LIMIT)
		return refuse(t, n->line, "includes are nested too deep");
	r->bytes += from->size;
	if (r->files++ == FILES_LIMIT || r->bytes > BYTES_LIMIT)
		return refuse(t, n->line, "too many files are included");
	return 0;
}

static int read_include(struct conf_text *t, struct conf_node *n)
{
	struct conf_reader *r = t->reader;
	struct import_files found = { .arena = r->arena };
	struct err e;

	if (r->in->is_ours && r->in->is_ours(r->in->ctx, conf_word(n, 1)))
		return 0;
	if (r->in->open(r->in->ctx, conf_word(n, 1), &found, &e) < 0)
		return refuse(t, n->line, e.text);
	n->files = arena_array(r->arena, struct conf_file *, found.count + 1);
	for (size_t i = 0; i < found.count; i++) {
		if (check_include(t, n, &found.items[i]) < 0 ||
		    read_file(r, &found.items[i], &n->files[i]) < 0)
			return -1;
		n->file_count++;
	}
	return 0;
}

int conf_read(struct arena *a, const struct import_input *in, struct conf_file **out, struct err *e)
{
	struct conf_reader r = { .arena = a, .in = in, .err = e };

	return read_file(&r, in->file, out);
}

const char *conf_word(const struct conf_node *n, size_t i)
{
	return i < n->count ? n->words[i] : "";
}

bool conf_is(const struct conf_node *n, const char *name)
{
	return strcmp(conf_word(n, 0), name) == 0;
}

static void collect(struct arena *a, const struct conf_node *block, struct conf_list *list)
{
	for (size_t i = 0; i < block->child_count; i++) {
		struct conf_node *n = block->children[i];

		for (size_t j = 0; j < n->file_count; j++)
			collect(a, n->files[j]->root, list);
		if (n->files)
			continue;
		list->items = arena_grow(a, list->items, list->count, &list->room,
					 sizeof(struct conf_node *));
		list->items[list->count++] = n;
	}
}

struct conf_list conf_statements(struct arena *a, const struct conf_node *block)
{
	struct conf_list list = { 0 };

	collect(a, block, &list);
	return list;
}
