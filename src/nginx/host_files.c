/* Includes are followed by their words alone, wherever they are: nginx reads them so. */
#include <glob.h>
#include <string.h>

#include "core/text/statement.h"
#include "host_files.h"
#include "nginx_text.h"

#define FILES_MAX 4096
#define BYTES_MAX ((size_t)64 << 20)

struct collecting {
	struct arena *arena;
	const char *directory; /* of nginx.conf, with its slash */
	const char *live;      /* with a slash */
	struct host_file *files;
	size_t count, room, bytes;
	bool includes_live;
};

static bool is_read(const struct collecting *c, const char *path)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->files[i].path, path) == 0)
			return true;
	}
	return false;
}

static bool is_live(const struct collecting *c, const char *path)
{
	return strncmp(path, c->live, strlen(c->live)) == 0;
}

/* What cannot be read is left out, as in a list of nginx -T that has not shown it. */
static void add_file(struct collecting *c, const char *path)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (c->count == FILES_MAX || is_read(c, path) || nginx_text_read(path, &text, NULL) < 0 ||
	    text.size > BYTES_MAX - c->bytes)
		return;
	c->bytes += text.size;
	c->files = arena_grow(c->arena, c->files, c->count, &c->room, sizeof(*c->files));
	c->files[c->count++] =
		(struct host_file){ .path = arena_strdup(c->arena, path),
				    .text = arena_copy(c->arena, buf_str(&text), text.size),
				    .size = text.size };
}

static void add_included(struct collecting *c, const char *pattern)
{
	const char *path =
		arena_printf(c->arena, "%s%s", pattern[0] == '/' ? "" : c->directory, pattern);
	glob_t found = { 0 };

	if (is_live(c, path)) {
		c->includes_live = true;
		return;
	}
	if (glob(path, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_file(c, found.gl_pathv[i]);
	}
	globfree(&found);
}

static void follow(struct collecting *c, const char *text, size_t size)
{
	struct statement s = { 0 };
	struct lexer l;
	struct token t;

	lexer_init(&l, text, size);
	while ((t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		if (t.kind == TOKEN_SEMICOLON && s.count == 2 &&
		    strcmp(statement_first(&s), "include") == 0)
			add_included(c, statement_word(&s, 1));
	}
	lexer_fini(&l);
	statement_fini(&s);
}

bool host_files_read(struct arena *a, const char *config, const char *live,
		     struct host_file **files, size_t *count)
{
	const char *slash = strrchr(config, '/');
	struct collecting c = { .arena = a, .live = arena_printf(a, "%s/", live) };

	c.directory = slash ? arena_copy(a, config, (size_t)(slash - config) + 1) : "";
	add_file(&c, config);
	for (size_t i = 0; i < c.count; i++)
		follow(&c, c.files[i].text, c.files[i].size);
	*files = c.files;
	*count = c.count;
	return c.includes_live;
}
