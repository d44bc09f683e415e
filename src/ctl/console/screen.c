/* The terminal, as far as a command draws on it. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "core/text/utf8.h"
#include "screen.h"

static const char *const begins[COLOR_N] = {
	[COLOR_NONE] = "",        [COLOR_GOOD] = "\x1b[32m",  [COLOR_WARNING] = "\x1b[33m",
	[COLOR_BAD] = "\x1b[31m", [COLOR_STRONG] = "\x1b[1m", [COLOR_FAINT] = "\x1b[2m",
};

void screen_init(struct screen *s, FILE *out)
{
	int fd = fileno(out);

	*s = (struct screen){ .out = out, .fd = fd, .terminal = isatty(fd) };
	screen_set_color(s, "auto");
}

static bool auto_color(const struct screen *s)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return s->terminal && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

bool screen_set_color(struct screen *s, const char *mode)
{
	if (strcmp(mode, "auto") == 0)
		s->color = auto_color(s);
	else if (strcmp(mode, "always") == 0 || strcmp(mode, "never") == 0)
		s->color = *mode == 'a';
	else
		return false;
	return true;
}

static struct winsize size_of(const struct screen *s)
{
	struct winsize size = { 0 };

	if (!s->terminal || ioctl(s->fd, TIOCGWINSZ, &size) < 0)
		return (struct winsize){ 0 };
	return size;
}

unsigned screen_width(const struct screen *s)
{
	return size_of(s).ws_col;
}

unsigned screen_height(const struct screen *s)
{
	return size_of(s).ws_row;
}

const char *screen_begin(const struct screen *s, enum color c)
{
	return s->color ? begins[c] : "";
}

const char *screen_end(const struct screen *s, enum color c)
{
	return s->color && c != COLOR_NONE ? "\x1b[0m" : "";
}

void screen_print(const struct screen *s, enum color c, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	screen_clean(text, strlen(text), &clean);
	fprintf(s->out, "%s%s%s", screen_begin(s, c), buf_str(&clean), screen_end(s, c));
}

/* How many bytes of the line (which ends before `end`) fit into `columns`, at least one word. */
static size_t bytes_that_fit(const char *line, const char *end, size_t columns)
{
	size_t used = 0, fit = 0;
	const char *c = line;

	for (; c < end && used <= columns; c++) {
		if (*c == ' ' && used)
			fit = (size_t)(c - line);
		used += ((unsigned char)*c & 0xc0) != 0x80;
	}
	if (c == end && used <= columns)
		return (size_t)(end - line);
	while (!fit && c < end && *c != ' ')
		c++;
	return fit ? fit : (size_t)(c - line);
}

static void print_line(const struct screen *s, enum color c, size_t indent, const char *line,
		       const char *end)
{
	size_t width = screen_width(s);
	size_t columns = width > indent + 20 ? width - indent : width ? 20 : SIZE_MAX;

	do {
		size_t size = bytes_that_fit(line, end, columns);

		fprintf(s->out, "%*s%s%.*s%s\n", (int)indent, "", screen_begin(s, c), (int)size,
			line, screen_end(s, c));
		line += size;
		line += line < end && *line == ' ';
	} while (line < end);
}

void screen_lines(const struct screen *s, enum color c, size_t indent, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	const char *line, *end;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	screen_clean(text, strlen(text), &clean);
	for (line = buf_str(&clean); *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		print_line(s, c, indent, line, end);
	}
}

/* --- text ------------------------------------------------------------------------------------ */

/* Characters that change the order of others: a line would be read as another than it is. */
static bool is_bidirectional(uint32_t code)
{
	return code == 0x61c || code == 0x200e || code == 0x200f ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* The controls of C1 steer terminals as well. */
static bool is_shown(uint32_t code)
{
	if (is_bidirectional(code))
		return false;
	return code == '\n' || code == '\t' ||
	       (code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0));
}

void screen_clean(const char *text, size_t size, struct buf *out)
{
	CLEANUP(freep) char *copy = xmalloc(size + 1);
	size_t i = 0;

	memcpy(copy, text, size); /* utf8_decode() wants a NUL at the end */
	copy[size] = '\0';
	while (i < size) {
		uint32_t code = 0;
		size_t length = copy[i] ? utf8_decode(copy + i, &code) : 0;

		if (length && is_shown(code)) {
			buf_put(out, copy + i, length);
			i += length;
		} else {
			buf_printf(out, "\\x%02x", (unsigned char)copy[i++]);
		}
	}
}

size_t screen_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* --- progress and questions ------------------------------------------------------------------ */

static char *progress; /* what is shown now; NULL: nothing */

/* A line that is longer than the terminal could not be replaced. */
static void cut_to_width(struct buf *text)
{
	struct winsize size = { 0 };
	size_t columns = 0, i = 0;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return;
	for (; i < text->size; i++) {
		if (((unsigned char)text->data[i] & 0xc0) != 0x80 && ++columns == size.ws_col)
			break;
	}
	text->size = i;
}

void progress_show(const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	screen_clean(text, strlen(text), &clean);
	cut_to_width(&clean);
	if (progress && strlen(progress) == clean.size &&
	    memcmp(progress, buf_str(&clean), clean.size) == 0)
		return;
	fflush(stdout);
	fprintf(stderr, "\r\x1b[K%.*s", (int)clean.size, buf_str(&clean));
	free(progress);
	progress = xasprintf("%.*s", (int)clean.size, buf_str(&clean));
}

void progress_clear(void)
{
	if (progress)
		fputs("\r\x1b[K", stderr);
	free(TAKE(progress));
}

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask(const char *question)
{
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	char answer[16] = "";

	screen_clean(question, strlen(question), &clean);
	progress_clear();
	fflush(stdout);
	fprintf(stderr, "%s [y/N] ", buf_str(&clean));
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	for (char *c = answer; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0;
}
