/*
 * The scanner knows only as much of libconfig's syntax as it needs to skip strings and comments.
 * Everything else is left to libconfig.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings_scan.h"

#define FILE_LIMIT ((size_t)1 << 20)
#define INCLUDE_DEPTH 10 /* as libconfig's */

static int slurp(int fd, const char *path, struct buf *out, struct err *e)
{
	char chunk[8192];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "read %s", path);
		if (out->size + (size_t)got > FILE_LIMIT)
			return err_set(e, ERR_INPUT, "%s: larger than 1 MiB", path);
		buf_put(out, chunk, (size_t)got);
	}
	if (memchr(buf_str(out), '\0', out->size))
		return err_set(e, ERR_INPUT, "%s: contains a zero byte, so it is not a text file",
			       path);
	return 0;
}

/* O_NONBLOCK: a fifo must not block the daemon. */
int settings_read(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		rc = err_sys(e, "stat %s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, ERR_INPUT, "%s: not a regular file", path);
	else
		rc = slurp(fd, path, out, e);
	close(fd);
	return rc;
}

struct scanner {
	const char *file;
	const char *at;
	unsigned line;
	unsigned depth;
	bool line_begins; /* there are only blanks before `at` on its line */
	bool parsable;
	struct buf *included;
	struct settings_errors *errors;
};

static void scan(struct scanner *s);

static void step(struct scanner *s)
{
	if (*s->at == '\n') {
		s->line++;
		s->line_begins = true;
	} else if (*s->at != ' ' && *s->at != '\t') {
		s->line_begins = false;
	}
	s->at++;
}

static void skip_string(struct scanner *s)
{
	step(s);
	while (*s->at && *s->at != '"') {
		if (s->at[0] == '\\' && s->at[1])
			step(s);
		step(s);
	}
	if (*s->at)
		step(s);
}

static void skip_line(struct scanner *s)
{
	while (*s->at && *s->at != '\n')
		step(s);
}

static void skip_block_comment(struct scanner *s)
{
	const char *end = strstr(s->at + 2, "*/");

	while (*s->at && (!end || s->at < end + 2))
		step(s);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("+-._*", c);
}

/* 123, -1, 0x7f, or with an L after it for 64 bits. Floats are left to the check of types. */
static bool number_fits(const char *text, size_t size)
{
	bool hex = size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long n, limit = INT_MAX;
	char *end;

	errno = 0;
	n = strtoull(*text == '-' || *text == '+' ? text + 1 : text, &end, hex ? 16 : 10);
	if (end < text + size && *end == 'L')
		limit = LLONG_MAX;
	else if (end < text + size)
		return true;
	return errno == 0 && n <= limit;
}

static void scan_word(struct scanner *s)
{
	const char *word = s->at;
	size_t size = 0;

	while (word[size] && is_word(word[size]))
		size++;
	if (!isalpha((unsigned char)word[0]) && !number_fits(word, size))
		settings_errors_add(s->errors, s->file, s->line,
				    "%.*s is too large a number; the largest is %d", (int)size,
				    word, INT_MAX)
			->is_large_number = true;
	while (s->at < word + size)
		step(s);
}

static void scan_include(struct scanner *s)
{
	const char *open = s->at + strlen("@include"), *close;
	struct scanner inner = { .line = 1,
				 .depth = s->depth + 1,
				 .line_begins = true,
				 .parsable = true,
				 .included = s->included,
				 .errors = s->errors };
	CLEANUP(freep) char *included = NULL;
	struct buf text = BUF_INIT;
	struct err e;

	open += strspn(open, " \t");
	close = *open == '"' ? strchr(open + 1, '"') : NULL;
	if (close && s->depth < INCLUDE_DEPTH) {
		included = xasprintf("%.*s", (int)(close - open - 1), open + 1);
		inner.file = included;
		buf_put(s->included, included, strlen(included) + 1);
		if (settings_read(inner.file, &text, &e) < 0) {
			settings_errors_add(s->errors, s->file, s->line, "@include: %s", e.text);
			s->parsable = false;
		} else {
			inner.at = buf_str(&text);
			scan(&inner);
			s->parsable = s->parsable && inner.parsable;
		}
	}
	buf_fini(&text);
	skip_line(s);
}

static void scan(struct scanner *s)
{
	while (*s->at) {
		if (*s->at == '"')
			skip_string(s);
		else if (*s->at == '#' || strncmp(s->at, "//", 2) == 0)
			skip_line(s);
		else if (strncmp(s->at, "/*", 2) == 0)
			skip_block_comment(s);
		else if (s->line_begins && strncmp(s->at, "@include", 8) == 0)
			scan_include(s);
		else if (is_word(*s->at))
			scan_word(s);
		else
			step(s);
	}
}

bool settings_scan(const char *file, const char *text, struct buf *included,
		   struct settings_errors *errors)
{
	struct scanner s = { .file = file,
			     .at = text,
			     .line = 1,
			     .line_begins = true,
			     .parsable = true,
			     .included = included,
			     .errors = errors };

	scan(&s);
	return s.parsable;
}
