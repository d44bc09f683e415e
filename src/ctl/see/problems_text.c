/* Problems and alerts for people, each with the hosts that report it. */
#include <string.h>

#include <zknginx/alerts.h>

#include "ctl/console/age.h"
#include "fleet_text.h"

#define NAMED_MOST 3 /* hosts, before the "…" */

const char *hosts_words(struct arena *a, const char *const *hosts, size_t count, size_t all)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, "on %zu of %zu host%s", count, all, PLURAL(all));
	for (size_t i = 0; count < all && i < count && i < NAMED_MOST; i++)
		buf_printf(&text, "%s%s", i ? ", " : ": ", hosts[i]);
	if (count < all && count > NAMED_MOST)
		buf_puts(&text, ", …");
	return arena_strdup(a, buf_str(&text));
}

static const char *served(struct arena *a, const struct fleet_problem *p)
{
	size_t absent = p->host_count - p->previous;

	if (!absent)
		return "its last good form is served";
	if (!p->previous)
		return "nothing of it is served";
	return arena_printf(a, "its last good form is served on %zu, nothing on %zu", p->previous,
			    absent);
}

/* before: the one that was printed last; NULL: there is none. */
static void print_problem(const struct snapshot *s, const struct screen *screen,
			  const struct fleet_problem *p, const struct fleet_problem *before,
			  uint64_t now)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char age[AGE_SIZE];

	problem_print(&p->problem, &text);
	if (!before || strcmp(before->problem.znode, p->problem.znode) != 0)
		screen_lines(screen, COLOR_STRONG, 2, "%s", p->problem.znode);
	screen_lines(screen, COLOR_WARNING, 4, "%s", buf_str(&text));
	screen_lines(screen, COLOR_NONE, 6, "%s, since %s; %s",
		     hosts_words(s->arena, p->hosts, p->host_count, fleet_reporters(&s->view)),
		     age_print(now, p->since, age), served(s->arena, p));
}

static void print_alert(const struct snapshot *s, const struct screen *screen,
			const struct fleet_alert *a, size_t all, uint64_t now)
{
	bool critical = strcmp(a->alert.severity, alert_severity_name(ALERT_CRITICAL)) == 0;
	char age[AGE_SIZE];

	screen_lines(screen, critical ? COLOR_BAD : COLOR_WARNING, 2, "%s %s%s%s, since %s",
		     a->alert.severity, a->alert.key, *a->alert.subject ? " " : "",
		     a->alert.subject, age_print(now, a->alert.since, age));
	screen_lines(screen, COLOR_NONE, 4, "%s", a->alert.message);
	screen_lines(screen, COLOR_FAINT, 4, "raised %s",
		     hosts_words(s->arena, a->hosts, a->host_count, all));
}

static void print_omitted(const struct snapshot *s, const struct screen *screen)
{
	for (size_t i = 0; i < s->view.host_count; i++) {
		const struct fleet_host *h = &s->view.hosts[i];
		size_t more = h->member ? fleet_problems_omitted(h) : 0;

		if (more)
			screen_lines(screen, COLOR_WARNING, 2,
				     "%s has %zu more; its report has no room for them", h->name,
				     more);
	}
}

void problems_print(const struct snapshot *s, const struct screen *screen, uint64_t now)
{
	const struct fleet_problem *all = s->health.problems;

	for (size_t i = 0; i < s->health.problem_count; i++)
		print_problem(s, screen, &all[i], i ? &all[i - 1] : NULL, now);
	print_omitted(s, screen);
}

void alerts_print(const struct snapshot *s, const struct screen *screen, uint64_t now)
{
	size_t all = fleet_reporters(&s->view);

	for (size_t i = 0; i < s->health.alert_count; i++)
		print_alert(s, screen, &s->health.alerts[i], all, now);
}
