/* Drawing over and over on one screen. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "canvas.h"

#define ENTER "\x1b[?1049h\x1b[?25l" /* the alternate screen, no cursor */
#define LEAVE "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_BELOW "\x1b[J"

struct canvas {
	struct ctl *ctl;
	bool over, redraw;
	bool entered; /* the alternate screen */
	bool typed;   /* `before` is the terminal's state to go back to */
	struct termios before;
	char *last; /* elsewhere: the block before */
};

/* --- the terminal --------------------------------------------------------------------------- */

static FILE *out(const struct canvas *c)
{
	return c->ctl->screen.out;
}

static void enter(struct canvas *c)
{
	struct termios raw;

	if (!c->ctl->screen.terminal || c->entered)
		return;
	if (tcgetattr(STDIN_FILENO, &c->before) == 0) {
		raw = c->before;
		raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
		c->typed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	fputs(ENTER, out(c));
	fflush(out(c));
	c->entered = true;
}

static void leave(struct canvas *c)
{
	if (!c->entered)
		return;
	fputs(LEAVE, out(c));
	fflush(out(c));
	if (c->typed)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->before);
	c->entered = c->typed = false;
}

/* --- what happens --------------------------------------------------------------------------- */

static int on_end(sd_event_source *s UNUSED, const struct signalfd_siginfo *si UNUSED, void *ctx)
{
	struct canvas *c = ctx;

	c->over = true;
	return 0;
}

static int on_resize(sd_event_source *s UNUSED, const struct signalfd_siginfo *si UNUSED, void *ctx)
{
	struct canvas *c = ctx;

	c->redraw = true;
	return 0;
}

/* The terminal belongs to the shell while the program is stopped. */
static int on_stop(sd_event_source *s UNUSED, const struct signalfd_siginfo *si UNUSED, void *ctx)
{
	struct canvas *c = ctx;

	leave(c);
	raise(SIGSTOP);
	enter(c);
	c->redraw = true;
	return 0;
}

static int on_key(sd_event_source *s, int fd, uint32_t events UNUSED, void *ctx)
{
	struct canvas *c = ctx;
	char keys[64];
	ssize_t got = read(fd, keys, sizeof(keys));

	if (got <= 0)
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
	if (got > 0 && memchr(keys, 'q', (size_t)got))
		c->over = true;
	return 0;
}

/* Nobody reads the pipe any more. */
static int on_closed(sd_event_source *s, int fd UNUSED, uint32_t events UNUSED, void *ctx)
{
	struct canvas *c = ctx;

	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	c->over = true;
	return 0;
}

static void watch_signals(struct canvas *c)
{
	const struct {
		int signal;
		sd_event_signal_handler_t handler;
	} signals[] = { { SIGINT, on_end },
			{ SIGTERM, on_end },
			{ SIGHUP, on_end },
			{ SIGTSTP, on_stop },
			{ SIGWINCH, on_resize } };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i].signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (sd_event_add_signal(c->ctl->loop, NULL, signals[i].signal, signals[i].handler,
					c) < 0)
			die("sd-event: no signal %d", signals[i].signal);
	}
}

/* --- drawing -------------------------------------------------------------------------------- */

/* Columns of a line that contains colours. */
static size_t columns_of(const char *line, const char *end)
{
	size_t columns = 0;

	for (; line < end; line++) {
		if (*line == '\x1b') {
			while (line < end && *line != 'm')
				line++;
			continue;
		}
		columns += ((unsigned char)*line & 0xc0) != 0x80;
	}
	return columns;
}

static size_t rows_of(const char *line, const char *end, size_t width)
{
	size_t columns = columns_of(line, end);

	return columns && width ? (columns - 1) / width + 1 : 1;
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void draw(struct canvas *c, const char *text)
{
	const struct screen *s = &c->ctl->screen;
	size_t room = screen_height(s), width = screen_width(s);
	const char *end;

	fputs(HOME, out(c));
	for (; *text; text = *end ? end + 1 : end) {
		size_t rows;

		end = strchrnul(text, '\n');
		rows = rows_of(text, end, width);
		if (room && rows >= room) {
			fprintf(out(c), CLEAR_LINE "… %zu more line%s", lines_of(text),
				PLURAL(lines_of(text)));
			break;
		}
		room -= room ? rows : 0;
		fprintf(out(c), "%.*s" CLEAR_LINE "\n", (int)(end - text), text);
	}
	fputs(CLEAR_BELOW, out(c));
	fflush(out(c));
}

void canvas_show(struct canvas *c, const char *text)
{
	if (c->ctl->screen.terminal) {
		draw(c, text);
		return;
	}
	if (c->last && strcmp(c->last, text) == 0)
		return;
	fprintf(out(c), "%s%s", c->last && !c->ctl->json ? "\n" : "", text);
	if (fflush(out(c)) != 0)
		c->over = true; /* nobody reads any more */
	free(c->last);
	c->last = xstrdup(text);
}

bool canvas_is_over(const struct canvas *c)
{
	return c->over;
}

bool canvas_wants_redraw(const struct canvas *c)
{
	return c->redraw;
}

bool canvas_take_redraw(struct canvas *c)
{
	bool redraw = c->redraw;

	c->redraw = false;
	return redraw;
}

struct canvas *canvas_new(struct ctl *ctl)
{
	struct canvas *c = xcalloc(1, sizeof(*c));

	c->ctl = ctl;
	watch_signals(c);
	enter(c);
	if (!ctl->screen.terminal) /* refused for a file, which is never closed */
		sd_event_add_io(ctl->loop, NULL, ctl->screen.fd, 0, on_closed, c);
	if (c->typed)
		sd_event_add_io(ctl->loop, NULL, STDIN_FILENO, POLLIN, on_key, c);
	return c;
}

void canvas_free(struct canvas *c)
{
	if (!c)
		return;
	leave(c);
	free(c->last);
	free(c);
}
