/*
 * nginx.conf may log to any directory, and keep its temporary files anywhere. In the sandbox such a
 * path is denied: the root is read-only, and an existing log belongs to root. The candidate is not
 * the cause unless it names the path itself. It is read with nginx's own tokens, so quotes and
 * escapes do not hide a name.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/err.h>

#include "core/text/lexer.h"
#include "nginx_text.h"
#include "sandbox_learn.h"

static const char *const denials[] = { "\" failed (30: ", "\" failed (13: " };

/* … open() "PATH" failed (30: Read-only file system) */
static char *denied_path(const char *text)
{
	const char *end = NULL, *start;

	for (size_t i = 0; !end && i < ARRAY_SIZE(denials); i++)
		end = strstr(text, denials[i]);
	if (!end)
		return NULL;
	for (start = end; start > text && start[-1] != '"'; start--) {
		if (start[-1] == '\n')
			return NULL;
	}
	return start > text && *start == '/' ? strndup(start, (size_t)(end - start)) : NULL;
}

/* Was it a directory that nginx wanted to make there? */
static bool is_mkdir(const char *text, const char *path)
{
	CLEANUP(freep) char *call = xasprintf("mkdir() \"%s\"", path);

	return strstr(text, call);
}

static bool word_names(const struct token *t, const char *path, const char *prefix)
{
	size_t size = strlen(prefix);

	if (t->word[0] == '/')
		return strcmp(t->word, path) == 0;
	return strncmp(path, prefix, size) == 0 && path[size] == '/' &&
	       strcmp(path + size + 1, t->word) == 0;
}

static bool text_names(const struct buf *text, const char *path, const char *prefix)
{
	struct lexer l;
	struct token t;
	bool names = false;

	lexer_init(&l, buf_str(text), text->size);
	do {
		t = lexer_next(&l);
		names = t.kind == TOKEN_ERROR ||
			(t.kind == TOKEN_WORD && word_names(&t, path, prefix));
	} while (!names && t.kind != TOKEN_END);
	lexer_fini(&l);
	return names;
}

/* A file that cannot be read, or ends in the middle of a directive, may name anything. */
static bool file_names(const char *directory, const char *name, const char *path,
		       const char *prefix)
{
	CLEANUP(freep) char *file = xasprintf("%s/%s", directory, name);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct stat st;

	if (stat(file, &st) < 0)
		return false;
	return nginx_text_read(file, &text, NULL) < 0 || text_names(&text, path, prefix);
}

/* nginx makes files and directories, but only in a directory that exists. A directory that it could
 * not make may exist by now: an nginx that starts at the same time has made it. */
static bool could_be_made(const char *path, bool directory)
{
	CLEANUP(freep) char *parent = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct stat st;

	if (stat(path, &st) == 0)
		return directory || !S_ISDIR(st.st_mode);
	return stat(parent, &st) == 0 && S_ISDIR(st.st_mode);
}

char *learn_denied(const char *text, const char *staged, const char *prefix)
{
	CLEANUP(freep) char *path = denied_path(text);

	if (!path || !could_be_made(path, is_mkdir(text, path)))
		return NULL;
	if (file_names(staged, "http.conf", path, prefix) ||
	    file_names(staged, "stream.conf", path, prefix))
		return NULL;
	return TAKE(path);
}
