/* From problems to lines that an editor can jump to. */
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/console/screen.h"
#include "findings.h"

void findings_init(struct findings *f)
{
	*f = (struct findings){ .arena = arena_new() };
}

void findings_fini(struct findings *f)
{
	arena_free(f->arena);
}

/* --- places ---------------------------------------------------------------------------------- */

/* The first character of a line that is not blank. */
static struct text_place place_of_line(const struct znode *z, unsigned line)
{
	const char *at = z->data, *end = at + z->size;

	for (unsigned n = 1; n < line && at; n++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	while (at && at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (!at)
		return (struct text_place){ line, 1 };
	return text_place_at(z->data, z->size, (size_t)(at - z->data));
}

/* A server's parameter in nginx's words: "weight=5 backup". */
static struct text_place place_of_word(const struct znode *z, const char *word)
{
	static const char blanks[] = " \t\r\n";
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= z->size; i++) {
		if ((i == 0 || strchr(blanks, z->data[i - 1])) &&
		    memcmp(z->data + i, word, size) == 0)
			return text_place_at(z->data, z->size, i);
	}
	return (struct text_place){ 1, 1 };
}

static struct text_place place_of(const struct znode *z, const struct problem *p)
{
	struct text_place place = { 1, 1 };

	if (!z)
		return place;
	if (p->kind == PROBLEM_JSON && json_locate_error(z->data, z->size, &place)) {
		if (!place.column)
			place = place_of_line(z, place.line);
		return place;
	}
	if (p->line)
		return place_of_line(z, p->line);
	if (*p->field && json_locate_error(z->data, z->size, &place))
		return place_of_word(z, p->field);
	if (*p->field)
		json_locate(z->data, z->size, p->field, &place);
	return *p->field ? place : (struct text_place){ 1, 1 };
}

/* --- the list -------------------------------------------------------------------------------- */

static struct finding *grow(struct findings *f)
{
	f->items = arena_grow(f->arena, f->items, f->count, &f->room, sizeof(*f->items));
	return &f->items[f->count++];
}

void findings_add(struct findings *f, const struct problems *ps, const struct tree *tree,
		  const char *(*file)(void *ctx, const char *znode), void *ctx)
{
	for (size_t i = 0; i < ps->count; i++) {
		const struct problem *p = &ps->items[i];
		const char *name = file ? file(ctx, p->znode) : NULL;

		*grow(f) = (struct finding){ .file = name ?: p->znode,
					     .place = place_of(tree_find(tree, p->znode), p),
					     .severity = "error",
					     .problem = p };
		f->errors++;
	}
}

void findings_add_file(struct findings *f, const char *file, const char *severity,
		       const char *message)
{
	struct problem *p = arena_new_of(f->arena, struct problem);

	*p = (struct problem){ .znode = "",
			       .kind = PROBLEM_FIELD,
			       .field = "",
			       .message = arena_strdup(f->arena, message),
			       .serving = SERVING_ABSENT };
	*grow(f) = (struct finding){ .file = arena_strdup(f->arena, file),
				     .place = { 1, 1 },
				     .severity = severity,
				     .problem = p };
	f->errors += strcmp(severity, "error") == 0;
}

/* --- output ---------------------------------------------------------------------------------- */

/* A finding is one line. */
static void put_line(const char *text, struct buf *out)
{
	size_t start = out->size;

	screen_clean(text, strlen(text), out);
	for (size_t i = start; i < out->size; i++) {
		if (out->data[i] == '\n')
			out->data[i] = ' ';
	}
}

static void print(const struct finding *f, FILE *out)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	const struct problem *p = f->problem;

	put_line(f->file, &line);
	buf_printf(&line, ":%u:%u: %s: ", f->place.line, f->place.column, f->severity);
	if (*p->field) {
		put_line(p->field, &line);
		buf_puts(&line, ": ");
	}
	put_line(p->message, &line);
	fprintf(out, "%s\n", buf_str(&line));
}

void findings_print(const struct findings *f, FILE *out)
{
	for (size_t i = 0; i < f->count; i++)
		print(&f->items[i], out);
}

static json_t *one_json(const struct finding *f)
{
	const struct problem *p = f->problem;
	json_t *j = json_object();

	json_put_text(j, "file", f->file);
	json_put_number(j, "line", f->place.line);
	json_put_number(j, "column", f->place.column);
	json_put_text(j, "severity", f->severity);
	json_put_text(j, "field", p->field);
	json_put_text(j, "kind", problem_kind_name(p->kind));
	json_put_text(j, "message", p->message);
	json_put_text(j, "serving", serving_name(p->serving));
	json_put_text(j, "znode", p->znode);
	return j;
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->count; i++)
		json_array_append_new(list, one_json(&f->items[i]));
	return list;
}
