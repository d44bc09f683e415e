/*
 * A copy is the same text with other arguments of `include`, so line numbers stay. Only files that
 * include a live file, directly or through others, are copied; all copies are beside nginx.conf,
 * because nginx looks for relative names there. Their names begin with a dot, which no pattern of
 * an include matches, and contain our pid.
 *
 * A pattern that matches a file to be replaced is replaced by the list of its files, in nginx's
 * order.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <zknginx/arena.h>
#include <zknginx/log.h>

#include "core/text/lexer.h"
#include "nginx_text.h"
#include "sandbox_fallback.h"

#define COPY_PREFIX ".zknginxd-test-"
#define DEPTH_MAX 8

struct copy {
	const char *path, *original;
};

struct fallback {
	struct arena *arena;
	const char *directory; /* of nginx.conf */
	const char *live, *live_real, *staged;
	const char *config; /* the copy of nginx.conf */
	struct copy *copies;
	size_t count;
};

/* One file that is being rewritten. */
struct rewriting {
	struct fallback *fallback;
	unsigned depth;
	bool leads; /* to a live file */
	struct buf out;
};

static int rewrite(struct rewriting *r, const char *path, struct err *e);

static const char *directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_copy(a, path, (size_t)(slash - path)) : ".";
}

/* --- copies ----------------------------------------------------------------------------------- */

static int write_all(int fd, const struct buf *b)
{
	for (size_t done = 0; done < b->size;) {
		ssize_t put = write(fd, b->data + done, b->size - done);

		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static void remember_copy(struct fallback *f, const char *path, const char *original)
{
	f->copies = xrealloc(f->copies, (f->count + 1) * sizeof(*f->copies));
	f->copies[f->count++] = (struct copy){ path, arena_strdup(f->arena, original) };
}

static const char *write_copy(struct fallback *f, const char *original, const struct buf *text,
			      struct err *e)
{
	const char *path = arena_printf(f->arena, "%s/" COPY_PREFIX "%ld-%zu.conf", f->directory,
					(long)getpid(), f->count);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0) {
		err_sys(e, "cannot make %s, a copy of %s for nginx -t", path, original);
		return NULL;
	}
	remember_copy(f, path, original);
	rc = write_all(fd, text);
	if (close(fd) < 0 || rc < 0) {
		err_sys(e, "cannot write %s, a copy of %s for nginx -t", path, original);
		return NULL;
	}
	return path;
}

/* --- includes --------------------------------------------------------------------------------- */

/* The staged file for a live one; NULL: the file is not a live one. */
static const char *staged_twin(const struct fallback *f, const char *file)
{
	const char *directory = directory_of(f->arena, file);
	CLEANUP(freep) char *real = NULL;

	if (strcmp(directory, f->live) != 0) {
		real = realpath(directory, NULL);
		if (!real || !f->live_real || strcmp(real, f->live_real) != 0)
			return NULL;
	}
	return arena_printf(f->arena, "%s%s", f->staged, strrchr(file, '/'));
}

/* *target: what is to be included in place of the file; the file itself unless it *leads. */
static int find_target(struct rewriting *r, const char *file, const char **target, bool *leads,
		       struct err *e)
{
	struct fallback *f = r->fallback;
	struct rewriting inner = { .fallback = f, .depth = r->depth + 1 };
	int rc = 0;

	*target = staged_twin(f, file);
	*leads = *target;
	if (*target)
		return 0;
	*target = file;
	if (inner.depth < DEPTH_MAX)
		rc = rewrite(&inner, file, e);
	if (rc == 0 && inner.leads) {
		*leads = true;
		*target = write_copy(f, file, &inner.out, e);
		rc = *target ? 0 : -1;
	}
	buf_fini(&inner.out);
	return rc;
}

static void put_quoted(struct buf *out, const char *path)
{
	buf_putc(out, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *path);
	}
	buf_putc(out, '"');
}

/* `piece`: the new arguments, joined by further include directives. */
static int replace_include(struct rewriting *r, const char *pattern, struct buf *piece, bool *leads,
			   struct err *e)
{
	struct arena *a = r->fallback->arena;
	const char *absolute = pattern[0] == '/'
				       ? arena_strdup(a, pattern)
				       : arena_printf(a, "%s/%s", r->fallback->directory, pattern);
	glob_t found = { 0 };
	int rc = 0;

	*leads = false;
	/* A file that is named without a pattern need not exist in the live generation yet. */
	if (glob(absolute, strpbrk(pattern, "*?[") ? 0 : GLOB_NOCHECK, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
		const char *target;
		bool this_leads;

		rc = find_target(r, arena_strdup(a, found.gl_pathv[i]), &target, &this_leads, e);
		if (rc < 0)
			break;
		*leads = *leads || this_leads;
		buf_puts(piece, i > 0 ? "; include " : "");
		put_quoted(piece, target);
	}
	globfree(&found);
	return rc;
}

/* --- one file --------------------------------------------------------------------------------- */

static void put_line_feeds(struct buf *out, const char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from == '\n')
			buf_putc(out, '\n');
	}
}

/* The argument between `from` and the lexer's place; *copied: up to where the text is in `out`. */
static int take_argument(struct rewriting *r, const struct lexer *l, const char *word,
			 const char *from, const char **copied, struct err *e)
{
	CLEANUP(buf_fini) struct buf piece = BUF_INIT;
	bool leads;

	if (replace_include(r, word, &piece, &leads, e) < 0)
		return -1;
	if (!leads)
		return 0;
	r->leads = true;
	buf_put(&r->out, *copied, (size_t)(from - *copied));
	buf_putc(&r->out, ' ');
	buf_puts(&r->out, buf_str(&piece));
	put_line_feeds(&r->out, from, l->at);
	*copied = l->at;
	return 0;
}

/* nginx itself refuses what its lexer does not take. */
static int rewrite_text(struct rewriting *r, struct lexer *l, struct err *e)
{
	const char *copied = l->at, *from = NULL;
	bool first = true, include = false;
	struct token t;

	for (;;) {
		t = lexer_next(l);
		if (t.kind == TOKEN_END || t.kind == TOKEN_ERROR)
			break;
		if (t.kind != TOKEN_WORD) {
			first = true;
			include = false;
		} else if (first) {
			first = false;
			include = strcmp(t.word, "include") == 0;
			from = l->at;
		} else if (include) {
			include = false;
			if (take_argument(r, l, t.word, from, &copied, e) < 0)
				return -1;
		}
	}
	buf_put(&r->out, copied, (size_t)(l->end - copied));
	return 0;
}

static int rewrite(struct rewriting *r, const char *path, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(lexer_fini) struct lexer l = { 0 };

	/* nginx itself reports an included file that cannot be read. */
	if (nginx_text_read(path, &text, e) < 0)
		return r->depth == 0 ? -1 : 0;
	lexer_init(&l, buf_str(&text), text.size);
	return rewrite_text(r, &l, e);
}

/* --- the whole -------------------------------------------------------------------------------- */

int fallback_new(const char *config, const char *live, const char *staged, struct fallback **out,
		 struct err *e)
{
	CLEANUP(fallback_freep) struct fallback *f = xcalloc(1, sizeof(*f));
	struct arena *a = f->arena = arena_new();
	CLEANUP(freep) char *live_real = realpath(live, NULL);
	struct rewriting main_file = { .fallback = f };

	f->directory = directory_of(a, config);
	f->live = arena_strdup(a, live);
	f->live_real = live_real ? arena_strdup(a, live_real) : NULL;
	f->staged = arena_strdup(a, staged);
	if (rewrite(&main_file, config, e) == 0)
		f->config = write_copy(f, config, &main_file.out, e);
	buf_fini(&main_file.out);
	if (!f->config)
		return -1;
	*out = TAKE(f);
	return 0;
}

void fallback_free(struct fallback *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (unlink(f->copies[i].path) < 0)
			log_warning("%s: %s", f->copies[i].path, strerrordesc_np(errno));
	}
	free(f->copies);
	arena_free(f->arena);
	free(f);
}

const char *fallback_config(const struct fallback *f)
{
	return f->config;
}

char *fallback_translate(const struct fallback *f, const char *text)
{
	char *out = nginx_text_replace(text, f->staged, f->live);

	for (size_t i = 0; i < f->count; i++) {
		CLEANUP(freep) char *before = out;

		out = nginx_text_replace(before, f->copies[i].path, f->copies[i].original);
	}
	return out;
}

static bool is_leftover(const char *name)
{
	size_t size = strlen(COPY_PREFIX);
	long pid;

	if (strncmp(name, COPY_PREFIX, size) != 0 || !isdigit((unsigned char)name[size]))
		return false;
	pid = strtol(name + size, NULL, 10);
	return pid == getpid() || (kill((pid_t)pid, 0) < 0 && errno == ESRCH);
}

void fallback_sweep(const char *config)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	DIR *d = opendir(directory_of(a, config));
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (is_leftover(entry->d_name) && unlinkat(dirfd(d), entry->d_name, 0) < 0)
			log_warning("remove %s: %s", entry->d_name, strerrordesc_np(errno));
	}
	closedir(d);
}
