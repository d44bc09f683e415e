/*
 * Blame: reads what nginx wrote, on standard error or in its error log. Only messages of the level
 * emerg count, because these make nginx refuse a configuration. Where it wrote only warnings, the
 * caller asks about these.
 *
 * A message with a line of a bundle's file is certain. One without a line is traced by the first
 * value that it quotes and that is in the bundle. One with a line of another file matters only if
 * it is a clash (a duplicate); all other errors in these files belong to the administrator.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "blame.h"
#include "blame_search.h"
#include "core/text/secret.h"
#include "message.h"

struct message {
	const char *text; /* NUL-terminated, in the arena */
	size_t size;      /* without " in FILE:LINE" */
	const char *file; /* or NULL */
	size_t file_size;
	unsigned line;
};

/* Splits " in FILE:LINE" off the end. */
static void find_location(struct message *m)
{
	const char *end = m->text + m->size, *digits = end, *in = NULL;

	while (digits > m->text && isdigit((unsigned char)digits[-1]))
		digits--;
	if (digits == end || digits == m->text || digits[-1] != ':')
		return;
	for (const char *at = strstr(m->text, " in /"); at; at = strstr(at + 1, " in /"))
		in = at;
	if (!in || in + 4 > digits)
		return;
	m->file = in + 4;
	m->file_size = (size_t)(digits - 1 - m->file);
	m->line = (unsigned)strtoul(digits, NULL, 10);
	m->size = (size_t)(in - m->text);
}

static struct message parse(const char *text)
{
	struct message m = { .text = text, .size = strlen(text) };

	while (m.size && strchr(" \t\r", m.text[m.size - 1]))
		m.size--;
	find_location(&m);
	return m;
}

/* Which file of the bundle it is, or BUNDLE_FILE_N. */
static enum bundle_file own_file(const struct message *m, const char *live)
{
	size_t size = strlen(live);

	while (size > 1 && live[size - 1] == '/')
		size--;
	for (int f = 0; m->file && f < BUNDLE_FILE_N; f++) {
		const char *name = bundle_file_name((enum bundle_file)f);

		if (m->file_size == size + 1 + strlen(name) && m->file[size] == '/' &&
		    strncmp(m->file, live, size) == 0 &&
		    strncmp(m->file + size + 1, name, strlen(name)) == 0)
			return (enum bundle_file)f;
	}
	return BUNDLE_FILE_N;
}

static bool contains(const struct message *m, const char *words)
{
	return memmem(m->text, m->size, words, strlen(words)) != NULL;
}

static bool is_clash(const struct message *m)
{
	return contains(m, "duplicate") || contains(m, "already") || contains(m, "conflict");
}

/* "10.0.0.1:81", "[::]:443", "unix:/run/x.sock", as nginx prints what it binds to. */
static bool is_address(const char *s, size_t size)
{
	const char *colon = memrchr(s, ':', size);
	size_t host = colon ? (size_t)(colon - s) : 0, port = size - host - 1;

	if (size > 6 && strncmp(s, "unix:/", 6) == 0)
		return true;
	if (!host || !port || strspn(colon + 1, "0123456789") < port)
		return false;
	return s[0] == '[' || strspn(s, "0123456789.") >= host;
}

struct tracing {
	struct arena *arena;
	const struct bundle *bundle;
	const struct message *message;
	struct suspects *found;
};

static bool trace_address(const struct tracing *t, const char *word, size_t size)
{
	struct needle n = {
		.kind = NEEDLE_LISTEN,
		.text = arena_copy(t->arena, word, size),
		.only_default = contains(t->message, "default server"),
		.only_options = contains(t->message, "listen options"),
	};

	return blame_search(t->bundle, &n, t->found);
}

/* The word that ends before the quote at `end`: "duplicate upstream" → "upstream". */
static const char *word_before(const struct tracing *t, const char *end)
{
	const char *start;

	while (end > t->message->text && end[-1] == ' ')
		end--;
	for (start = end; start > t->message->text && start[-1] != ' ';)
		start--;
	return arena_copy(t->arena, start, (size_t)(end - start));
}

static bool trace_quoted(const struct tracing *t, const char *value, size_t size)
{
	bool variable = strncmp(value + size, "\" variable", 10) == 0;
	struct needle n = {
		.kind = variable ? NEEDLE_VARIABLE : NEEDLE_VALUE,
		.text = arena_copy(t->arena, value, size),
		.directive = word_before(t, value - 1),
	};

	return size && blame_search(t->bundle, &n, t->found);
}

/* Tries values and addresses in their order, and takes the first that is in the bundle. */
static void trace(const struct tracing *t)
{
	const char *at = t->message->text, *end = at + t->message->size;

	while (at < end) {
		size_t size = strcspn(at, " \"");

		if (size > (size_t)(end - at))
			size = (size_t)(end - at);
		if (size && is_address(at, size) && trace_address(t, at, size))
			return;
		at += size;
		if (at < end && *at == '"') {
			size = strcspn(++at, "\"");
			if (at + size < end && trace_quoted(t, at, size))
				return;
			at += size;
		}
		at++;
	}
}

static void blame_message(struct arena *a, const struct bundle *b, const struct message *m,
			  const char *live, struct suspects *found)
{
	struct tracing t = { .arena = a, .bundle = b, .message = m, .found = found };
	enum bundle_file f = own_file(m, live);
	const char *znode = f == BUNDLE_FILE_N ? NULL : bundle_origin(b, f, m->line);

	if (znode)
		suspects_add(found, znode);
	else if (!m->file || f != BUNDLE_FILE_N || is_clash(m))
		trace(&t);
}

/* nginx accepted the configuration and only wrote warnings. */
static bool only_warned(char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (*lines[i] && !message_after_level(lines[i], "[warn] "))
			return false;
	}
	return count > 0;
}

/*
 * The message where nginx wrote none of the level emerg: the first line that is more than a
 * warning.
 */
static const char *any_message(char *const *lines, size_t count)
{
	static const char *const levels[] = { "[alert] ", "[crit] ", "[error] " };

	for (size_t i = 0; i < count; i++) {
		if (strncmp(lines[i], "nginx -t ", 9) == 0)
			return lines[i]; /* written by zknginxd: nginx was killed, or could not be
					    started */
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(levels); j++) {
			if (message_after_level(lines[i], levels[j]))
				return message_after_level(lines[i], levels[j]);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (lines[i][strspn(lines[i], " \t\r")] && !strstr(lines[i], "[warn] ") &&
		    !strstr(lines[i], "[notice] "))
			return lines[i];
	}
	return "";
}

static size_t split(struct arena *a, const char *output, char ***lines)
{
	size_t count = 1, n = 0;

	for (const char *s = output; *s; s++)
		count += *s == '\n';
	*lines = arena_array(a, char *, count);
	while (*output) {
		size_t size = strcspn(output, "\n");

		(*lines)[n++] = arena_copy(a, output, size);
		output += size + (output[size] == '\n');
	}
	return n;
}

static const char *sentence(struct arena *a, const struct message *m, const char *live)
{
	bool ours = own_file(m, live) != BUNDLE_FILE_N;

	return arena_copy(a, m->text, m->file && !ours ? strlen(m->text) : m->size);
}

static const char *masked(struct arena *a, const char *message)
{
	CLEANUP(freep) char *text = secret_mask_nginx(message);

	return arena_strdup(a, text);
}

/* The znodes, without the probe's origin. */
static void tell(struct arena *a, struct suspects *found, struct blame *blame)
{
	suspects_sort(found);
	blame->znodes = arena_array(a, const char *, found->count);
	for (size_t i = 0; i < found->count; i++) {
		if (strcmp(found->znodes[i], BUNDLE_PROBE) == 0)
			blame->probe = true;
		else
			blame->znodes[blame->count++] = arena_strdup(a, found->znodes[i]);
	}
}

struct blame blame_find(struct arena *a, const struct bundle *b, const char *live,
			const char *output)
{
	CLEANUP(suspects_fini) struct suspects found = { 0 };
	struct blame blame = { 0 };
	char **lines;
	size_t count = split(a, output, &lines);
	bool warned = only_warned(lines, count);

	for (size_t i = 0; i < count; i++) {
		const char *text = message_after_level(lines[i], warned ? "[warn] " : "[emerg] ");
		struct message m;
		size_t before = found.count;

		if (!text)
			continue;
		m = parse(text);
		blame_message(a, b, &m, live, &found);
		/* A sentence that led to a znode is more useful than one that did not. */
		if (!blame.message || (found.count && !before))
			blame.message = sentence(a, &m, live);
	}
	if (!blame.message)
		blame.message = any_message(lines, count);
	else if (warned)
		blame.message = arena_printf(
			a, "nginx -t accepts it with a warning that changes what is served: %s",
			blame.message);
	blame.raw = blame.message;
	blame.message = masked(a, blame.raw);
	tell(a, &found, &blame);
	return blame;
}
