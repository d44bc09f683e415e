/*
 * What a plan permits a host. A host that the plan does not name runs what was accepted,
 * and so does one whose name another session holds: the leader means that other one. Where
 * there is nothing to go by, a host stays as it is.
 */
#include <zknginx/rollout.h>

static struct permit permit(enum permit_kind kind, const char *why)
{
	struct permit p = { .kind = kind, .why = why };

	p.revision.revision = "";
	return p;
}

static struct permit permit_named(const struct plan_revision *revision, unsigned long attempt,
				  const char *why)
{
	struct permit p = permit(PERMIT_NAMED, why);

	p.revision = *revision;
	p.attempt = attempt;
	return p;
}

static const char *why_accepted(const struct plan *plan, const struct permit_host *host)
{
	if (!plan_is_moving(plan))
		return "the accepted revision";
	if (!plan_names(plan, host->host))
		return "not among the hosts that may run the new revision yet";
	return host->is_member ? "the accepted revision" : "not registered as a member";
}

struct permit rollout_permit(const struct plan *plan, const struct permit_host *host)
{
	bool trial;

	if (host->frozen)
		return permit(PERMIT_STAY, "frozen by rollout.freeze");
	if (!host->follows)
		return permit(PERMIT_NEWEST, "takes no part in rollouts");
	if (!plan)
		return permit(PERMIT_STAY, "there is no plan yet");
	trial = plan_is_moving(plan) && *plan->target.revision && host->is_member &&
		plan_names(plan, host->host);
	if (trial)
		return permit_named(&plan->target, plan->attempt,
				    "among the hosts that may run the new revision");
	if (*plan->accepted.revision)
		return permit_named(&plan->accepted, 0, why_accepted(plan, host));
	return permit(PERMIT_STAY, "no revision has been accepted yet");
}
