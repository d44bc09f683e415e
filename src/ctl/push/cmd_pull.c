/* pull: the config of ZooKeeper as files of a directory. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/data/layout.h"
#include "core/fleet/config_note.h"
#include "core/policy/policy.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/znodes/config_read.h"
#include "difference.h"
#include "directory.h"
#include "directory_write.h"

/* What pull works on. */
struct pull {
	struct ctl *ctl;
	const char *path;
	struct arena *arena;
	struct tree *config; /* what the directory is to have */
	struct directory *directory;
	const char **skipped; /* znodes that cannot have a file */
	size_t skipped_count;
};

static void pull_fini(struct pull *p)
{
	tree_unref(p->config);
	if (p->directory)
		directory_free(p->directory);
	arena_free(p->arena);
}

/* What an operator wrote: objects and static servers. The znodes that applications have registered
 * are left out. */
static void take_config(struct pull *p, const struct tree *t)
{
	const char *root = p->ctl->settings.zookeeper.config;
	struct tree_builder b;
	size_t room = 0;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);
		enum config_level level = config_place(z->path, root).level;

		if (level == CONFIG_CHILD && z->owner)
			continue;
		if (config_file(p->arena, z->path, root)) {
			tree_builder_add(&b, z);
		} else if (level != CONFIG_ROOT && level != CONFIG_DIRECTORY) {
			p->skipped = arena_grow(p->arena, p->skipped, p->skipped_count, &room,
						sizeof(*p->skipped));
			p->skipped[p->skipped_count++] = arena_strdup(p->arena, z->path);
		}
	}
	p->config = tree_builder_finish(&b);
	tree_builder_fini(&b);
}

static int read_config(struct pull *p, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct config_note note;

	if (config_read(p->ctl, &t, e) < 0)
		return -1;
	config_note_of(p->arena, t, p->ctl->settings.zookeeper.config, &note);
	if (note.unfinished)
		ctl_say("a push%s%s is unfinished: ZooKeeper has only a part of it",
			*note.push.by ? " by " : "", note.push.by);
	take_config(p, t);
	return 0;
}

static int read_directory(struct pull *p, struct err *e)
{
	if (mkdir(p->path, 0755) < 0 && errno != EEXIST) {
		err_sys(e, "%s", p->path);
		return -1;
	}
	return directory_read(p->path, p->ctl->settings.zookeeper.config, &p->directory, e);
}

static const char *file_of(struct pull *p, const struct config_change *c)
{
	return config_file(p->arena, c->path, p->ctl->settings.zookeeper.config) ?: c->path;
}

static json_t *as_json(struct pull *p, const struct config_edit *e)
{
	json_t *j = json_object(), *files = json_array(), *skipped = json_array();

	for (size_t i = 0; i < e->count; i++) {
		const struct config_change *c = &e->changes[i];
		json_t *file = json_object();

		json_put_text(file, "change",
			      !c->old   ? "created"
			      : !c->new ? "removed"
					: "changed");
		json_put_text(file, "file", file_of(p, c));
		json_array_append_new(files, file);
	}
	for (size_t i = 0; i < p->skipped_count; i++)
		json_array_append_new(skipped, json_text(p->skipped[i]));
	json_put_text(j, "directory", p->path);
	json_put(j, "files", files);
	json_put(j, "skipped", skipped);
	return j;
}

static void print(struct pull *p, const struct config_edit *e)
{
	static const enum color colors[] = {
		['+'] = COLOR_GOOD, ['-'] = COLOR_BAD, ['~'] = COLOR_WARNING
	};
	const struct screen *s = &p->ctl->screen;

	for (size_t i = 0; i < p->skipped_count; i++)
		ctl_say("%s is left out: it is none of the config's objects and servers, or no "
			"file can have its name",
			p->skipped[i]);
	if (p->ctl->json) {
		ctl_print_json(as_json(p, e));
		return;
	}
	for (size_t i = 0; i < e->count; i++) {
		char sign = config_change_sign(&e->changes[i]);

		screen_print(s, colors[(int)sign], "%c %s", sign, file_of(p, &e->changes[i]));
		fputc('\n', s->out);
	}
	if (e->count)
		screen_print(s, COLOR_NONE, "%s: %zu created, %zu changed, %zu removed\n", p->path,
			     e->created, e->changed, e->deleted);
	else
		screen_print(s, COLOR_NONE, "%s: no change\n", p->path);
}

/* CTL_OK: go on. */
static int confirm(const struct pull *p, const struct config_edit *e, bool yes)
{
	CLEANUP(freep) char *question = NULL;

	if (yes || e->objects_deleted * 2 <= e->objects)
		return CTL_OK;
	question = xasprintf("%s: remove the files of %zu of %zu objects, which ZooKeeper does not "
			     "have?",
			     p->path, e->objects_deleted, e->objects);
	if (!can_ask()) {
		ctl_say("%s There is no terminal to ask; --yes removes them", question);
		return CTL_USAGE;
	}
	return ask(question) ? CTL_OK : CTL_BAD;
}

static int pull(struct pull *p, bool yes)
{
	struct policy policy = policy_from_settings(&p->ctl->settings);
	struct config_edit_input in = { .root = p->ctl->settings.zookeeper.config,
					.policy = &policy };
	struct config_edit edit;
	struct err e;
	int code;

	if (read_config(p, &e) < 0 || read_directory(p, &e) < 0)
		return ctl_fail(&e);
	in.old = p->directory->tree;
	in.new = p->config;
	config_edit_make(&edit, p->arena, &in);
	code = confirm(p, &edit, yes);
	if (code != CTL_OK)
		return code;
	if (directory_write(p->path, &edit, &e) < 0)
		return ctl_fail(&e);
	print(p, &edit);
	return CTL_OK;
}

static int run_pull(struct ctl *ctl, const struct arguments *args)
{
	struct pull p = { .ctl = ctl, .arena = arena_new() };
	int code;

	p.path = directory_name(p.arena, arguments_at(args, 0));
	code = pull(&p, arguments_has(args, "yes"));
	pull_fini(&p);
	return code;
}

static const struct command_option pull_options[] = {
	{ "yes", 'y', NULL, WORD_NONE, "do not ask, even if most files would be removed" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_pull = {
	.name = "pull",
	.synopsis = "DIR",
	.summary = "write the config of ZooKeeper into a directory",
	.help = "Each znode is a file: upstreams/shop.json, upstreams/shop/10.0.0.1:8080,\n"
		"sites/shop.json, snippets/http/x.conf. Files of the same meaning stay as they\n"
		"are, files of znodes that are gone are removed, other files are not touched.\n"
		"Servers that applications have registered are left out.",
	.example = "  zknginxctl pull conf && git -C conf diff",
	.least = 1,
	.most = 1,
	.words = { WORD_DIRECTORY },
	.options = pull_options,
	.run = run_pull,
};
