/*
 * lint: a directory, or files of one, checked without ZooKeeper.
 *
 * A single file is checked together with the directory that it belongs to, because what it says can
 * depend on other objects; then only the findings of that file are printed.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/console/input.h"
#include "ctl/push/directory.h"
#include "findings.h"
#include "lint_nginx.h"
#include "zk/session.h"

/* A file that was named on the command line. */
struct given {
	const char *name;   /* as it was given */
	const char *znode;  /* whose file it is */
	const char *around; /* the directory that it belongs to; NULL: not known */
};

struct linting {
	struct ctl *ctl;
	const struct arguments *args;
	struct arena *arena;
	struct directory *directory; /* NULL: files alone, or a tree in text form */
	struct tree *tree, *accepted;
	struct given *given;
	size_t given_count; /* 0: everything is printed */
	struct findings findings;
	struct problems problems;
};

/* --- input ----------------------------------------------------------------------------------- */

static const char *root_of(const struct linting *l)
{
	return l->ctl->settings.zookeeper.config;
}

static int read_tree_text(const char *path, struct tree **out, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (input_read(path, &text, e) < 0)
		return -1;
	return tree_parse(buf_str(&text), text.size, path, out, e);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "/x/cfg/sites/shop.json" is the file sites/shop.json of /x/cfg. */
static bool place_file(struct linting *l, struct given *g)
{
	char real[PATH_MAX];

	if (!realpath(g->name, real))
		return false;
	for (char *slash = real; (slash = strchr(slash, '/')); slash++) {
		g->znode = config_file_znode(l->arena, slash + 1, root_of(l));
		if (!g->znode)
			continue;
		g->around = arena_copy(l->arena, real, (size_t)(slash - real));
		g->around = *g->around ? g->around : "/";
		return true;
	}
	return false;
}

/* Is there a directory of a kind in it? */
static bool has_layout(struct arena *a, const char *directory)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		if (is_directory(arena_printf(a, "%s/%s", directory,
					      config_directory((enum config_kind)k))))
			return true;
	}
	return false;
}

/* --as sites/shop or /nginx/config/sites/shop; false: it is the path of no object or server. */
static bool place_as(struct linting *l, struct given *g, const char *as)
{
	const char *path = *as == '/' ? arena_strdup(l->arena, as)
				      : arena_printf(l->arena, "%s/%s", root_of(l), as);

	g->znode = config_file(l->arena, path, root_of(l)) ? path : NULL;
	g->around = has_layout(l->arena, ".") ? "." : NULL;
	return g->znode;
}

static int refuse_place(const char *name, const char *what)
{
	CLEANUP(buf_fini) struct buf expected = BUF_INIT;

	config_print_files(&expected);
	return ctl_usage("%s: %s (expected: %s)", name, what, buf_str(&expected));
}

/* Exit code; CTL_OK: all files have their place. */
static int place_given(struct linting *l)
{
	const char *as = arguments_value(l->args, "as");

	l->given_count = arguments_count(l->args);
	l->given = arena_array(l->arena, struct given, l->given_count);
	if (as && l->given_count != 1)
		return ctl_usage("--as names the znode of one FILE");
	for (size_t i = 0; i < l->given_count; i++) {
		struct given *g = &l->given[i];

		g->name = arguments_at(l->args, i);
		if (as ? !place_as(l, g, as) : !place_file(l, g)) {
			if (!as && strcmp(g->name, "-") != 0 && access(g->name, R_OK) < 0)
				return ctl_usage("%s: %s", g->name, strerror(errno));
			return refuse_place(as ?: g->name,
					    as ? "is not the znode of an object or a server"
					       : "not the file of a znode; --as names the znode");
		}
		if (i && strcmp(g->around ?: "", l->given[0].around ?: "") != 0)
			return ctl_usage("%s and %s do not belong to the same directory",
					 l->given[0].name, g->name);
	}
	return CTL_OK;
}

static int add_given(struct linting *l, struct tree_builder *b, const struct given *g)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct config_place p = config_place(g->znode, root_of(l));
	struct err e;

	if (input_read(g->name, &text, &e) < 0)
		return ctl_fail(&e);
	if (text.size > SESSION_REQUEST_LIMIT)
		findings_add_file(&l->findings, g->name, "error",
				  arena_printf(l->arena, "%zu bytes; a znode has at most %d",
					       text.size, SESSION_REQUEST_LIMIT));
	if (p.level == CONFIG_CHILD) {
		const char *parent =
			arena_copy(l->arena, g->znode, (size_t)(p.child - 1 - g->znode));

		if (!l->directory || !tree_find(l->directory->tree, parent))
			tree_builder_add(b, &(struct znode){ .path = parent, .data = "" });
	}
	tree_builder_add(
		b, &(struct znode){ .path = g->znode, .data = buf_str(&text), .size = text.size });
	return CTL_OK;
}

/* The directory around the files, with their text in place of what it has. */
static int read_given(struct linting *l)
{
	struct tree_builder b;
	struct err e;
	int code = place_given(l);

	if (code != CTL_OK)
		return code;
	if (l->given[0].around &&
	    directory_scan(l->given[0].around, root_of(l), &l->directory, &e) < 0)
		ctl_say("%s; the other files of the directory are not taken into account", e.text);
	tree_builder_init(&b);
	for (size_t i = 0; l->directory && i < tree_count(l->directory->tree); i++)
		tree_builder_add(&b, tree_at(l->directory->tree, i));
	for (size_t i = 0; code == CTL_OK && i < l->given_count; i++)
		code = add_given(l, &b, &l->given[i]);
	l->tree = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return code;
}

/* Without the directory that nobody has named. */
static const char *shown(const struct linting *l, const char *file)
{
	return file && !arguments_count(l->args) && strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

static int read_directory(struct linting *l, const char *path)
{
	CLEANUP(buf_fini) struct buf expected = BUF_INIT;
	const struct directory *d;
	const char *none;
	struct err e;

	if (directory_scan(path, root_of(l), &l->directory, &e) < 0)
		return ctl_fail(&e);
	d = l->directory;
	l->tree = tree_ref(d->tree);
	config_print_files(&expected);
	none = arena_printf(l->arena, "is not the file of a znode (expected: %s)",
			    buf_str(&expected));
	for (size_t i = 0; i < d->stranger_count; i++)
		findings_add_file(&l->findings, shown(l, d->strangers[i].file), "error",
				  d->strangers[i].why ?: none);
	for (size_t i = 0; i < d->ignored_count; i++)
		findings_add_file(&l->findings, shown(l, d->ignored[i]), "warning",
				  "is ignored: it has the name of no kind of objects");
	return CTL_OK;
}

static int read_input(struct linting *l)
{
	const char *tree = arguments_value(l->args, "tree"),
		   *against = arguments_value(l->args, "against"),
		   *first = arguments_at(l->args, 0);
	struct err e;

	if (tree && first)
		return ctl_usage("--tree takes the place of DIR and FILE");
	if (against && read_tree_text(against, &l->accepted, &e) < 0)
		return ctl_fail(&e);
	if (tree)
		return read_tree_text(tree, &l->tree, &e) < 0 ? ctl_fail(&e) : CTL_OK;
	if (first && (!is_directory(first) || arguments_value(l->args, "as")))
		return read_given(l);
	if (arguments_count(l->args) > 1)
		return ctl_usage("lint takes one directory, or files");
	return read_directory(l, first ?: ".");
}

/* --- output ---------------------------------------------------------------------------------- */

static const char *file_of(void *ctx, const char *znode)
{
	const struct linting *l = ctx;

	for (size_t i = 0; i < l->given_count; i++) {
		if (strcmp(l->given[i].znode, znode) == 0)
			return l->given[i].name;
	}
	if (l->directory && strcmp(znode, root_of(l)) == 0)
		return l->directory->path;
	return l->directory ? shown(l, directory_file(l->directory, znode)) : NULL;
}

/* What nginx refuses without the name of a znode can be in any of the files. */
static bool is_given(const struct linting *l, const char *znode)
{
	if (strcmp(znode, root_of(l)) == 0)
		return true;
	for (size_t i = 0; i < l->given_count; i++) {
		if (strcmp(l->given[i].znode, znode) == 0)
			return true;
	}
	return !l->given_count;
}

static void keep_given(struct linting *l)
{
	struct problems *ps = &l->problems;
	size_t kept = 0;

	for (size_t i = 0; i < ps->count; i++) {
		if (is_given(l, ps->items[i].znode))
			ps->items[kept++] = ps->items[i];
	}
	ps->count = kept;
}

static int print(struct linting *l)
{
	struct findings *f = &l->findings;

	keep_given(l);
	findings_add(f, &l->problems, l->tree, file_of, l);
	if (l->ctl->json)
		ctl_print_json(findings_json(f));
	else
		findings_print(f, stdout);
	return f->errors ? CTL_BAD : CTL_OK;
}

/* --- the command ----------------------------------------------------------------------------- */

/* CTL_OK unless --nginx demands a test that was not made. */
static int run_nginx(struct linting *l, const struct lint_input *in)
{
	CLEANUP(freep) char *note = NULL;
	int tested;

	if (arguments_has(l->args, "no-nginx"))
		return CTL_OK;
	tested = lint_nginx(l->ctl, in, &l->problems, &note);
	if (note)
		ctl_say("%s", note);
	return tested || !arguments_has(l->args, "nginx") ? CTL_OK : CTL_UNKNOWN;
}

static int check_tree(struct linting *l)
{
	struct lint_input in = { .tree = l->tree, .accepted = l->accepted };
	int tested, code;

	model_free(lint_compose(&l->ctl->settings, &in, &l->problems));
	tested = run_nginx(l, &in);
	code = print(l);
	if (code == CTL_OK)
		ctl_say("%zu znode%s: no error", tree_count(l->tree), PLURAL(tree_count(l->tree)));
	return code != CTL_OK ? code : tested;
}

static void linting_fini(struct linting *l)
{
	findings_fini(&l->findings);
	problems_fini(&l->problems);
	tree_unref(l->tree);
	tree_unref(l->accepted);
	directory_free(l->directory);
	arena_free(l->arena);
}

static int lint(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(linting_fini)
	struct linting l = { .ctl = ctl, .args = args, .arena = arena_new() };
	int code;

	findings_init(&l.findings);
	problems_init(&l.problems);
	code = read_input(&l);
	return code == CTL_OK ? check_tree(&l) : code;
}

static const struct command_option options[] = {
	{ "as", 0, "PATH", WORD_PATH, "FILE is the data of this znode (sites/shop)" },
	{ "tree", 0, "FILE", WORD_FILE,
	  "znodes in the text form of zknginx-znodes(5), in place of DIR" },
	{ "against", 0, "FILE", WORD_FILE, "znodes in that form that are accepted already" },
	{ "nginx", 0, NULL, WORD_NONE, "exit with 3 if nginx -t cannot be run" },
	{ "no-nginx", 0, NULL, WORD_NONE, "do not run nginx -t" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_lint = {
	.name = "lint",
	.synopsis = "[DIR|FILE...]",
	.summary = "check files as the daemon would, without ZooKeeper",
	.help = "Checks a directory as `pull` writes it (default: the present one), or files of "
		"one,\n"
		"with the code of the daemon, and then with nginx -t, when this machine has nginx\n"
		"and you are root. Prints PATH:LINE:COLUMN: error: MESSAGE, which editors and CI\n"
		"read. A file is checked together with the directory that it belongs to. \"-\" is\n"
		"standard input, and needs --as.",
	.example = "  zknginxctl lint config/\n"
		   "  zknginxctl lint --no-nginx config/sites/shop.json\n"
		   "  zknginxctl lint --as sites/shop - <shop.json",
	.most = -1,
	.words = { WORD_FILE },
	.options = options,
	.run = lint,
};
