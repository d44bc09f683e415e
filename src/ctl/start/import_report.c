/* The report of an import: a line for each block, and its reasons. */
#include <stdio.h>
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/console/ctl.h"
#include "import_report.h"

static const char *const fates[] = {
	[IMPORT_TYPED] = "typed", [IMPORT_SNIPPET] = "snippet", [IMPORT_STAYS] = "stays"
};

/* Paths are shown as FILE's directory sees them. */
static const char *shown(const struct import_output *out, const char *path)
{
	size_t prefix = (size_t)(strrchr(out->main.path, '/') - out->main.path) + 1;

	return strncmp(path, out->main.path, prefix) == 0 ? path + prefix : path;
}

static void print_why(const struct screen *s, const struct import_output *out, const char *what,
		      const char *why)
{
	if (!why)
		return;
	screen_print(s, COLOR_FAINT, "           %s: %s", what, shown(out, why));
	putchar('\n');
}

static void print_note(const struct screen *s, const struct import_output *out,
		       const struct import_note *n)
{
	static const enum color colors[] = { [IMPORT_TYPED] = COLOR_GOOD,
					     [IMPORT_SNIPPET] = COLOR_NONE,
					     [IMPORT_STAYS] = COLOR_WARNING };

	screen_print(s, colors[n->fate], "  %-8s", fates[n->fate]);
	screen_print(s, COLOR_NONE, " %s (%s:%u)%s%s\n", n->what, shown(out, n->file), n->line,
		     n->to ? " -> " : "", n->to ?: "");
	print_why(s, out, "not typed", n->why_untyped);
	print_why(s, out, "not a snippet", n->why_stays);
	if (!n->comments)
		return;
	screen_print(s, COLOR_FAINT, "           %u line%s of comments stay%s in nginx.conf",
		     n->comments, PLURAL(n->comments), n->comments == 1 ? "s" : "");
	putchar('\n');
}

static size_t count_fate(const struct import_output *out, enum import_fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < out->note_count; i++)
		count += out->notes[i].fate == fate;
	return count;
}

void import_report_print(const struct screen *s, const struct import_output *out,
			 const char *directory, const char *main)
{
	size_t snippets = count_fate(out, IMPORT_SNIPPET), stays = count_fate(out, IMPORT_STAYS);

	for (size_t i = 0; i < out->note_count; i++)
		print_note(s, out, &out->notes[i]);
	screen_print(s, COLOR_NONE,
		     "%zu typed, %zu snippet%s, %zu stay%s in nginx.conf, with the main context, "
		     "events and %zu directive%s of http and stream\n",
		     count_fate(out, IMPORT_TYPED), snippets, PLURAL(snippets), stays,
		     stays == 1 ? "s" : "", out->kept, PLURAL(out->kept));
	screen_print(s, COLOR_NONE, "written: %s (%zu file%s) and %s\n", directory,
		     out->files.count, PLURAL(out->files.count), main);
	screen_print(s, COLOR_NONE,
		     "next: read both. On every host stop zknginxd and put %s in the place of %s, "
		     "without a reload of nginx. Then: zknginxctl push --no-wait %s. Then start "
		     "zknginxd, which reloads nginx.\n",
		     main, out->main.path, directory);
}

static json_t *note_json(const struct import_note *n)
{
	json_t *o = json_object();

	json_put_text(o, "as", fates[n->fate]);
	json_put_text(o, "what", n->what);
	json_put_text(o, "file", n->file);
	json_put_number(o, "line", n->line);
	json_put(o, "to", n->to ? json_text(n->to) : json_null());
	json_put(o, "not_typed", n->why_untyped ? json_text(n->why_untyped) : json_null());
	json_put(o, "not_snippet", n->why_stays ? json_text(n->why_stays) : json_null());
	json_put_number(o, "comments", n->comments);
	return o;
}

void import_report_json(const struct import_output *out, const char *directory, const char *main)
{
	json_t *report = json_object(), *blocks = json_array(), *files = json_array();

	for (size_t i = 0; i < out->note_count; i++)
		json_array_append_new(blocks, note_json(&out->notes[i]));
	for (size_t i = 0; i < out->files.count; i++)
		json_array_append_new(files, json_text(out->files.items[i].path));
	json_put(report, "blocks", blocks);
	json_put_text(report, "directory", directory);
	json_put(report, "files", files);
	json_put_number(report, "kept", out->kept);
	json_put_text(report, "main", main);
	ctl_print_json(report);
}
