/* One view after the other: what is different is an event. */
#include <string.h>

#include "landing.h"

const char *landing_state_name(enum landing_state s)
{
	static const char *const names[] = {
#define X(name, text) [LANDING_##name] = text,
		LANDING_STATES(X)
#undef X
	};

	return names[s];
}

const char *landing_outcome_name(enum landing_outcome o)
{
	static const char *const names[] = {
#define X(name, text) [LANDING_##name] = text,
		LANDING_OUTCOMES(X)
#undef X
	};

	return names[o];
}

/* --- problems -------------------------------------------------------------------------------- */

static size_t count_problems(const struct fleet_view *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += v->hosts[i].report ? v->hosts[i].report->problem_count : 0;
	return count;
}

void landing_begin(struct landing *l, struct arena *a, const struct fleet_view *v)
{
	*l = (struct landing){ .arena = a, .revision = "", .phase = "", .message = "" };
	l->known = arena_alloc(a, sizeof(*l->known) * (count_problems(v) + 1));
	for (size_t i = 0; i < v->host_count; i++) {
		const struct fleet_host *h = &v->hosts[i];

		for (size_t j = 0; h->report && j < h->report->problem_count; j++) {
			l->known[l->known_count].host = arena_strdup(a, h->name);
			l->known[l->known_count++].problem =
				problem_copy(a, &h->report->problems[j].problem);
		}
	}
}

static bool is_known(const struct landing *l, const char *host, const struct problem *p)
{
	for (size_t i = 0; i < l->known_count; i++) {
		if (strcmp(l->known[i].host, host) == 0 &&
		    problem_compare(&l->known[i].problem, p) == 0)
			return true;
	}
	return false;
}

/* "ZNODE: FIELD: MESSAGE (and 2 more)" of the problems that came with the revision; "" for none. */
static const char *new_problems(const struct landing *l, const struct fleet_host *h)
{
	const struct status *report = h->report;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; report && i < report->problem_count; i++) {
		const struct problem *p = &report->problems[i].problem;

		if (is_known(l, h->name, p) || count++)
			continue;
		buf_printf(&text, "%s: ", p->znode);
		problem_print(p, &text);
	}
	if (count > 1)
		buf_printf(&text, " (and %zu more problem%s)", count - 1, PLURAL(count - 1));
	return arena_strdup(l->arena, buf_str(&text));
}

/* --- hosts ------------------------------------------------------------------------------------ */

static bool runs(const struct landing *l, const char *revision)
{
	return strcmp(revision, l->revision) == 0;
}

/* Does its report speak of this revision, and of nothing that is still under way? */
static bool has_reported(const struct landing *l, const struct fleet_host *h)
{
	return !h->report ||
	       (runs(l, h->report->revision_applied) && h->report->state != STATUS_DEPLOYING);
}

static const char *gate_text(const struct landing *l, const struct member *m)
{
	return arena_printf(l->arena, "%s%s%s", m->gate.znode, *m->gate.znode ? ": " : "",
			    *m->gate.message ? m->gate.message : "it was found bad");
}

static bool is_rejected(const struct landing *l, const struct fleet_host *h)
{
	return h->report && h->report->state == STATUS_REJECTED &&
	       runs(l, h->report->revision_seen);
}

static struct landing_host refused(const char *message)
{
	return (struct landing_host){ .state = LANDING_REFUSED,
				      .message = message,
				      .settled = true };
}

static struct landing_host look_at_applied(const struct landing *l, const struct fleet_host *h)
{
	struct landing_host out = { .state = LANDING_APPLIED, .message = "" };

	out.settled = has_reported(l, h);
	if (out.settled)
		out.message = new_problems(l, h);
	if (*out.message)
		out.state = LANDING_DEGRADED;
	return out;
}

static struct landing_host look_at_host(const struct landing *l, const struct fleet_view *v,
					const struct fleet_host *h)
{
	const struct member *m = h->member;
	bool is_of_attempt = !v->has_plan || m->gate.attempt == v->plan.attempt;

	if (m->part == MEMBER_FROZEN)
		return (struct landing_host){ .state = LANDING_FROZEN, .message = "" };
	if (runs(l, m->gate.revision) && m->gate.verdict == VERDICT_BAD && is_of_attempt)
		return refused(gate_text(l, m));
	if (runs(l, m->revision))
		return look_at_applied(l, h);
	if (is_rejected(l, h)) {
		const char *why = new_problems(l, h);

		return refused(*why ? why : "nginx refused it");
	}
	return (struct landing_host){ .state = LANDING_WAITING, .message = "" };
}

static void add_event(struct landing *l, struct landing_event e)
{
	l->events =
		arena_grow(l->arena, l->events, l->event_count, &l->event_room, sizeof(*l->events));
	l->events[l->event_count++] = e;
}

static void tell(struct landing *l, const struct landing_host *before,
		 const struct landing_host *now, const struct member *m)
{
	struct landing_event e = { .kind = LANDING_NEWS, .host = now->name };

	switch (now->state) {
	case LANDING_WAITING:
		if (before->state == LANDING_WAITING)
			return;
		e.text = arena_printf(l->arena, "runs revision %.12s again", m->revision);
		break;
	case LANDING_APPLIED:
		e.kind = LANDING_GOOD;
		e.text = "applied";
		break;
	case LANDING_DEGRADED:
		e.kind = LANDING_WRONG;
		e.text = arena_printf(l->arena, "applied, with a problem: %s", now->message);
		break;
	case LANDING_REFUSED:
		e.kind = LANDING_WRONG;
		e.text = arena_printf(l->arena, "refuses it: %s", now->message);
		break;
	default:
		e.text = "is frozen by its settings, and keeps what it runs";
	}
	add_event(l, e);
}

static struct landing_host before_now(const struct landing *l, const char *name)
{
	for (size_t i = 0; i < l->host_count; i++) {
		if (strcmp(l->hosts[i].name, name) == 0)
			return l->hosts[i];
	}
	return (struct landing_host){ .state = LANDING_WAITING, .message = "" };
}

/* Hosts of the last look that are not in this one. Both lists are sorted. */
static void tell_of_missing(struct landing *l, const struct landing_host *now, size_t count)
{
	for (size_t i = 0, j = 0; i < l->host_count; i++) {
		while (j < count && strcmp(now[j].name, l->hosts[i].name) < 0)
			j++;
		if (j == count || strcmp(now[j].name, l->hosts[i].name) != 0)
			add_event(l, (struct landing_event){ .kind = LANDING_WRONG,
							     .host = l->hosts[i].name,
							     .text = "has left the fleet" });
	}
}

static void look_at_hosts(struct landing *l, const struct fleet_view *v)
{
	struct landing_host *hosts = arena_array(l->arena, struct landing_host, v->host_count + 1);
	size_t count = 0;

	l->applied = 0;
	for (size_t i = 0; i < v->host_count; i++) {
		const struct fleet_host *h = &v->hosts[i];
		struct landing_host before = before_now(l, h->name), *now = &hosts[count];

		if (!h->member)
			continue;
		*now = look_at_host(l, v, h);
		now->name = arena_strdup(l->arena, h->name);
		if (now->state != before.state || strcmp(now->message, before.message) != 0)
			tell(l, &before, now, h->member);
		l->applied += now->state == LANDING_APPLIED || now->state == LANDING_DEGRADED;
		count++;
	}
	tell_of_missing(l, hosts, count);
	l->hosts = hosts;
	l->host_count = count;
}

/* --- the rollout ------------------------------------------------------------------------------ */

static const char *hosts_text(const struct landing *l, const char **hosts, size_t count)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", hosts[i]);
	return arena_strdup(l->arena, buf_str(&text));
}

/* "web2: /nginx/config/sites/shop: nginx -t: …" */
static const char *failure_text(const struct landing *l, const struct plan *p)
{
	return arena_printf(l->arena, "%s%s%s%s%s", p->failure.host, *p->failure.host ? ": " : "",
			    p->failure.znode, *p->failure.znode ? ": " : "",
			    *p->failure.message ? p->failure.message : "the plan does not say why");
}

static const char *phase_text(const struct landing *l, const struct plan *p)
{
	const char *paused = p->paused ? "; paused" : "";

	if (p->phase == PLAN_IDLE && runs(l, p->accepted.revision))
		return "accepted";
	if (!runs(l, p->target.revision))
		return "";
	switch (p->phase) {
	case PLAN_PENDING:
		return "waits for \"zknginxctl promote\"";
	case PLAN_CANARY:
		return arena_printf(l->arena, "on the canaries (%s)%s",
				    hosts_text(l, p->canaries, p->canary_count), paused);
	case PLAN_BATCH:
		return arena_printf(l->arena, "step %u (%s)%s", p->step,
				    hosts_text(l, p->hosts, p->host_count), paused);
	default:
		return plan_phase_name(p->phase);
	}
}

static void look_at_plan(struct landing *l, const struct fleet_view *v)
{
	const char *phase = v->has_plan && fleet_view_followers(v) ? phase_text(l, &v->plan) : "";
	bool wrong = *phase && plan_is_stopped(&v->plan);
	struct landing_event e = { .kind = wrong ? LANDING_WRONG : LANDING_NEWS,
				   .host = "",
				   .text = phase };

	if (*phase && strcmp(phase, l->phase) != 0)
		add_event(l, e);
	l->phase = phase;
}

/* --- the end ---------------------------------------------------------------------------------- */

static size_t count(const struct landing *l, enum landing_state s)
{
	size_t n = 0;

	for (size_t i = 0; i < l->host_count; i++)
		n += l->hosts[i].state == s;
	return n;
}

static bool all_are_settled(const struct landing *l)
{
	for (size_t i = 0; i < l->host_count; i++) {
		if (!l->hosts[i].settled && l->hosts[i].state != LANDING_FROZEN)
			return false;
	}
	return true;
}

static void end(struct landing *l, enum landing_outcome o, const char *message)
{
	l->outcome = o;
	l->message = message;
}

static const char *rollback_text(const struct landing *l, const struct plan *p)
{
	if (!*p->accepted.revision)
		return "";
	return arena_printf(l->arena, ", \"zknginxctl rollback %.12s\" puts the old config back",
			    p->accepted.revision);
}

static void end_rollout(struct landing *l, const struct plan *p)
{
	if (p->phase == PLAN_HALTED)
		end(l, LANDING_HALTED,
		    arena_printf(l->arena,
				 "the rollout is halted: %s. Every host keeps the revision that it "
				 "runs. Correct the config and push again; \"zknginxctl resume\" "
				 "tries it again, \"zknginxctl abort\" withdraws it%s",
				 failure_text(l, p), rollback_text(l, p)));
	else
		end(l, LANDING_REVERTED,
		    arena_printf(l->arena,
				 "the rollout was stopped and is withdrawn: %s. Every host returns "
				 "to the accepted revision. ZooKeeper still has the new one: "
				 "correct the config and push again%s",
				 failure_text(l, p), rollback_text(l, p)));
}

static void end_on_all(struct landing *l)
{
	size_t refused = count(l, LANDING_REFUSED), degraded = count(l, LANDING_DEGRADED);
	size_t frozen = count(l, LANDING_FROZEN), hosts = l->host_count - frozen;

	if (refused)
		end(l, LANDING_PROBLEMS,
		    arena_printf(l->arena, "revision %.12s is refused by %zu of %zu host%s",
				 l->revision, refused, hosts, PLURAL(hosts)));
	else if (degraded)
		end(l, LANDING_PROBLEMS,
		    arena_printf(l->arena,
				 "revision %.12s has landed, with problems on %zu of %zu host%s",
				 l->revision, degraded, hosts, PLURAL(hosts)));
	else
		end(l, LANDING_DONE,
		    arena_printf(l->arena, "revision %.12s has landed on %zu host%s", l->revision,
				 hosts, PLURAL(hosts)));
}

static void look_at_end(struct landing *l, const struct fleet_view *v)
{
	const struct plan *p = v->has_plan && fleet_view_followers(v) ? &v->plan : NULL;

	if (count(l, LANDING_FROZEN) == l->host_count)
		end(l, LANDING_NOWHERE,
		    l->host_count ? "every host is frozen by its settings: the revision lands "
				    "nowhere"
				  : "no host is in the fleet: the revision takes effect when a "
				    "zknginxd starts");
	else if (p && plan_is_stopped(p) && runs(l, p->target.revision))
		end_rollout(l, p);
	else if (!runs(l, v->newest))
		end(l, LANDING_REPLACED,
		    arena_printf(l->arena, "another change, revision %.12s, has replaced it",
				 *v->newest ? v->newest : "none"));
	else if (all_are_settled(l) &&
		 (!p || (p->phase == PLAN_IDLE && runs(l, p->accepted.revision))))
		end_on_all(l);
}

void landing_look(struct landing *l, const struct fleet_view *v)
{
	l->event_count = 0;
	look_at_hosts(l, v);
	look_at_plan(l, v);
	look_at_end(l, v);
}
