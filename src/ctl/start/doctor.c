/* The results of the doctor's checks. */
#include <stdarg.h>

#include "doctor.h"

const char *doctor_level_name(enum doctor_level l)
{
	static const char *const names[] = {
#define X(name, text) [DOCTOR_##name] = (text),
		DOCTOR_LEVELS(X)
#undef X
	};
	return names[l];
}

static void add(struct doctor *d, enum doctor_level level, const char *fix, const char *fmt,
		va_list args) PRINTF(4, 0);
static void add(struct doctor *d, enum doctor_level level, const char *fix, const char *fmt,
		va_list args)
{
	d->results = arena_grow(d->arena, d->results, d->count, &d->room, sizeof(*d->results));
	d->results[d->count] = (struct doctor_result){
		.check = d->check,
		.level = level,
		.message = arena_vprintf(d->arena, fmt, args),
		.fix = fix,
	};
	d->count++;
	d->on_result(d->ctx, &d->results[d->count - 1]);
}

void doctor_ok(struct doctor *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, DOCTOR_OK, "", fmt, args);
	va_end(args);
}

void doctor_skip(struct doctor *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, DOCTOR_SKIPPED, "", fmt, args);
	va_end(args);
}

void doctor_warn(struct doctor *d, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, DOCTOR_WARNING, fix, fmt, args);
	va_end(args);
}

void doctor_error(struct doctor *d, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, DOCTOR_ERROR, fix, fmt, args);
	va_end(args);
}

void doctor_report(struct doctor *d, enum doctor_level level, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, level, fix, fmt, args);
	va_end(args);
}
