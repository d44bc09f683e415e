/*
 * Errors, and allocation that cannot fail. die() is the only exit of the pure floors: it writes one
 * line and aborts, which leaves a core dump.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/err.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return -1;
	e->code = code;
	e->sys = 0;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	va_list args;
	size_t used;

	if (!e)
		return -1;
	e->code = ERR_SYS;
	e->sys = sys;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerrordesc_np(sys) ?: "error");
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(((struct err *)0)->text)];
	va_list args;
	size_t used;

	if (!e)
		return -1;
	memcpy(inner, e->text, sizeof(inner));
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", inner);
	return -1;
}

void die(const char *fmt, ...)
{
	char line[512];
	va_list args;
	int used;

	va_start(args, fmt);
	used = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	if (used < 0)
		used = 0;
	if ((size_t)used > sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used] = '\n';
	if (write(STDERR_FILENO, line, (size_t)used + 1) < 0)
		abort();
	abort();
}

static void *checked(void *p)
{
	if (!p)
		die("out of memory; nginx keeps serving the published generation");
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

void *xgrow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = 2 * *room + 16;
	return xrealloc(items, *room * size);
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xvasprintf(const char *fmt, va_list args)
{
	char *s = NULL;

	return checked(vasprintf(&s, fmt, args) < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = xvasprintf(fmt, args);
	va_end(args);
	return s;
}
