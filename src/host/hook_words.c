/*
 * A command may write anything, and its output goes into the log and into znodes. So only the end
 * of it is kept, its lines are joined to one, and every byte that is not printable text becomes a
 * question mark.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "hook_words.h"

#define ERRORS_SHOWN 300
#define OUTPUT_SHOWN 150

void hook_tail_add(struct hook_tail *t, const char *bytes, size_t size)
{
	size_t room = sizeof(t->bytes), stay;

	if (size > room) {
		bytes += size - room;
		size = room;
	}
	stay = t->size < room - size ? t->size : room - size;
	memmove(t->bytes, t->bytes + t->size - stay, stay);
	memcpy(t->bytes + stay, bytes, size);
	t->size = stay + size;
}

/* The number of bytes of the multibyte character that begins here; 0: it is not valid UTF-8. */
static size_t character_size(const unsigned char *s, size_t size)
{
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4 || n > size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong, a surrogate, past the last; and the C1 controls */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ||
	    (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	return n;
}

static void put_clean(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0, n; i < size; i += n) {
		const unsigned char *c = (const unsigned char *)text + i;

		n = *c >= 0x80 ? character_size(c, size - i) : 1;
		if (*c == '\t')
			buf_putc(out, ' ');
		else if (n == 0 || *c < 0x20 || *c == 0x7f)
			buf_putc(out, '?');
		else
			buf_put(out, c, n);
		n = n ?: 1;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t trimmed(const char *text, size_t size)
{
	while (size > 0 && is_blank(text[size - 1]))
		size--;
	return size;
}

/* Where the last lines begin, as many as fit into `most`; if not even one does, its end. */
static size_t end_begins(const char *text, size_t size, size_t most)
{
	size_t from = size > most ? size - most : 0;
	const char *line = from ? memchr(text + from, '\n', size - from) : NULL;

	if (line)
		return (size_t)(line - text) + 1;
	while (from > 0 && from < size && ((unsigned char)text[from] & 0xc0) == 0x80)
		from++;
	return from;
}

static void put_end(struct buf *out, const char *text, size_t size, size_t most)
{
	size_t before = out->size, line;

	size = trimmed(text, size);
	for (size_t from = end_begins(text, size, most); from < size; from += line + 1) {
		const char *end = memchr(text + from, '\n', size - from), *start = text + from;

		line = end ? (size_t)(end - start) : size - from;
		if (trimmed(start, line) == 0)
			continue;
		buf_puts(out, out->size > before ? "; " : "");
		put_clean(out, start, trimmed(start, line));
	}
}

static void put_last_line(struct buf *out, const char *text, size_t size)
{
	const char *line;

	size = trimmed(text, size);
	line = size ? memrchr(text, '\n', size) : NULL;
	if (line) {
		size -= (size_t)(line + 1 - text);
		text = line + 1;
	}
	put_end(out, text, size, ERRORS_SHOWN);
}

bool hook_passed(const struct child_result *r)
{
	return !r->failure && !r->timed_out && r->exited && r->code == 0;
}

/* The file existed a moment ago, so the kernel did not find something else. */
static const char *hint(const char *failure)
{
	static const struct {
		int sys;
		const char *words;
	} hints[] = {
		{ ENOENT, " (the file exists, but not the interpreter that its first line names)" },
		{ ENOEXEC, " (a script must begin with a line such as #!/bin/sh)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		const char *end = strerrordesc_np(hints[i].sys);
		size_t size = strlen(end), all = strlen(failure);

		if (all >= size && strcmp(failure + all - size, end) == 0)
			return hints[i].words;
	}
	return "";
}

static void put_end_of_run(struct buf *out, const struct child_result *r, uint64_t deadline)
{
	if (r->failure)
		buf_printf(out, "%s%s", r->failure, hint(r->failure));
	else if (r->timed_out)
		buf_printf(out, "killed because it took longer than %g s",
			   (double)deadline / (double)USEC_PER_SEC);
	else if (r->exited)
		buf_printf(out, "exit status %d", r->code);
	else
		buf_printf(out, "ended by SIG%s", sigabbrev_np(r->code) ?: "?");
}

static void put_failure(struct buf *out, const struct child_result *r,
			const struct hook_tail *output, uint64_t deadline)
{
	struct buf errors = BUF_INIT, lines = BUF_INIT;

	put_end_of_run(out, r, deadline);
	put_end(&errors, buf_str(r->errors), r->errors->size, ERRORS_SHOWN);
	put_end(&lines, output->bytes, output->size, OUTPUT_SHOWN);
	if (errors.size)
		buf_printf(out, ": %s", errors.data);
	if (lines.size)
		buf_printf(out, errors.size ? " (output: %s)" : ": %s", lines.data);
	buf_fini(&errors);
	buf_fini(&lines);
}

char *hook_words(const struct child_result *r, const struct hook_tail *output, uint64_t deadline)
{
	struct buf out = BUF_INIT;

	if (!hook_passed(r))
		put_failure(&out, r, output, deadline);
	else
		put_last_line(&out, output->bytes, output->size);
	if (out.size == 0)
		put_last_line(&out, buf_str(r->errors), r->errors->size);
	return buf_take(&out);
}
