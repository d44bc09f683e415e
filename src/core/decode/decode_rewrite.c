/*
 * Rewriting, and files to try. Which paths they can make is checked for the whole site
 * (policy_site.h).
 */
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/regex_text.h"
#include "decode_rewrite.h"

#define REWRITES_MOST 200
#define FILES_MOST 16

static const struct field rewrite_rows[] = {
	{ "from", FIELD_TEXT, .where = offsetof(struct rewrite, from), .required = true,
	  .check = check_regex },
	{ "to", FIELD_TEXT, .where = offsetof(struct rewrite, to), .required = true,
	  .check = check_replacement },
	{ "flag", FIELD_TEXT, .where = offsetof(struct rewrite, flag),
	  .check = check_rewrite_flag },
};
const struct fields decode_rewrite_fields = FIELDS(rewrite_rows);

static void read_rewrite(struct reader *r, const json_t *value, struct rewrite *w)
{
	size_t size;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &decode_rewrite_fields, w);
	if (w->from && regex_text_next_name(w->from, &size))
		reader_problem(r, "from", "has a named group: use a plain one, and $1 for it");
	if (w->from && w->to && regex_text_lost_capture(w->from, w->to))
		reader_problem(r, "to", "uses $%d, but \"from\" has no such group",
			       regex_text_lost_capture(w->from, w->to));
}

void decode_rewrites(struct reader *r, const json_t *value, void *where)
{
	struct common *common = where;
	size_t count = json_array_size(value);

	if (!reader_is_list(r, value, 1, REWRITES_MOST))
		return;
	common->rewrites = arena_array(r->arena, struct rewrite, count);
	common->rewrite_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		common->rewrites[i] = (struct rewrite){ 0 };
		read_rewrite(r, json_array_get(value, i), &common->rewrites[i]);
		reader_leave(r, mark);
	}
}

/* Only the last may be a status or the name of a location. */
static void check_order(struct reader *r, const char *const *words, size_t count)
{
	if (count == 1)
		reader_problem(r, NULL,
			       "needs a file to try and what to do without it, such as "
			       "[\"$uri\", \"=404\"]");
	for (size_t i = 0; i + 1 < count; i++) {
		if (words[i][0] == '=' || words[i][0] == '@')
			reader_problem(r, NULL, "\"%.80s\" may be the last element only", words[i]);
	}
}

void decode_try_files(struct reader *r, const json_t *value, void *where)
{
	size_t count;
	const char **words = reader_texts(r, value, FILES_MOST, check_try, &count);
	struct clause *s;

	check_order(r, words, count);
	s = clauses_add(r->arena, where, r->path, "try_files", 0);
	s->words = words;
	s->count = count;
}
