/* The fleet or a host, as text, as JSON, as an exit code. */
#include <string.h>

#include "fleet_json.h"
#include "fleet_text.h"
#include "status_show.h"

static int host_code(const struct snapshot *s, const struct fleet_host *h)
{
	if (!s->connected)
		return CTL_UNKNOWN;
	return fleet_host_is_wrong(&s->health, h->name) || !h->report || h->report->problem_total ||
			       h->report->alert_count
		       ? CTL_BAD
		       : CTL_OK;
}

int status_code(const struct status_job *job, const struct snapshot *s)
{
	const struct fleet_host *h = job->host ? fleet_view_host(&s->view, job->host) : NULL;

	if (job->host)
		return h ? host_code(s, h) : CTL_BAD;
	return snapshot_code(s);
}

static void print_host(const struct snapshot *s, const struct fleet_host *h,
		       const struct screen *screen, uint64_t now)
{
	if (!h->member)
		screen_lines(screen, COLOR_BAD, 0,
			     "%s is not in the fleet. This is its last report; it may be over.",
			     h->name);
	for (size_t i = 0; i < s->health.wrong.count; i++) {
		if (h->member && strcmp(s->health.wrong.items[i].subject, h->name) == 0)
			screen_lines(screen, COLOR_BAD, 0, "%s", s->health.wrong.items[i].message);
	}
	if (h->error)
		screen_lines(screen, COLOR_BAD, 0, "%s", h->error);
	if (h->member)
		screen_lines(screen, COLOR_NONE, 0, "address      %s\nrole         %s",
			     *h->member->address ? h->member->address : "none",
			     *snapshot_role(s, h) ? snapshot_role(s, h) : "none");
	if (h->report)
		report_print(h->report, screen, now);
}

void status_print(const struct status_job *job, const struct snapshot *s,
		  const struct screen *screen, size_t hosts_most)
{
	const struct fleet_host *h = job->host ? fleet_view_host(&s->view, job->host) : NULL;

	if (job->host && !h)
		screen_lines(screen, COLOR_BAD, 0,
			     "There is no host \"%s\" in the fleet %s: it has no member and no "
			     "report.",
			     job->host, s->cluster);
	else if (h)
		print_host(s, h, screen, s->wall);
	else
		fleet_print(job->ctl, s, screen, s->wall, hosts_most);
}

json_t *status_json(const struct status_job *job, const struct snapshot *s)
{
	const struct fleet_host none = { .name = job->host };

	if (!job->host)
		return fleet_json(s);
	return host_json(s, fleet_view_host(&s->view, job->host) ?: &none);
}
