/* The status value: names, times, and the one line for systemd. */
#include <stdio.h>
#include <time.h>

#include <zknginx/status.h>

#define SHORT_REVISION 12 /* digits of a revision in a text for people */

const char *status_state_name(enum status_state s)
{
	static const char *const names[] = {
#define X(name, text) [STATUS_##name] = text,
		STATUS_STATES(X)
#undef X
	};
	return names[s];
}

const char *step_name(enum step_id s)
{
	static const char *const names[] = {
#define X(name, text) [STEP_##name] = text,
		STEPS(X)
#undef X
	};
	return names[s];
}

const char *nginx_state_name(enum nginx_state s)
{
	static const char *const names[] = {
#define X(name, text) [NGINX_STATE_##name] = text,
		NGINX_STATES(X)
#undef X
	};
	return names[s];
}

void status_time(uint64_t wall, char out[static 32])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	unsigned ms = (unsigned)(wall % USEC_PER_SEC / USEC_PER_MSEC);
	size_t used;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	used = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + used, 32 - used, ".%03uZ", ms);
}

static bool is_set(const char *s)
{
	return s && *s;
}

void status_write_line(const struct status *s, struct buf *out)
{
	buf_puts(out, status_state_name(s->state));
	if (is_set(s->revision_applied))
		buf_printf(out, ": revision %.*s", SHORT_REVISION, s->revision_applied);
	else
		buf_puts(out, ": no revision yet");
	if (s->generation)
		buf_printf(out, ", generation %lu", s->generation);
	if (s->problem_total)
		buf_printf(out, ", %zu problem%s", s->problem_total, PLURAL(s->problem_total));
	if (s->alert_count)
		buf_printf(out, ", %zu alert%s", s->alert_count, PLURAL(s->alert_count));
}
