/*
 * JSON that is only formatted in another way would be one great change, of which a person learns
 * nothing. So two JSON values are also compared line by line in one and the same format, and the
 * shorter of both differences is shown.
 */
#include <string.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "core/text/line_diff.h"
#include "ctl/console/ctl.h"
#include "difference.h"

#define NAMED 20 /* znodes that a message names */

/* The znode's data as it is, or as JSON of one format; false: it is no JSON. */
static bool put_formatted(struct buf *out, const struct znode *z)
{
	json_t *j = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);

	if (!j)
		return false;
	json_print(j, JSON_INDENT(2), out);
	return true;
}

static size_t changed_lines(struct line_counts c)
{
	return c.added + c.removed;
}

static struct line_counts diff_bytes(const struct znode *old, const struct znode *new,
				     struct buf *out)
{
	return line_diff(old ? old->data : "", old ? old->size : 0, new ? new->data : "",
			 new ? new->size : 0, out);
}

static void put_hunks(const struct config_change *c, struct buf *out)
{
	CLEANUP(buf_fini) struct buf old = BUF_INIT, new = BUF_INIT, formatted = BUF_INIT;
	struct line_counts as_it_is = diff_bytes(c->old, c->new, out), as_json;

	if (!c->old || !c->new || !put_formatted(&old, c->old) || !put_formatted(&new, c->new))
		return;
	as_json = line_diff(buf_str(&old), old.size, buf_str(&new), new.size, &formatted);
	if (formatted.size && changed_lines(as_json) < changed_lines(as_it_is)) {
		buf_clear(out);
		buf_put(out, buf_str(&formatted), formatted.size);
	}
}

/* --- on the screen --------------------------------------------------------------------------- */

static enum color color_of(char sign)
{
	switch (sign) {
	case '+':
		return COLOR_GOOD;
	case '-':
		return COLOR_BAD;
	case '@':
		return COLOR_FAINT;
	default:
		return COLOR_NONE;
	}
}

/* The data may have any bytes. */
static void print_line(const struct screen *s, const char *line, size_t size)
{
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	enum color color = color_of(*line);

	screen_clean(line, size, &clean);
	fprintf(s->out, "%s%s%s\n", screen_begin(s, color), buf_str(&clean), screen_end(s, color));
}

static void print_hunks(const struct screen *s, const struct buf *hunks)
{
	const char *line = buf_str(hunks), *end = line + hunks->size;

	while (line < end) {
		const char *feed = memchr(line, '\n', (size_t)(end - line)) ?: end;

		print_line(s, line, (size_t)(feed - line));
		line = feed + 1;
	}
}

static void print_head(const struct screen *s, const char *sign, const char *side, const char *file)
{
	if (side)
		screen_print(s, COLOR_STRONG, "%s %s/%s", sign, side, file);
	else
		screen_print(s, COLOR_STRONG, "%s /dev/null", sign);
	fputc('\n', s->out);
}

static void print_change(const struct screen *s, const struct config_edit *e,
			 const struct config_change *c, const struct difference_names *names)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf hunks = BUF_INIT;
	const char *file =
		config_file(a, c->path, e->in->root) ?: path_relative(c->path, e->in->root);

	print_head(s, "---", c->old ? names->old : NULL, file);
	print_head(s, "+++", c->new ? names->new : NULL, file);
	put_hunks(c, &hunks);
	if (hunks.size) {
		print_hunks(s, &hunks);
	} else {
		screen_print(s, COLOR_FAINT, "(no data)");
		fputc('\n', s->out);
	}
}

void difference_print(const struct screen *s, const struct config_edit *e,
		      const struct difference_names *names)
{
	for (size_t i = 0; i < e->count; i++)
		print_change(s, e, &e->changes[i], names);
}

void difference_print_texts(const struct screen *s, const struct difference_names *names,
			    const char *file, const struct buf *old, const struct buf *new)
{
	CLEANUP(buf_fini) struct buf hunks = BUF_INIT;

	line_diff(buf_str(old), old->size, buf_str(new), new->size, &hunks);
	if (!hunks.size)
		return;
	print_head(s, "---", names->old, file);
	print_head(s, "+++", names->new, file);
	print_hunks(s, &hunks);
}

const char *difference_summary(struct arena *a, const struct config_edit *e)
{
	const struct {
		size_t count;
		const char *done;
	} parts[] = { { e->created, "created" },
		      { e->changed, "changed" },
		      { e->deleted, "deleted" } };
	const char *text = "";

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].count)
			continue;
		text = *text ? arena_printf(a, "%s, %zu %s", text, parts[i].count, parts[i].done)
			     : arena_printf(a, "%zu znode%s %s", parts[i].count,
					    PLURAL(parts[i].count), parts[i].done);
	}
	return *text ? text : "no change";
}

void difference_say_unnamed(const struct config_edit *e)
{
	for (size_t i = 0; i < e->unnamed_count && i < NAMED; i++)
		ctl_say("%s stays as it is: it is none of the config's objects and servers, or no "
			"file can have its name",
			e->unnamed[i]);
	if (e->unnamed_count > NAMED)
		ctl_say("… and %zu more znodes that cannot have a file stay as they are",
			e->unnamed_count - NAMED);
}

/* --- as JSON --------------------------------------------------------------------------------- */

json_t *difference_json(const struct config_edit *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->count; i++) {
		const struct config_change *c = &e->changes[i];
		CLEANUP(buf_fini) struct buf hunks = BUF_INIT;
		json_t *j = json_object();

		put_hunks(c, &hunks);
		json_put_text(j, "znode", c->path);
		json_put_text(j, "change", !c->old ? "created" : !c->new ? "deleted" : "changed");
		json_put_text(j, "diff", buf_str(&hunks));
		json_array_append_new(list, j);
	}
	return list;
}

json_t *difference_json_texts(const char *file, const struct buf *old, const struct buf *new)
{
	CLEANUP(buf_fini) struct buf hunks = BUF_INIT;
	json_t *j = json_object();

	line_diff(buf_str(old), old->size, buf_str(new), new->size, &hunks);
	json_put_text(j, "diff", buf_str(&hunks));
	json_put_text(j, "file", file);
	return j;
}

json_t *difference_json_unnamed(const struct config_edit *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->unnamed_count; i++)
		json_array_append_new(list, json_text(e->unnamed[i]));
	return list;
}
