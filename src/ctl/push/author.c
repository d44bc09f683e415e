/* The output of git is taken as it is; an error of git means that there is nothing to say. */
#include <string.h>
#include <unistd.h>

#include "author.h"
#include "sys/child.h"

#define PATIENCE (10 * USEC_PER_SEC)
#define MOST 500 /* bytes of a commit's subject */

struct run {
	struct buf output;
	bool ok;
};

static void on_done(void *ctx, const struct child_result *r)
{
	struct run *run = ctx;

	run->ok = !r->failure && r->exited && r->code == 0;
	if (run->ok && r->output)
		buf_put(&run->output, buf_str(r->output), r->output->size);
}

/* env(1) looks git up in $PATH. words: what follows `git -C DIRECTORY`, at most five. */
static bool git(struct run *run, const char *directory, const char *const *words)
{
	extern char **environ;
	const char *argv[12] = { "env", "git", "-C", directory };
	struct child_spec spec = {
		.path = "/usr/bin/env",
		.exec_fd = -1,
		.argv = (char *const *)(uintptr_t)argv,
		.envp = environ,
		.deadline = PATIENCE,
		.keep_output = true,
		.done = on_done,
		.ctx = run,
	};

	for (size_t i = 0; words[i]; i++)
		argv[4 + i] = words[i];
	return child_run(&spec, NULL) == 0 && run->ok;
}

static void run_fini(struct run *run)
{
	buf_fini(&run->output);
}

static bool is_dirty(const char *directory)
{
	static const char *const words[] = { "status", "--porcelain", "--", ".", NULL };
	CLEANUP(run_fini) struct run run = { 0 };

	return git(&run, directory, words) && run.output.size;
}

const char *author_commit(struct arena *a, const char *directory)
{
	static const char *const words[] = { "log", "-1", "--format=%h %s", "--", ".", NULL };
	CLEANUP(run_fini) struct run run = { 0 };
	size_t size;

	if (!git(&run, directory, words) || !run.output.size)
		return "";
	size = strcspn(buf_str(&run.output), "\n");
	return arena_printf(a, "%.*s%s", (int)(size < MOST ? size : MOST), buf_str(&run.output),
			    is_dirty(directory) ? " (with changes that are not committed)" : "");
}
