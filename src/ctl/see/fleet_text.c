/* The status of a fleet as text. */
#include <string.h>

#include "core/text/utc.h"
#include "ctl/console/age.h"
#include "ctl/console/table.h"
#include "fleet_text.h"

enum color state_color(const char *state)
{
	static const struct {
		const char *state;
		enum color color;
	} table[] = {
		{ "applied", COLOR_GOOD },     { "deploying", COLOR_STRONG },
		{ "degraded", COLOR_WARNING }, { "held", COLOR_WARNING },
		{ "waiting", COLOR_WARNING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].state, state) == 0)
			return table[i].color;
	}
	return COLOR_BAD;
}

/* --- hosts ---------------------------------------------------------------------------------- */

static const char *nginx_words(struct arena *a, const struct fleet_host *h)
{
	const struct status *r = h->report;
	const char *old = "";

	if (!h->member || !h->member->nginx_up)
		return h->member ? "down" : "-";
	if (!r)
		return "up";
	if (r->nginx.old_workers)
		old = arena_printf(a, " + %lu old", r->nginx.old_workers);
	return arena_printf(a, "up, %lu worker%s%s", r->nginx.workers, PLURAL(r->nginx.workers),
			    old);
}

static long problems_of(const struct fleet_host *h)
{
	return h->report ? (long)h->report->problem_total : h->member ? h->member->problems : 0;
}

static void add_missing(const struct snapshot *s, struct table *t, const struct fleet_host *h,
			uint64_t now)
{
	const struct status *r = h->report;
	char age[AGE_SIZE];

	table_add(t, COLOR_BAD, "missing");
	table_add(t, COLOR_FAINT, "%.*s", SHORT_REVISION,
		  r && *r->revision_applied ? r->revision_applied : "-");
	table_add(t, COLOR_FAINT, r ? "%lu" : "-", r ? r->generation : 0);
	table_add(t, COLOR_FAINT, "%s", age_print(now, r ? r->updated : 0, age));
	table_add(t, COLOR_FAINT, "-");
	table_add(t, COLOR_FAINT, "-");
	table_add(t, COLOR_NONE, "%s", snapshot_role(s, h));
}

static void add_member(const struct snapshot *s, struct table *t, const struct fleet_host *h,
		       uint64_t now)
{
	const struct member *m = h->member;
	bool current = fleet_view_is_current(&s->view, m);
	char age[AGE_SIZE];

	table_add(t, state_color(m->state), "%s", *m->state ? m->state : "-");
	table_add(t, current ? COLOR_NONE : COLOR_WARNING, "%.*s", SHORT_REVISION,
		  *m->revision ? m->revision : "-");
	table_add(t, COLOR_NONE, h->report ? "%lu" : "-", h->report ? h->report->generation : 0);
	table_add(t, COLOR_NONE, "%s", age_print(now, utc_parse(m->since), age));
	table_add(t, m->nginx_up ? COLOR_NONE : COLOR_BAD, "%s", nginx_words(s->arena, h));
	table_add(t, problems_of(h) ? COLOR_WARNING : COLOR_NONE, "%ld", problems_of(h));
	table_add(t, COLOR_NONE, "%s", snapshot_role(s, h));
}

static void print_hosts(const struct snapshot *s, const struct screen *screen, uint64_t now,
			size_t most)
{
	static const char *const titles[] = { "HOST", "STATE", "REVISION",  ">GENERATION",
					      ">AGE", "NGINX", ">PROBLEMS", "ROLE" };
	static const unsigned char spare[] = { 0, 0, 2, 5, 4, 3, 0, 1 };
	CLEANUP(table_fini) struct table t;
	size_t left_out = 0;

	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < s->view.host_count; i++) {
		const struct fleet_host *h = &s->view.hosts[i];

		if (!fleet_host_is_wrong(&s->health, h->name) && most-- == 0) {
			most = 0;
			left_out++;
			continue;
		}
		table_add(&t, COLOR_NONE, "%s", h->name);
		if (h->member)
			add_member(s, &t, h, now);
		else
			add_missing(s, &t, h, now);
	}
	table_print(&t, screen);
	if (left_out)
		screen_lines(screen, COLOR_FAINT, 0, "… and %zu more with nothing wrong", left_out);
}

/* --- drains --------------------------------------------------------------------------------- */

static void print_drains(const struct snapshot *s, const struct screen *screen)
{
	struct drains d = overrides_drains(s->overrides);

	if (d.count)
		fputs("\nDrained servers\n", screen->out);
	for (size_t i = 0; i < d.count; i++) {
		CLEANUP(buf_fini) struct buf until = BUF_INIT;

		if (d.items[i].until)
			utc_print(d.items[i].until, &until);
		screen_lines(screen, COLOR_WARNING, 2, "%s %s %s%s", d.items[i].upstream,
			     d.items[i].server, until.size ? "until " : "until undrain",
			     buf_str(&until));
	}
}

/* --- the verdict ---------------------------------------------------------------------------- */

static void print_reasons(const struct screen *screen, const struct fleet_reasons *reasons,
			  enum color color)
{
	for (size_t i = 0; i < reasons->count; i++)
		screen_lines(screen, color, 2, "%s", reasons->items[i].message);
}

static void print_verdict(const struct snapshot *s, const struct screen *screen)
{
	const struct fleet_health *h = &s->health;

	fputc('\n', screen->out);
	if (!s->connected)
		screen_lines(screen, COLOR_BAD, 0, "Not known now. When it was last read:");
	if (!fleet_is_healthy(h))
		screen_lines(screen, COLOR_BAD, 0, "Not healthy:");
	else if (s->connected)
		screen_lines(screen, COLOR_GOOD, 0,
			     fleet_is_quiet(h) ? "Healthy." : "Healthy. On its way:");
	print_reasons(screen, &h->wrong, COLOR_NONE);
	if (!fleet_is_healthy(h) && !fleet_is_quiet(h))
		screen_lines(screen, COLOR_NONE, 0, "On its way:");
	print_reasons(screen, &h->moving, COLOR_NONE);
}

/* The verdict is in the first line as well: the last ones may not fit the screen. */
static void print_head(const struct snapshot *s, const struct screen *screen)
{
	const struct fleet_view *v = &s->view;
	bool healthy = fleet_is_healthy(&s->health);
	size_t missing = 0;

	for (size_t i = 0; i < v->host_count; i++)
		missing += !v->hosts[i].member;
	screen_lines(screen, s->connected && healthy ? COLOR_GOOD : COLOR_BAD, 0,
		     "Fleet %s: %s, %zu host%s%s, config %.*s%s%s", s->cluster,
		     !s->connected ? "NOT KNOWN"
		     : healthy     ? "healthy"
				   : "NOT HEALTHY",
		     v->host_count, PLURAL(v->host_count),
		     missing ? arena_printf(s->arena, ", %zu missing", missing) : "",
		     SHORT_REVISION, *v->newest ? v->newest : "empty",
		     *v->leader ? ", leader " : "", v->leader);
	fputc('\n', screen->out);
}

void fleet_print(const struct ctl *ctl, const struct snapshot *s, const struct screen *screen,
		 uint64_t now, size_t hosts_most)
{
	print_head(s, screen);
	print_hosts(s, screen, now, hosts_most);
	rollout_print(ctl, s, screen, now);
	print_drains(s, screen);
	if (s->health.problem_count) {
		fputs("\nProblems\n", screen->out);
		problems_print(s, screen, now);
	}
	if (s->health.alert_count) {
		fputs("\nAlerts\n", screen->out);
		alerts_print(s, screen, now);
	}
	print_verdict(s, screen);
}
