/* diff: two configs side by side, by what they mean, or as nginx would read them. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/lint/lint.h"
#include "ctl/push/difference.h"
#include "ctl/push/directory.h"
#include "ctl/znodes/config_read.h"
#include "nginx/stage.h"
#include "preview/preview.h"

struct diff {
	struct ctl *ctl;
	const struct arguments *args;
	bool nginx;
	struct archive archive; /* read when a REV is given */
	struct directory *directory;
	struct tree *old, *new;
	struct difference_names names;
	struct policy policy;
	struct config_edit_input in;
};

/* A difference is no error, and an error no difference: their exit codes differ. */
static int fail(const struct err *e)
{
	ctl_say("%s", e->text);
	return e->code == ERR_INPUT || e->code == ERR_SETTINGS ? CTL_USAGE : CTL_UNKNOWN;
}

/* --- the two sides ---------------------------------------------------------------------------- */

static int read_zookeeper(const struct diff *d, struct tree **out, struct err *e)
{
	return d->nginx ? config_read_discovered(d->ctl, out, e) : config_read(d->ctl, out, e);
}

static int read_host(struct diff *d, struct err *e)
{
	const char *state = d->ctl->settings.state.directory;
	CLEANUP(freep) char *live = xasprintf("%s/live", state);

	if (access(live, F_OK) < 0)
		return err_sys(e, "%s: no zknginxd has run here, so there is nothing to compare",
			       live);
	d->names = (struct difference_names){ "host", "zookeeper" };
	if (stage_peek_tree(state, &d->old, e) < 0)
		return err_wrap(e, "what this host runs is not known");
	return read_zookeeper(d, &d->new, e);
}

/* With the servers that are there now: they are no part of a revision. */
static int read_revision(struct diff *d, const char *rev, const struct tree *newest,
			 struct tree **out, const char **name, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *config = NULL, *nothing = tree_empty();
	const struct history_entry *h;

	if (archive_find(&d->archive, rev, &h, e) < 0 ||
	    archive_config(&d->archive, h, &config, e) < 0)
		return -1;
	*name = arena_printf(d->archive.arena, "%.12s", h->revision);
	*out = newest ? overlay(newest, config, nothing, d->in.root) : TAKE(config);
	return 0;
}

static int read_revisions(struct diff *d, struct err *e)
{
	const char *old = arguments_at(d->args, 0), *new = arguments_at(d->args, 1);
	CLEANUP(tree_unrefp) struct tree *newest = NULL;

	d->in.objects_only = true;
	if (archive_read(&d->archive, d->ctl, e) < 0 ||
	    ((d->nginx || !new) && read_zookeeper(d, &newest, e) < 0) ||
	    read_revision(d, old, d->nginx ? newest : NULL, &d->old, &d->names.old, e) < 0)
		return -1;
	if (new)
		return read_revision(d, new, d->nginx ? newest : NULL, &d->new, &d->names.new, e);
	d->names.new = "zookeeper";
	d->new = TAKE(newest);
	return 0;
}

static int read_directory(struct diff *d, struct err *e)
{
	d->in.is_directory = true;
	if (directory_read(arguments_at(d->args, 0), d->in.root, &d->directory, e) < 0 ||
	    read_zookeeper(d, &d->old, e) < 0)
		return -1;
	d->names = (struct difference_names){ "zookeeper", d->directory->path };
	d->new = tree_ref(d->directory->tree);
	return 0;
}

/* A directory is DIR, and so is what has a slash or a dot. */
static bool is_directory(const char *word)
{
	struct stat st;

	return strpbrk(word, "/.") || (stat(word, &st) == 0 && S_ISDIR(st.st_mode));
}

static int read_sides(struct diff *d, struct err *e)
{
	const char *first = arguments_at(d->args, 0);

	if (!first)
		return read_host(d, e);
	if (arguments_count(d->args) == 1 && is_directory(first))
		return read_directory(d, e);
	return read_revisions(d, e);
}

/* --- as nginx reads them ---------------------------------------------------------------------- */

static struct bundle *render_side(const struct diff *d, const struct tree *t,
				  const struct tree *accepted)
{
	const struct lint_input in = { .tree = t, .accepted = accepted };
	CLEANUP(problems_fini) struct problems unused;
	CLEANUP(model_freep) struct model *m = NULL;

	problems_init(&unused);
	m = lint_compose(&d->ctl->settings, &in, &unused);
	return preview_render(&d->ctl->settings, NULL, m);
}

static struct buf text_of(const struct bundle *b, enum bundle_file f)
{
	struct buf text = BUF_INIT;

	buf_put(&text, bundle_text(b, (enum bundle_file)f)->data,
		bundle_text(b, (enum bundle_file)f)->size);
	return text;
}

/* Is this file the same? */
static bool compare_file(const struct diff *d, const struct bundle *old, const struct bundle *new,
			 enum bundle_file f, json_t *files)
{
	CLEANUP(buf_fini) struct buf from = text_of(old, f), to = text_of(new, f);

	if (from.size == to.size && memcmp(buf_str(&from), buf_str(&to), to.size) == 0)
		return true;
	if (d->ctl->json)
		json_array_append_new(files,
				      difference_json_texts(bundle_file_name(f), &from, &to));
	else
		difference_print_texts(&d->ctl->screen, &d->names, bundle_file_name(f), &from, &to);
	return false;
}

static void print_json(const struct diff *d, const struct config_edit *edit, const char *key,
		       json_t *list, bool same)
{
	json_t *j = json_object();

	json_put(j, key, list);
	json_put_text(j, "new", d->names.new);
	json_put_text(j, "old", d->names.old);
	json_put(j, "same", json_boolean(same));
	if (d->in.is_directory)
		json_put(j, "skipped", difference_json_unnamed(edit));
	ctl_print_json(j);
}

static int compare_nginx(struct diff *d, const struct config_edit *edit, struct arena *a)
{
	CLEANUP(tree_unrefp)
	struct tree *after = d->in.is_directory ? config_edit_result(edit, a) : tree_ref(d->new);
	CLEANUP(bundle_unrefp) struct bundle *old = render_side(d, d->old, d->old);
	CLEANUP(bundle_unrefp) struct bundle *new = render_side(d, after, d->old);
	json_t *files = json_array();
	bool same = true;

	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++)
		same = compare_file(d, old, new, f, files) && same;
	if (d->ctl->json)
		print_json(d, edit, "files", files, same);
	else
		json_decref(files);
	return same ? CTL_OK : CTL_BAD;
}

/* --------------------------------------------------------------------------------------------- */

static int compare(struct diff *d)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_edit edit;

	d->in.old = d->old;
	d->in.new = d->new;
	config_edit_make(&edit, a, &d->in);
	difference_say_unnamed(&edit);
	if (d->nginx)
		return compare_nginx(d, &edit, a);
	if (d->ctl->json)
		print_json(d, &edit, "changes", difference_json(&edit), edit.count == 0);
	else
		difference_print(&d->ctl->screen, &edit, &d->names);
	return edit.count ? CTL_BAD : CTL_OK;
}

static void diff_fini(struct diff *d)
{
	if (d->archive.arena)
		archive_fini(&d->archive);
	if (d->directory)
		directory_free(d->directory);
	tree_unref(d->old);
	tree_unref(d->new);
}

static int run_diff(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(diff_fini)
	struct diff d = {
		.ctl = ctl,
		.args = args,
		.nginx = arguments_has(args, "nginx"),
		.policy = policy_from_settings(&ctl->settings),
	};
	struct err e;

	d.in.root = ctl->settings.zookeeper.config;
	d.in.policy = &d.policy;
	return read_sides(&d, &e) < 0 ? fail(&e) : compare(&d);
}

static const struct command_option diff_options[] = {
	{ "nginx", 0, NULL, WORD_NONE, "compare the files that nginx would read" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[DIR | REV [REV]]",
	.summary = "compare a directory, ZooKeeper, this host or old revisions",
	.help = "DIR: ZooKeeper against the directory, as push would change it. REV: that "
		"revision\n"
		"against ZooKeeper, or against the second one; their servers are not compared.\n"
		"Without an argument: what this host runs against ZooKeeper.\n"
		"JSON is compared by its meaning. A word with a slash or a dot, and the name of a\n"
		"directory, is DIR. REV is the beginning of a revision (six digits at least) or a\n"
		"number of `history`.\n"
		"\n"
		"Exit status: 0 the same, 1 different, 2 wrong arguments, 3 cannot tell.",
	.example = "  zknginxctl diff conf\n"
		   "  zknginxctl diff 0123abcd\n"
		   "  zknginxctl diff --nginx 41 42",
	.least = 0,
	.most = 2,
	.words = { WORD_REVISION },
	.options = diff_options,
	.run = run_diff,
};
