/*
 * What a plan permits a host. A host that the plan does not name runs what was accepted. One
 * that is named, but whose member znode is not its own at the moment, stays as it is: if
 * it is just starting, or cut off for a second, it would go back to the accepted revision
 * for a moment and lose its verdict; and if the name is another host's, the plan means that one.
 * Without a plan and without an accepted revision, a host stays as it is as well. While a push is
 * unfinished, no host runs the newest: what is named goes on, all others stay as they are. The same
 * holds on a host that asks for signatures while the newest has none that is good.
 */
#include <string.h>

#include "rollout.h"

static struct permit permit(enum permit_kind kind, const char *why)
{
	struct permit p = { .kind = kind, .why = why };

	p.revision.revision = p.accepted.revision = "";
	return p;
}

static struct permit permit_trial(const struct plan *plan, bool is_member)
{
	struct permit p =
		is_member ? permit(PERMIT_NAMED, "among the hosts that may run the new revision")
			  : permit(PERMIT_STAY, "not registered as a member");

	p.revision = plan->target;
	p.attempt = plan->attempt;
	return p;
}

static struct permit permit_accepted(const struct plan *plan, const struct permit_host *host)
{
	struct permit p = permit(PERMIT_NAMED, "the accepted revision");

	if (host->unfinished)
		p.why = "the accepted revision: a push to the config is unfinished";
	else if (host->untrusted)
		p.why = "the accepted revision: the newest has no valid signature";
	else if (plan_is_moving(plan))
		p.why = "not among the hosts that may run the new revision yet";
	p.revision = plan->accepted;
	return p;
}

/* Why no host of these settings runs the newest; NULL: it may be run. */
static const char *not_newest(const struct permit_host *host)
{
	if (host->unfinished)
		return "a push to the config is unfinished";
	return host->untrusted ? "the newest revision has no valid signature" : NULL;
}

static struct permit permit_newest(const struct plan *plan, const struct permit_host *host)
{
	const char *why = not_newest(host);
	struct permit p;

	if (!why)
		return permit(PERMIT_NEWEST, "takes no part in rollouts");
	p = permit(PERMIT_STAY, why);
	if (plan)
		p.accepted = plan->accepted;
	return p;
}

bool rollout_follows(const struct rollout_settings *s)
{
	return s->mode != ROLLOUT_ALL && s->join;
}

struct permit rollout_permit(const struct plan *plan, const struct permit_host *host)
{
	if (host->frozen)
		return permit(PERMIT_STAY, "frozen by rollout.freeze");
	if (!host->follows)
		return permit_newest(plan, host);
	if (!plan)
		return permit(PERMIT_STAY, not_newest(host) ?: "there is no plan yet");
	if (plan_is_moving(plan) && *plan->target.revision && plan_names(plan, host->host))
		return permit_trial(plan, host->is_member);
	if (*plan->accepted.revision)
		return permit_accepted(plan, host);
	return permit(PERMIT_STAY, "no revision has been accepted yet");
}
