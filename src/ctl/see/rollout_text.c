/* The rollout for people: the plan, how far it is, and why it was stopped. */
#include <string.h>
#include <unistd.h>

#include "core/text/utc.h"
#include "ctl/console/age.h"
#include "fleet_text.h"

/* " by alice: the note", "" where that is not known. */
static const char *origin(const struct snapshot *s, const struct plan_revision *r)
{
	const struct history_entry *h = snapshot_entry(s, r->history);

	if (!h || (!*h->by && !*h->note))
		return "";
	return arena_printf(s->arena, "%s%s%s%s", *h->by ? " by " : "", h->by, *h->note ? ": " : "",
			    h->note);
}

static void print_revision(const struct snapshot *s, const struct screen *screen, const char *word,
			   const struct plan_revision *r)
{
	size_t all = fleet_view_counted(&s->view);

	if (*r->revision)
		screen_lines(screen, COLOR_NONE, 2, "%s %.*s on %zu of %zu host%s%s", word,
			     SHORT_REVISION, r->revision, fleet_view_running(&s->view, r->revision),
			     all, PLURAL(all), origin(s, r));
}

/* The verdicts of the hosts that the plan names: "2 good, 1 waiting". */
static const char *verdicts(const struct snapshot *s)
{
	const struct plan *p = &s->view.plan;
	size_t counts[VERDICT_N] = { 0 };

	for (size_t i = 0; i < s->view.member_count; i++) {
		const struct member *m = &s->view.members[i];
		bool is_about = strcmp(m->gate.revision, p->target.revision) == 0 &&
				m->gate.attempt == p->attempt;

		if (m->part == MEMBER_JOINED && plan_names(p, m->host))
			counts[is_about ? m->gate.verdict : VERDICT_WAITING]++;
	}
	return arena_printf(s->arena, "%zu good, %zu waiting, %zu bad", counts[VERDICT_GOOD],
			    counts[VERDICT_WAITING], counts[VERDICT_BAD]);
}

/* The settings of this host say how long a step lasts; those of the leader count. */
static const char *step_time(const struct ctl *ctl, const struct snapshot *s)
{
	const struct rollout_settings *r = &ctl->settings.rollout;
	uint64_t time = s->view.plan.phase == PLAN_CANARY ? r->bake_time : r->batch_time;
	char text[AGE_SIZE];

	if (access(ctl->settings_path, R_OK) < 0)
		return "";
	return arena_printf(s->arena, ", and lasts %s at least by the settings here",
			    age_print(time + 1, 1, text));
}

static void print_step(const struct ctl *ctl, const struct snapshot *s, const struct screen *screen,
		       uint64_t now)
{
	const struct plan *p = &s->view.plan;
	char age[AGE_SIZE];

	if (!fleet_view_followers(&s->view))
		return;
	if (p->phase != PLAN_CANARY && p->phase != PLAN_BATCH && p->phase != PLAN_HALTED)
		return;
	screen_lines(screen, COLOR_NONE, 2, "step %u has %zu of %zu hosts (%s); it began %s ago%s",
		     p->step, p->host_count, fleet_view_followers(&s->view), verdicts(s),
		     age_print(now, utc_parse(p->since), age),
		     p->phase == PLAN_HALTED ? "" : step_time(ctl, s));
	if (!p->host_count)
		screen_lines(screen, COLOR_WARNING, 2, "no host can be the canary");
}

static bool are_exempt(const struct fleet_view *v)
{
	for (size_t i = 0; i < v->member_count; i++) {
		if (v->members[i].part != MEMBER_EXEMPT)
			return false;
	}
	return true;
}

static void print_no_followers(const struct snapshot *s, const struct screen *screen)
{
	const struct fleet_view *v = &s->view;

	if (v->member_count && !fleet_view_followers(v))
		screen_lines(screen, COLOR_NONE, 2, "no host takes part in rollouts%s",
			     are_exempt(v) ? " (mode all): each one applies what is in ZooKeeper"
					   : "");
}

static void print_advice(const struct snapshot *s, const struct screen *screen)
{
	const struct plan *p = &s->view.plan;
	const char *back = "";

	if (*p->accepted.revision)
		back = arena_printf(s->arena,
				    ", or put the accepted one back: zknginxctl rollback %.*s",
				    SHORT_REVISION, p->accepted.revision);
	screen_lines(screen, COLOR_NONE, 2,
		     "Correct the config%s. To try the same revision again: zknginxctl resume.%s",
		     back,
		     p->phase == PLAN_HALTED ? " To take it back from the hosts: zknginxctl abort."
					     : "");
}

static void print_failure(const struct snapshot *s, const struct screen *screen)
{
	const struct plan *p = &s->view.plan;

	if (!fleet_rollout_is_stopped(&s->view))
		return;
	if (*p->failure.host)
		screen_lines(screen, COLOR_BAD, 2, "host %s", p->failure.host);
	if (*p->failure.znode)
		screen_lines(screen, COLOR_BAD, 2, "znode %s", p->failure.znode);
	screen_lines(screen, COLOR_BAD, 2, "%s",
		     *p->failure.message ? p->failure.message : "the plan does not say why");
	print_advice(s, screen);
}

static void print_requests(const struct snapshot *s, const struct screen *screen, uint64_t now)
{
	const struct fleet_view *v = &s->view;
	char age[AGE_SIZE];

	if (v->has_request)
		screen_lines(screen, COLOR_WARNING, 2, "request \"%s\"%s%s waits for the leader",
			     request_action_name(v->request.action), *v->request.by ? " by " : "",
			     v->request.by);
	if (*v->plan.request.action)
		screen_lines(screen, COLOR_FAINT, 2, "last request \"%s\"%s%s, %s ago: %s",
			     v->plan.request.action, *v->plan.request.by ? " by " : "",
			     v->plan.request.by, age_print(now, utc_parse(v->plan.request.at), age),
			     v->plan.request.result);
}

static enum color phase_color(const struct fleet_view *v)
{
	if (fleet_rollout_is_stopped(v))
		return COLOR_BAD;
	return v->plan.phase == PLAN_IDLE ? COLOR_GOOD : COLOR_STRONG;
}

static const char *phase_words(enum plan_phase phase)
{
	static const char *const words[PLAN_PHASE_N] = {
		[PLAN_IDLE] = "idle",
		[PLAN_PENDING] = "pending: it waits for the first promote",
		[PLAN_CANARY] = "canary: the target is on the canaries",
		[PLAN_BATCH] = "batch: the target is on its way through the fleet",
		[PLAN_HALTED] = "halted: each host keeps what it has",
		[PLAN_REVERTING] = "reverting: the target is taken back",
		[PLAN_REVERTED] = "reverted: the target was taken back",
		[PLAN_PUBLISHING] = "publishing: a rollback is being written",
	};

	return words[phase];
}

void rollout_print(const struct ctl *ctl, const struct snapshot *s, const struct screen *screen,
		   uint64_t now)
{
	const struct fleet_view *v = &s->view;

	if (!v->has_plan)
		return;
	fprintf(screen->out, "\nRollout: ");
	screen_print(screen, phase_color(v), "%s", phase_words(v->plan.phase));
	screen_print(screen, COLOR_WARNING, v->plan.paused ? ", PAUSED" : "");
	fputc('\n', screen->out);
	if (v->plan.phase == PLAN_PUBLISHING)
		print_revision(s, screen, "publishes", &v->plan.publish);
	print_revision(s, screen, "target", &v->plan.target);
	print_revision(s, screen, "accepted", &v->plan.accepted);
	print_no_followers(s, screen);
	print_step(ctl, s, screen, now);
	print_failure(s, screen);
	print_requests(s, screen, now);
}
