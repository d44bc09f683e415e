/*
 * The surest place to find the error log is the master itself: nginx makes its standard error the
 * main error log. Where that cannot be read, or is not a file, the error_log directive of
 * nginx.conf is used. The descriptor stays open from the mark on, so a log that is rotated
 * meanwhile is still read to its end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text/lexer.h"
#include "errorlog.h"
#include "nginx_text.h"
#include "peek.h"

#define READ_LIMIT ((off_t)65536)

static int open_log(const char *path)
{
	struct stat st;
	int fd;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool open_of_master(struct errorlog *log)
{
	struct look_answer a;

	if (!peek(LOOK_LOG, log->master, "", &a, &log->fd) || log->fd < 0)
		return false;
	snprintf(log->path, sizeof(log->path), "%s", a.text);
	return true;
}

/* The argument of the error_log directive in the main context; false when there is none. */
static bool find_directive(const struct buf *text, char *path, size_t room)
{
	bool first = true, wanted = false, found = false;
	struct lexer l;
	int depth = 0;

	lexer_init(&l, buf_str(text), text->size);
	for (;;) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END || t.kind == TOKEN_ERROR)
			break;
		if (t.kind == TOKEN_WORD && wanted) {
			snprintf(path, room, "%s", t.word);
			found = true;
		}
		wanted = t.kind == TOKEN_WORD && first && depth == 0 &&
			 strcmp(t.word, "error_log") == 0;
		first = t.kind != TOKEN_WORD;
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
	}
	lexer_fini(&l);
	return found;
}

static void open_of_config(struct errorlog *log, const char *config)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (nginx_text_read(config, &text, NULL) < 0 ||
	    !find_directive(&text, log->path, sizeof(log->path)))
		log->path[0] = '\0';
	if (log->path[0] == '/')
		log->fd = open_log(log->path);
}

void errorlog_mark(struct errorlog *log, pid_t master, const char *config)
{
	struct stat st;

	log->fd = -1;
	log->start = 0;
	log->master = master;
	log->path[0] = '\0';
	if (!open_of_master(log))
		open_of_config(log, config);
	if (log->fd >= 0 && fstat(log->fd, &st) == 0)
		log->start = st.st_size;
}

void errorlog_close(struct errorlog *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

/* Calls visit for each line since the mark. */
static void each_line(const struct errorlog *log, void (*visit)(void *ctx, const char *line),
		      void *ctx)
{
	char *text, *line, *save;
	off_t start = log->start;
	struct stat st;
	ssize_t got;

	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return;
	if (st.st_size < start)
		start = 0; /* truncated in place */
	if (st.st_size - start > READ_LIMIT)
		start = st.st_size - READ_LIMIT;
	text = xmalloc((size_t)READ_LIMIT + 1);
	got = pread(log->fd, text, (size_t)READ_LIMIT, start);
	text[got > 0 ? got : 0] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		visit(ctx, line);
	free(text);
}

bool errorlog_parse(const char *line, struct errorlog_line *out)
{
	int used = 0;

	if (sscanf(line, "%*d/%*d/%*d %*d:%*d:%*d [%15[a-z]] %d#%*d: %n", out->level, &out->pid,
		   &used) != 2 ||
	    !used)
		return false;
	out->text = line + used;
	return true;
}

struct reader {
	const struct errorlog *log;
	const struct workers *old;
	struct buf *out;
};

/* Of the master: the four worst levels. Of workers: two, because they log errors of requests with
 * the others. */
static bool is_grave(const struct errorlog_line *c, bool of_master)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "error" };

	for (size_t i = 0; i < (of_master ? ARRAY_SIZE(levels) : 2); i++) {
		if (strcmp(c->level, levels[i]) == 0)
			return true;
	}
	return false;
}

static void collect(void *ctx, const char *line)
{
	CLEANUP(freep) char *sentence = NULL;
	struct reader *r = ctx;
	struct errorlog_line c;

	if (!errorlog_parse(line, &c) || !is_grave(&c, c.pid == r->log->master) ||
	    workers_have(r->old, c.pid))
		return;
	sentence = xasprintf("nginx: [%s] %s\n", c.level, c.text);
	if (!strstr(buf_str(r->out), sentence))
		buf_puts(r->out, sentence);
}

void errorlog_read(const struct errorlog *log, const struct workers *old, struct buf *out)
{
	struct reader r = { .log = log, .old = old, .out = out };

	each_line(log, collect, &r);
}

struct death_search {
	const struct errorlog *log;
	const struct workers *old;
	bool found;
};

static void look_for_death(void *ctx, const char *line)
{
	struct death_search *o = ctx;
	struct errorlog_line c;
	int pid;

	if (!errorlog_parse(line, &c) || c.pid != o->log->master || strcmp(c.level, "alert") != 0)
		return;
	/* "… exited on signal 11", "… exited with fatal code 2 and cannot be respawned" */
	if (sscanf(c.text, "worker process %d exited", &pid) == 1 && !workers_have(o->old, pid))
		o->found = true;
}

bool errorlog_tells_of_death(const struct errorlog *log, const struct workers *old)
{
	struct death_search o = { .log = log, .old = old };

	each_line(log, look_for_death, &o);
	return o.found;
}
