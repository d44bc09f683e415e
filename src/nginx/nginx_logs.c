/*
 * Follows nginx.conf and its includes with nginx's own tokens, and looks only at the statements
 * directly in http { }. A file that cannot be read or that has no nginx syntax (Lua in braces) ends
 * the search; the answer then is the one that changes nothing.
 *
 * Each file that is read, and each directory whose names are matched, is noted with its
 * fingerprint, taken before. While all of them are the same, so is the answer. What was changed in
 * the moment of the search has no fingerprint that is certain, so the next search is a new one.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text/lexer.h"
#include "fingerprint.h"
#include "nginx_logs.h"
#include "nginx_text.h"

#define MAGIC "*?[\\"
#define DEPTH_MAX 8
#define FILES_MAX 10000

struct seen {
	char *path;
	struct fingerprint was;
};

struct nginx_logs {
	struct seen *seen;
	size_t count, room;
	bool is_certain;
	enum http_log said;
};

struct search {
	struct nginx_logs *logs;
	struct timespec began; /* the clock of the file system */
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

/* --- what was seen ---------------------------------------------------------------------------- */

static struct fingerprint look_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? fingerprint_of(&st) : (struct fingerprint){ 0 };
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static void note(struct search *s, char *path)
{
	struct nginx_logs *l = s->logs;
	struct fingerprint now = look_at(path);

	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->seen = xrealloc(l->seen, l->room * sizeof(*l->seen));
	}
	l->seen[l->count++] = (struct seen){ path, now };
	l->is_certain = l->is_certain && is_before(&now.changed, &s->began);
}

/* The directory of a pattern, which says which names there are. */
static void note_directory(struct search *s, const char *pattern)
{
	const char *slash = strrchr(pattern, '/'), *magic = pattern + strcspn(pattern, MAGIC);

	if (!*magic)
		return; /* a file, which is noted itself */
	if (!slash || magic < slash)
		s->logs->is_certain = false;
	else
		note(s, strndup(pattern, (size_t)(slash - pattern + 1)));
}

static void forget(struct nginx_logs *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->seen[i].path);
	l->count = 0;
	l->is_certain = false;
}

static bool is_same(const struct nginx_logs *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct fingerprint now = look_at(l->seen[i].path);

		if (!fingerprint_same(&now, &l->seen[i].was))
			return false;
	}
	return l->is_certain;
}

/* --- the search ------------------------------------------------------------------------------- */

static void include(struct walk *w)
{
	struct search *s = w->search;
	CLEANUP(freep)
	char *pattern = w->second[0] == '/' ? xstrdup(w->second)
					    : xasprintf("%s/%s", s->directory, w->second);
	glob_t found = { 0 };

	if (is_ours(s, pattern))
		return;
	note_directory(s, pattern);
	if (glob(pattern, 0, NULL, &found) != 0) {
		if (!strpbrk(pattern, MAGIC))
			note(s, xstrdup(pattern)); /* it may come */
		return;
	}
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

	note(s, xstrdup(path));
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

static enum http_log search(struct nginx_logs *l, const char *config, const char *live)
{
	const char *slash = strrchr(config, '/');
	CLEANUP(freep)
	char *directory = slash ? strndup(config, (size_t)(slash - config)) : xstrdup(".");
	struct search s = { .logs = l, .directory = directory, .live = live };

	clock_gettime(CLOCK_REALTIME_COARSE, &s.began);
	walk_file(&s, config, 0, false);
	if (s.off)
		return HTTP_LOG_OFF;
	return s.named || s.lost ? HTTP_LOG_NAMED : HTTP_LOG_NONE;
}

enum http_log nginx_logs_http(struct nginx_logs *l, const char *config, const char *live)
{
	if (is_same(l))
		return l->said;
	forget(l);
	l->is_certain = true;
	l->said = search(l, config, live);
	return l->said;
}

struct nginx_logs *nginx_logs_new(void)
{
	return xcalloc(1, sizeof(struct nginx_logs));
}

void nginx_logs_free(struct nginx_logs *l)
{
	if (!l)
		return;
	forget(l);
	free(l->seen);
	free(l);
}
