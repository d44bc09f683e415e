/* history and show: the revisions that the fleet was given, and what became of them. */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/console/table.h"
#include "ctl/push/difference.h"
#include "entry_json.h"

static enum color color_of(enum history_outcome o)
{
	static const enum color colors[OUTCOME_N] = {
		[OUTCOME_ACCEPTED] = COLOR_GOOD, [OUTCOME_PENDING] = COLOR_WARNING,
		[OUTCOME_HALTED] = COLOR_BAD,    [OUTCOME_REVERTED] = COLOR_BAD,
		[OUTCOME_ABORTED] = COLOR_BAD,
	};

	return colors[o];
}

static const char *outcome_text(struct arena *a, const struct history_entry *h)
{
	const char *name = history_outcome_name(h->outcome);

	return *h->reason ? arena_printf(a, "%s: %s", name, h->reason) : name;
}

/* --- history --------------------------------------------------------------------------------- */

static bool read_number(const struct arguments *args, unsigned long *most)
{
	const char *text = arguments_value(args, "number");

	*most = (unsigned long)-1;
	if (!text)
		return true;
	*most = strtoul(text, NULL, 10);
	if (*most && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10)
		return true;
	ctl_usage("--number \"%s\": not a number from 1", text);
	return false;
}

static void print_table(struct archive *a, size_t end)
{
	static const char *const titles[] = { ">SEQ",    "REVISION", "WHEN", "BY",
					      "OUTCOME", ">CHANGES", "NOTE" };
	CLEANUP(table_fini) struct table t;

	table_init(&t, titles, ARRAY_SIZE(titles));
	for (size_t i = a->count; i-- > end;) {
		const struct history_entry *h = &a->entries[i];

		table_add(&t, COLOR_NONE, "%lu", h->seq);
		table_add(&t, COLOR_STRONG, "%.12s", h->revision);
		table_add(&t, COLOR_NONE, "%s", h->at);
		table_add(&t, COLOR_NONE, "%s", *h->by ? h->by : "-");
		table_add(&t, color_of(h->outcome), "%s", outcome_text(a->arena, h));
		table_add(&t, COLOR_NONE, "%zu", h->changes);
		table_add(&t, COLOR_NONE, "%s", h->note);
	}
	table_print(&t, &a->ctl->screen);
}

static int list(struct archive *a, unsigned long most)
{
	size_t end = a->count > most ? a->count - most : 0;
	json_t *entries;

	if (!a->ctl->json) {
		if (!a->count)
			ctl_say("the history has no entry");
		print_table(a, end);
		return CTL_OK;
	}
	entries = json_array();
	for (size_t i = a->count; i-- > end;)
		json_array_append_new(entries, history_entry_json(&a->entries[i]));
	ctl_print_json(entries);
	return CTL_OK;
}

static int run_history(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(archive_fini) struct archive a = { 0 };
	unsigned long most;
	struct err e;

	if (!read_number(args, &most))
		return CTL_USAGE;
	return archive_read(&a, ctl, &e) < 0 ? ctl_fail(&e) : list(&a, most);
}

static const struct command_option history_options[] = {
	{ "number", 'n', "N", WORD_NONE, "only the newest N" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_history = {
	.name = "history",
	.synopsis = "",
	.summary = "list the revisions that were rolled out, the newest first",
	.example = "  zknginxctl history -n 10",
	.options = history_options,
	.run = run_history,
};

/* --- show ------------------------------------------------------------------------------------- */

static void print_field(const struct screen *s, const char *name, enum color c, const char *value)
{
	if (!*value)
		return;
	screen_print(s, COLOR_FAINT, "%-10s", name);
	screen_print(s, c, "%s", value);
	fputc('\n', s->out);
}

static void print_entry(const struct archive *a, const struct history_entry *h)
{
	const struct screen *s = &a->ctl->screen;

	print_field(s, "revision", COLOR_STRONG, h->revision);
	print_field(s, "entry", COLOR_NONE, arena_printf(a->arena, "%lu", h->seq));
	print_field(s, "at", COLOR_NONE, h->at);
	print_field(s, "written", COLOR_NONE, h->changed);
	print_field(s, "by", COLOR_NONE, h->by);
	print_field(s, "note", COLOR_NONE, h->note);
	print_field(s, "leader", COLOR_NONE, h->leader);
	print_field(s, "outcome", color_of(h->outcome), outcome_text(a->arena, h));
	print_field(s, "znodes", COLOR_NONE, arena_printf(a->arena, "%zu changed", h->changes));
	for (size_t i = 0; i < h->znode_count; i++)
		print_field(s, "", COLOR_NONE, h->znodes[i]);
	if (h->znode_count < h->changes)
		print_field(s, "", COLOR_NONE,
			    arena_printf(a->arena, "… and %zu more", h->changes - h->znode_count));
}

/* What the entry changed: against the one before, or against nothing. */
static int show_changes(struct archive *a, const struct history_entry *h, json_t *j, struct err *e)
{
	const struct history_entry *before = archive_before(a, h);
	struct policy policy = policy_from_settings(&a->ctl->settings);
	CLEANUP(tree_unrefp) struct tree *old = NULL, *new = NULL;
	struct config_edit_input in = { .root = a->ctl->settings.zookeeper.config,
					.policy = &policy,
					.objects_only = true };
	struct difference_names names = { "nothing", arena_printf(a->arena, "%.12s", h->revision) };
	struct config_edit edit;

	if (archive_config(a, h, &new, e) < 0)
		return -1;
	if (!before)
		old = tree_empty();
	else if (archive_config(a, before, &old, e) < 0)
		return -1;
	if (before)
		names.old = arena_printf(a->arena, "%.12s", before->revision);
	in.old = old;
	in.new = new;
	config_edit_make(&edit, a->arena, &in);
	if (j)
		json_put(j, "diff", difference_json(&edit));
	else
		difference_print(&a->ctl->screen, &edit, &names);
	return 0;
}

static int show(struct archive *a, const char *rev, struct err *e)
{
	const struct history_entry *h;
	json_t *j = NULL;

	if (archive_find(a, rev, &h, e) < 0)
		return -1;
	if (a->ctl->json) {
		j = history_entry_json(h);
	} else {
		print_entry(a, h);
		fputc('\n', a->ctl->screen.out);
	}
	if (show_changes(a, h, j, e) < 0) {
		json_decref(j);
		return -1;
	}
	if (j)
		ctl_print_json(j);
	return 0;
}

static int run_show(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(archive_fini) struct archive a = { 0 };
	struct err e;

	if (archive_read(&a, ctl, &e) < 0 || show(&a, arguments_at(args, 0), &e) < 0)
		return ctl_fail(&e);
	return CTL_OK;
}

const struct command command_show = {
	.name = "show",
	.synopsis = "REV",
	.summary = "show an entry of the history, and what it changed",
	.help = "REV is the beginning of a revision (six digits at least) or a number of "
		"`history`.",
	.example = "  zknginxctl show 0123abcd",
	.least = 1,
	.most = 1,
	.words = { WORD_REVISION },
	.run = run_show,
};
