/*
 * Follows nginx.conf and its includes with nginx's own tokens, and looks only at the statements
 * directly in http { }. A file that cannot be read or that has no nginx syntax (Lua in braces) ends
 * the search; the answer then is the one that changes nothing.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/lexer.h"
#include "nginx_logs.h"
#include "nginx_text.h"

#define DEPTH_MAX 8
#define FILES_MAX 10000

struct search {
	const char *directory; /* of nginx.conf: relative names begin there */
	const char *live;
	unsigned files;
	bool off, named, lost; /* lost: not everything could be read */
};

/* One file, and how deep its statements are nested; directly in http { } is 1. */
struct walk {
	struct search *search;
	unsigned nesting; /* of files */
	unsigned depth;
	bool in_http; /* … and not in stream { }, say */
	char first[16], second[4096];
	unsigned words;
};

static void walk_file(struct search *s, const char *path, unsigned nesting, bool in_http);

static bool is_ours(const struct search *s, const char *path)
{
	size_t size = strlen(s->live);

	return strncmp(path, s->live, size) == 0 && path[size] == '/';
}

static void include(struct walk *w)
{
	struct search *s = w->search;
	CLEANUP(freep)
	char *pattern = w->second[0] == '/' ? xstrdup(w->second)
					    : xasprintf("%s/%s", s->directory, w->second);
	glob_t found = { 0 };

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!is_ours(s, found.gl_pathv[i]))
			walk_file(s, found.gl_pathv[i], w->nesting + 1, w->in_http);
	}
	globfree(&found);
}

static void take_statement(struct walk *w)
{
	bool at_main = w->depth == 0 && !w->in_http, at_http = w->depth == 1 && w->in_http;

	if (strcmp(w->first, "include") == 0 && w->words == 2 && (at_main || at_http))
		include(w);
	else if (strcmp(w->first, "access_log") == 0 && at_http && strcmp(w->second, "off") == 0)
		w->search->off = true;
	else if (strcmp(w->first, "access_log") == 0 && at_http)
		w->search->named = true;
}

static void take_open(struct walk *w)
{
	if (w->depth == 0 && strcmp(w->first, "http") == 0)
		w->in_http = true;
	w->depth++;
}

static void take_close(struct walk *w)
{
	if (w->depth)
		w->depth--;
	if (w->depth == 0)
		w->in_http = false;
}

static void take_word(struct walk *w, const struct token *t)
{
	char *const out[] = { w->first, w->second };
	const size_t room[] = { sizeof(w->first), sizeof(w->second) };

	if (w->words < ARRAY_SIZE(out)) {
		strncpy(out[w->words], t->word, room[w->words] - 1);
		out[w->words][room[w->words] - 1] = '\0';
	}
	w->words++;
}

/* False: at the end. */
static bool take(struct walk *w, const struct token *t)
{
	if (t->kind == TOKEN_ERROR)
		w->search->lost = true;
	if (t->kind == TOKEN_END || t->kind == TOKEN_ERROR)
		return false;
	if (t->kind == TOKEN_WORD) {
		take_word(w, t);
		return true;
	}
	if (t->kind == TOKEN_SEMICOLON)
		take_statement(w);
	else if (t->kind == TOKEN_OPEN)
		take_open(w);
	else
		take_close(w);
	w->words = 0;
	w->first[0] = w->second[0] = '\0';
	return true;
}

static void walk_file(struct search *s, const char *path, unsigned nesting, bool in_http)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(freep) struct walk *w = xcalloc(1, sizeof(*w));
	struct lexer l;
	struct token t;

	if (nesting > DEPTH_MAX || ++s->files > FILES_MAX ||
	    nginx_text_read(path, &text, NULL) < 0) {
		s->lost = true;
		return;
	}
	w->search = s;
	w->nesting = nesting;
	w->in_http = in_http;
	w->depth = in_http;
	lexer_init(&l, buf_str(&text), text.size);
	do
		t = lexer_next(&l);
	while (take(w, &t));
	lexer_fini(&l);
}

enum http_log nginx_http_log(const char *config, const char *live)
{
	const char *slash = strrchr(config, '/');
	CLEANUP(freep)
	char *directory = slash ? strndup(config, (size_t)(slash - config)) : xstrdup(".");
	struct search s = { .directory = directory, .live = live };

	walk_file(&s, config, 0, false);
	if (s.off)
		return HTTP_LOG_OFF;
	return s.named || s.lost ? HTTP_LOG_NAMED : HTTP_LOG_NONE;
}
