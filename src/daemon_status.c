/*
 * What the report, the alarm and the leader get: each owner fills in its part. Nothing is copied,
 * so the values are good until the next event.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "daemon.h"
#include "nginx/proc.h"
#include "sys/timing.h"

void daemon_facts(void *daemon, struct status_facts *out)
{
	const struct daemon *d = daemon;

	agent_status_facts(d->agent, out);
}

void daemon_fill_member(void *daemon, struct member *m)
{
	const struct daemon *d = daemon;

	agent_fill_member(d->agent, m);
}

static void fill_fleet(const struct daemon *d, struct status *s)
{
	static const char *const names[] = {
		[FLEET_PENDING] = "pending",
		[FLEET_MEMBER] = "member",
		[FLEET_DUPLICATE] = "duplicate",
	};

	s->fleet.member = names[FLEET_PENDING];
	s->fleet.role = election_state_name(ELECTION_OUT);
	if (!d->fleet)
		return;
	s->fleet.member = names[fleet_membership(d->fleet, &s->fleet.why)];
	s->fleet.role = election_state_name(election_role(fleet_election(d->fleet)));
	s->fleet.leader = election_leader(fleet_election(d->fleet));
}

static void fill_alerts(const struct daemon *d, struct status *s, struct arena *scratch)
{
	const struct alert *raised;
	size_t count = alarm_raised(d->alarm, &raised);
	struct status_alert *list = arena_array(scratch, struct status_alert, count);

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct status_alert){
			.key = raised[i].key,
			.subject = raised[i].subject,
			.severity = alert_severity_name(raised[i].severity),
			.message = raised[i].message,
			.since = timing_to_wall(raised[i].since),
			.flaps = raised[i].flaps,
		};
	}
	s->alerts = list;
	s->alert_count = count;
}

void daemon_fill_status(void *daemon, struct status *s, struct arena *scratch)
{
	const struct daemon *d = daemon;

	agent_fill_status(d->agent, s, scratch);
	fill_fleet(d, s);
	fill_alerts(d, s, scratch);
}

static void fill_process(const struct daemon *d, struct numbers *n)
{
	struct rusage used = { 0 };

	getrusage(RUSAGE_SELF, &used);
	n->process.cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / USEC_PER_SEC;
	n->process.resident = proc_resident(getpid());
	n->process.started = d->started;
}

void daemon_fill_numbers(void *daemon, struct numbers *n)
{
	const struct daemon *d = daemon;

	agent_fill_numbers(d->agent, n);
	fill_process(d, n);
	n->leader.leads = d->leader && leader_is_active(d->leader);
	if (!n->leader.leads)
		return;
	n->leader.members = leader_numbers(d->leader)->members;
	n->leader.hosts = leader_numbers(d->leader)->hosts;
	n->leader.hosts_done = leader_numbers(d->leader)->hosts_done;
	n->leader.conditions = leader_conditions(d->leader)->count;
}

static void check_helper(const struct daemon *d, struct conditions *c)
{
	const char *why = d->helper ? helper_link_error(d->helper) : NULL;
	struct agent_facts f;

	if (!why)
		return;
	agent_facts(d->agent, &f);
	conditions_add(c, "helper-missing", "", ALERT_CRITICAL, 0,
		       "no change goes live on this host: there is no helper process, which runs "
		       "nginx -t: %s; nginx keeps serving generation %lu",
		       why, f.generation);
}

void daemon_update_alerts(struct daemon *d)
{
	struct conditions now = { 0 };
	uint64_t due;

	if (d->once)
		return;
	agent_conditions(d->agent, &now);
	check_helper(d, &now);
	if (d->leader)
		conditions_append(&now, leader_conditions(d->leader));
	due = report_conditions(d->report, &now);
	alarm_update(d->alarm, &now, due);
	conditions_clear(&now);
}

void daemon_update_leader(struct daemon *d)
{
	struct agent_facts f;

	if (!d->leader)
		return;
	agent_facts(d->agent, &f);
	leader_update(d->leader,
		      &(struct leader_facts){
			      .tree = f.newest,
			      .newest = f.newest_revision,
			      .known = f.whole && !f.wiped && !f.unfinished && !f.untrusted,
			      .unfinished = f.unfinished,
			      .current = f.current,
			      .stale_plan = f.stale_plan,
			      .accepted = f.accepted,
			      .plan = f.plan,
			      .stored = f.stored,
			      .stored_revision = f.stored_revision,
			      .applied = f.applied,
		      });
}
