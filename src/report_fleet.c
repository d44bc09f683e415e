/*
 * What the fleet is told: the member znode, which the leader reads, the full report, and
 * the host as a service that others can discover.
 */
#include <stdio.h>
#include <string.h>

#include <zknginx/announce.h>

#include "report.h"

#define ADDRESS_SIZE 300 /* more than a member's address may have */

const char *report_address(const struct daemon *d)
{
	static char address[ADDRESS_SIZE];
	const char *said = d->settings->cluster.address;
	const char *host = *said ? said : d->host, *colon = strrchr(host, ':');
	bool has_port = colon && strchr(colon, ']') == NULL;

	snprintf(address, sizeof(address), "%s%s", host, has_port ? "" : ":80");
	return address;
}

/* Does nginx serve what the daemon gives it? Problems of the config do not count. */
static bool nginx_serves(const struct status *s)
{
	return s->nginx.state == NGINX_STATE_RUNNING && s->nginx.workers > 0 &&
	       s->nginx.includes != NGINX_INCLUDES_NOTHING;
}

static void write_member(struct daemon *d, const struct status *s, struct buf *out)
{
	struct report *r = &d->report;
	struct member m = {
		.host = d->host,
		.address = report_address(d),
		.state = status_state_name(s->state),
		.version = ZKNGINX_VERSION,
		.revision = s->revision_applied,
		.seen = d->permission.newest,
		.id = d->id,
		.mode = d->settings->rollout.mode,
		.nginx_up = nginx_serves(s),
		.part = permission_part(d),
		.problems = (long)report_settled(d),
	};
	char since[32];

	if (!r->state_since || r->state != s->state) {
		r->state = s->state;
		r->state_since = s->updated;
	}
	status_time(r->state_since, since);
	m.since = since;
	judge_fill(d, &m);
	member_print(&m, out);
}

/* As a Curator service, while nginx serves: whoever discovers it is to find it so. */
static void write_service(const struct daemon *d, const struct status *s, struct buf *out)
{
	if (*d->settings->cluster.service && nginx_serves(s))
		announce_print(d->settings->cluster.service, d->host, report_address(d), d->started,
			       out);
}

void report_publish(struct daemon *d, const struct status *s)
{
	CLEANUP(buf_fini) struct buf report = BUF_INIT;
	CLEANUP(buf_fini) struct buf member = BUF_INIT;
	CLEANUP(buf_fini) struct buf service = BUF_INIT;

	status_write_json(s, PROBLEMS_PUBLISHED, &report);
	write_member(d, s, &member);
	write_service(d, s, &service);
	fleet_publish(d->fleet, &(struct fleet_news){
					.member = member.data,
					.member_size = member.size,
					.report = report.data,
					.report_size = report.size,
					.service = service.size ? service.data : NULL,
					.service_size = service.size,
				});
}
