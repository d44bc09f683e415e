/* Names, levels and the one line in the log. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/deploy/warnings.h"
#include "core/text/secret.h"
#include "flight.h"
#include "sys/timing.h"

const char *deploy_result_name(enum deploy_result r)
{
	static const char *const names[] = {
#define X(name, text) [DEPLOY_##name] = text,
		DEPLOY_RESULTS(X)
#undef X
	};
	return names[r];
}

const char *host_condition_key(enum host_condition c)
{
	static const char *const keys[HOST_CONDITION_N] = {
		[HOST_IS_WELL] = "",
#define X(name, text) [HOST_##name] = text,
		HOST_CONDITIONS(X)
#undef X
	};
	return keys[c];
}

void flight_begin(struct flight *f, struct bundle *b, const char *revision, unsigned long live)
{
	uint64_t now = timing_now();

	*f = (struct flight){
		.bundle = bundle_ref(b),
		.revision = xstrdup(revision),
		.generation = live,
		.previous = live,
		.began = now,
		.mark = now,
	};
}

void flight_fini(struct flight *f)
{
	bundle_unref(f->bundle);
	free(f->revision);
	buf_fini(&f->message);
	buf_fini(&f->warnings);
	free(f->warning);
	*f = (struct flight){ 0 };
}

bool flight_is_published(const struct flight *f)
{
	return f->work == FLIGHT_PUBLISH || f->work == FLIGHT_PERSIST;
}

bool flight_is_live(const struct flight *f)
{
	return f->work == FLIGHT_SIGNAL || flight_is_done(f);
}

bool flight_is_done(const struct flight *f)
{
	return f->work == FLIGHT_NOTHING || f->work == FLIGHT_LEAVE_DRIFT;
}

void flight_took(struct flight *f, enum step_id step)
{
	uint64_t now = timing_now();

	f->steps_ms[step] += (double)(now - f->mark) / (double)USEC_PER_MSEC;
	f->mark = now;
	f->total_ms = (double)(now - f->began) / (double)USEC_PER_MSEC;
}

PRINTF(3, 0)
static void add(struct flight *f, enum deploy_result result, const char *fmt, va_list args)
{
	CLEANUP(freep) char *text = NULL;

	f->result = result;
	text = xvasprintf(fmt, args);
	buf_puts(&f->message, text);
}

void flight_result(struct flight *f, enum deploy_result result, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, result, fmt, args);
	va_end(args);
}

void flight_fail(struct flight *f, enum host_condition condition, const char *fmt, ...)
{
	va_list args;

	f->condition = condition;
	va_start(args, fmt);
	add(f, DEPLOY_FAILED, fmt, args);
	va_end(args);
}

bool flight_refuse_warning(struct flight *f, const char *known)
{
	const char *line;
	size_t size;

	line = warnings_new(buf_str(&f->warnings), known, &size);
	if (!line)
		return false;
	f->warning = strndup(line, size);
	flight_result(f, DEPLOY_REFUSED, "nginx: [warn] %s\n", f->warning);
	return true;
}

void flight_explain(struct flight *f, const char *live)
{
	struct buf text = BUF_INIT;

	bundle_explain(f->bundle, live, buf_str(&f->message), &text);
	buf_fini(&f->message);
	f->message = text;
}

void flight_miss_include(struct flight *f, enum deploy_result result, const char *config,
			 const char *live)
{
	bool stream = result == DEPLOY_STREAM_NOT_INCLUDED;
	const char *file = bundle_file_name(stream ? BUNDLE_STREAM : BUNDLE_HTTP);

	flight_result(f, result,
		      "%s does not include %s/%s: put the line \"include %s/%s;\" into %s", config,
		      live, file, live, file,
		      stream ? "a stream { } block, beside http { }" : "the http { } block");
}

void flight_leave_unknown(struct flight *f, const char *answer, uint64_t waited)
{
	double seconds = (double)waited / (double)USEC_PER_SEC;

	if (*answer)
		flight_result(f, DEPLOY_UNKNOWN,
			      "nginx handled SIGHUP, but %s (%.1f seconds after SIGHUP); "
			      "generation %lu stays live",
			      answer, seconds, f->generation);
	else
		flight_result(f, DEPLOY_UNKNOWN,
			      "nginx got SIGHUP but has not finished the reload in %.1f seconds; "
			      "generation %lu stays live",
			      seconds, f->generation);
}

void flight_defer(struct flight *f, const char *why_down)
{
	if (why_down)
		flight_result(f, DEPLOY_DEFERRED, "nginx is not running: %s", why_down);
	else
		flight_result(f, DEPLOY_DEFERRED,
			      "nginx is being upgraded (there are two masters), so it is not "
			      "signalled yet");
}

struct outcome flight_outcome(const struct flight *f)
{
	struct outcome o = {
		.result = f->result,
		.condition = f->condition,
		.generation = f->generation,
		.message = buf_str(&f->message),
		.in_force = f->in_force,
		.persisted = f->work == FLIGHT_PERSIST,
		.timed_out = f->timed_out,
		.tested = f->tested,
		.passed = f->passed,
		.warnings = buf_str(&f->warnings),
		.warning = f->warning,
		.total_ms = f->total_ms,
	};

	memcpy(o.steps_ms, f->steps_ms, sizeof(o.steps_ms));
	return o;
}

static void put_one_line(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text != '\n')
			buf_putc(out, *text);
		else if (text[1])
			buf_puts(out, "; ");
	}
}

/* " (stage 1.2, check 6.4)"; nothing when no step has ended. */
static void put_steps(struct buf *out, const struct flight *f)
{
	const char *before = " (";

	for (int i = 0; i < STEP_N; i++) {
		if (f->steps_ms[i] <= 0)
			continue;
		buf_printf(out, "%s%s %.1f", before, step_name((enum step_id)i), f->steps_ms[i]);
		before = ", ";
	}
	if (before[0] == ',')
		buf_putc(out, ')');
}

enum log_level flight_level(const struct flight *f, bool again)
{
	static const enum log_level levels[DEPLOY_RESULT_N] = {
		[DEPLOY_UNCHANGED] = LOG_LEVEL_DEBUG,
		[DEPLOY_APPLIED] = LOG_LEVEL_INFO,
		[DEPLOY_DEFERRED] = LOG_LEVEL_NOTICE,
		[DEPLOY_NOT_INCLUDED] = LOG_LEVEL_WARNING,
		[DEPLOY_STREAM_NOT_INCLUDED] = LOG_LEVEL_WARNING,
		[DEPLOY_PROVED] = LOG_LEVEL_DEBUG,
		[DEPLOY_REFUSED] = LOG_LEVEL_INFO,
		[DEPLOY_REJECTED] = LOG_LEVEL_WARNING,
		[DEPLOY_DIED] = LOG_LEVEL_ERROR,
		[DEPLOY_UNKNOWN] = LOG_LEVEL_ERROR,
		[DEPLOY_FAILED] = LOG_LEVEL_ERROR,
	};
	bool lasts = f->result == DEPLOY_NOT_INCLUDED || f->result == DEPLOY_STREAM_NOT_INCLUDED ||
		     f->result == DEPLOY_FAILED;

	if (lasts && again)
		return LOG_LEVEL_DEBUG;
	return f->work == FLIGHT_TEST && !lasts ? LOG_LEVEL_DEBUG : levels[f->result];
}

void flight_log(const struct flight *f, enum log_level level, unsigned long live)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	CLEANUP(freep) char *message = NULL;

	if (!log_enabled(level))
		return;
	buf_printf(&line, "generation %lu: %s in %.1f ms", f->generation,
		   deploy_result_name(f->result), f->total_ms);
	put_steps(&line, f);
	if (f->message.size)
		buf_puts(&line, ": ");
	message = secret_mask_nginx(buf_str(&f->message));
	put_one_line(&line, message);
	if (f->result == DEPLOY_FAILED)
		buf_printf(&line, "; nginx keeps serving generation %lu", live);
	log_write(level, "%s", buf_str(&line));
}
