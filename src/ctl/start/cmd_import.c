/*
 * import: reads nginx's configuration on this machine, and writes the directory that `push` reads
 * and the nginx.conf that stays. What goes where is decided in core/import.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/tree.h>

#include "core/import/import.h"
#include "core/policy/policy.h"
#include "ctl/commands.h"
#include "ctl/console/input.h"
#include "ctl/push/directory.h"
#include "import_report.h"
#include "sys/disk.h"

/* Where the paths of includes begin, and which of them are ours. */
struct source {
	const char *prefix; /* the directory of FILE, with its slash */
	const char *live;   /* STATE/live/ */
};

/* --- reading --------------------------------------------------------------------------------- */

static int add_file(const struct source *s, const char *path, bool relative,
		    struct import_files *found, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (disk_read_linked(path, INPUT_LIMIT, &text, e) < 0)
		return -1;
	import_files_add(found,
			 &(struct import_file){ .path = path,
						.named = path + (relative ? strlen(s->prefix) : 0),
						.text = buf_str(&text),
						.size = text.size });
	return 0;
}

static char *full_path(const struct source *s, const char *path)
{
	return xasprintf("%s%s", *path == '/' ? "" : s->prefix, path);
}

/* As nginx: a name without *, ? and [ has to exist; a pattern may name nothing. */
static int open_include(void *ctx, const char *pattern, struct import_files *found, struct err *e)
{
	const struct source *s = ctx;
	CLEANUP(freep) char *path = full_path(s, pattern);
	bool relative = *pattern != '/';
	glob_t matches = { 0 };
	int result = 0;

	if (!strpbrk(pattern, "*?["))
		return add_file(s, path, relative, found, e);
	if (glob(path, 0, NULL, &matches) == 0) {
		for (size_t i = 0; i < matches.gl_pathc && result == 0; i++)
			result = add_file(s, matches.gl_pathv[i], relative, found, e);
	}
	globfree(&matches);
	return result;
}

static bool is_ours(void *ctx, const char *pattern)
{
	const struct source *s = ctx;
	CLEANUP(freep) char *path = full_path(s, pattern);

	return strncmp(path, s->live, strlen(s->live)) == 0;
}

/* --- writing --------------------------------------------------------------------------------- */

static int make_directories(const char *path, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(path);

	for (char *s = copy; (s = strchr(s + 1, '/'));) {
		*s = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return err_sys(e, "%s", copy);
		*s = '/';
	}
	return 0;
}

/* How files are written. */
struct writing {
	bool force;
	mode_t mode; /* no more than that of FILE: it may hold secrets */
};

static int write_file(const char *path, const struct import_file *f, const struct writing *w,
		      struct err *e)
{
	if (make_directories(path, e) < 0)
		return -1;
	if (w->force)
		return disk_replace_path(path, w->mode, f->text, f->size, DISK_VOLATILE, e);
	return disk_create_path(path, w->mode, f->text, f->size, e);
}

/* Is nothing there, or a directory without files? */
static bool is_free(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	if (!d)
		return errno == ENOENT;
	while ((entry = readdir(d)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(d);
	return count == 0;
}

/* Nothing is ever written over, unless --force says so. */
static bool may_write(const char *directory, const char *main)
{
	if (!is_free(directory)) {
		ctl_say("%s is not an empty directory: name another one with -o, or use --force",
			directory);
		return false;
	}
	if (access(main, F_OK) == 0) {
		ctl_say("%s exists: name another file with --main, or use --force", main);
		return false;
	}
	return true;
}

static int write_output(const struct import_output *out, const char *directory, const char *main,
			const struct writing *w, struct err *e)
{
	CLEANUP(freep) char *itself = xasprintf("%s/", directory);

	if (make_directories(itself, e) < 0)
		return -1;
	for (size_t i = 0; i < out->files.count; i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, out->files.items[i].path);

		if (write_file(path, &out->files.items[i], w, e) < 0)
			return -1;
	}
	return write_file(main, &out->main, w, e);
}

/* With --force: files that were there before would be pushed, too. */
static void say_others(const struct import_output *out, const char *path, const char *root)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	const char *first = NULL;
	size_t count = 0;

	if (directory_read(path, root, &d, NULL) < 0)
		return;
	for (size_t i = 0; i < tree_count(d->tree); i++) {
		const char *znode = tree_at(d->tree, i)->path;

		if (tree_find(out->tree, znode))
			continue;
		first = first ?: directory_file(d, znode);
		count++;
	}
	if (count)
		ctl_say("%s has %zu object%s that this import did not write, such as %s: push "
			"would "
			"write %s as well",
			path, count, PLURAL(count), first, count == 1 ? "it" : "them");
}

/* --- the command ----------------------------------------------------------------------------- */

static char *absolute(const char *path)
{
	CLEANUP(freep) char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	return here ? xasprintf("%s/%s", here, path) : xstrdup(path);
}

static int translate(const struct ctl *ctl, struct arena *a, const char *file,
		     struct import_output *out, struct err *e)
{
	const struct settings *settings = &ctl->settings;
	struct policy policy = policy_from_settings(settings);
	CLEANUP(freep) char *path = absolute(file);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *directory = settings->state.directory;
	struct source source = {
		.prefix = arena_copy(a, path, (size_t)(strrchr(path, '/') - path) + 1),
		.live = arena_printf(a, "%s/live/", directory),
	};
	struct import_input in = {
		.open = open_include,
		.is_ours = is_ours,
		.ctx = &source,
		.policy = &policy,
		.root = settings->zookeeper.config,
		.log_directory = settings->nginx.log_directory,
		.http_include = arena_printf(a, "%s/live/http.conf", directory),
		.stream_include = arena_printf(a, "%s/live/stream.conf", directory),
	};

	if (disk_read_linked(path, INPUT_LIMIT, &text, e) < 0)
		return -1;
	in.file = &(struct import_file){ path, path, buf_str(&text), text.size };
	return import_run(a, &in, out, e);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0600 : st.st_mode & 0666;
}

static void output_fini(struct import_output *out)
{
	tree_unref(out->tree);
}

static int import(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *given = arguments_value(args, "output"), *main = arguments_value(args, "main");
	struct writing w = { .force = arguments_has(args, "force"),
			     .mode = mode_of(arguments_at(args, 0)) };
	CLEANUP(output_fini) struct import_output out = { 0 };
	const char *directory;
	struct err e;

	if (!given || !*given)
		return ctl_usage("import needs -o DIR, the directory to write");
	directory = directory_name(a, given);
	if (!main)
		main = arena_printf(a, "%s.nginx.conf", directory);
	if (!w.force && !may_write(directory, main))
		return CTL_BAD;
	if (translate(ctl, a, arguments_at(args, 0), &out, &e) < 0)
		return ctl_fail(&e);
	if (write_output(&out, directory, main, &w, &e) < 0)
		return ctl_fail(&e);
	if (w.force)
		say_others(&out, directory, ctl->settings.zookeeper.config);
	if (ctl->json)
		import_report_json(&out, directory, main);
	else
		import_report_print(&ctl->screen, &out, directory, main);
	return CTL_OK;
}

static const struct command_option options[] = {
	{ "output", 'o', "DIR", WORD_DIRECTORY, "the directory to write; new or empty" },
	{ "main", 0, "FILE", WORD_FILE, "the new nginx.conf (default DIR.nginx.conf)" },
	{ "force", 0, NULL, WORD_NONE, "write over files that exist" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_import = {
	.name = "import",
	.synopsis = "FILE -o DIR",
	.summary = "turn an existing nginx configuration into a directory for push",
	.help = "FILE is an nginx.conf; what it includes is read as well, relative to its\n"
		"directory. Upstream and server blocks become typed objects where every\n"
		"directive has a typed field with the same meaning, else snippets. What the\n"
		"policy (snippets.policy) refuses as a snippet stays in the new nginx.conf,\n"
		"with the main context and what servers inherit from http and stream. The\n"
		"report says what became what, and why.\n"
		"\n"
		"Nothing is written over without --force; then other files in DIR stay.",
	.example = "  zknginxctl import /etc/nginx/nginx.conf -o config --main nginx.new.conf\n"
		   "  zknginxctl push config",
	.least = 1,
	.most = 1,
	.words = { WORD_FILE },
	.options = options,
	.run = import,
};
