/* What the fleet is told: the member znode, the report znode, the Curator service. */
#include <string.h>

#include "core/fleet/announce.h"
#include "publish.h"

static void print_without_counters(const struct status *s, struct buf *out)
{
	struct status bare = status_without_counters(s);

	status_write_json(&bare, STATUS_PROBLEMS_MOST, out);
}

bool publish_is_news(struct publish *p, const struct status *s)
{
	struct buf bare = BUF_INIT;
	bool is_news;

	print_without_counters(s, &bare);
	is_news = bare.size != p->last.size || memcmp(bare.data, p->last.data, bare.size) != 0;
	buf_fini(&p->last);
	p->last = bare;
	return is_news;
}

/* Does nginx serve what the daemon gives it? Problems of the config do not count. Until the first
 * test it is not known whether the files are included: they are if nginx was seen to apply one. */
static bool nginx_serves(const struct status *s)
{
	bool included = s->nginx.included == STATUS_YES ||
			(s->nginx.included == STATUS_UNKNOWN && *s->revision_applied);

	return s->nginx.state == NGINX_STATE_RUNNING && s->nginx.workers > 0 && included;
}

static void write_member(struct publish *p, const struct publish_news *news, struct buf *out)
{
	const struct status *s = news->status;
	struct member m = news->member;
	char since[32];

	if (!p->since || p->state != s->state) {
		p->state = s->state;
		p->since = s->updated;
	}
	status_time(p->since, since);
	m.since = since;
	m.host = s->host;
	m.version = s->version;
	m.state = status_state_name(s->state);
	m.mode = s->rollout.mode;
	m.nginx_up = nginx_serves(s);
	member_print(&m, out);
}

/* The service is registered only while nginx serves requests. */
static void write_service(const struct publish_news *news, struct buf *out)
{
	if (*news->service && nginx_serves(news->status))
		announce_print(news->service, news->status->host, news->member.address,
			       news->started, out);
}

void publish_news(struct publish *p, struct fleet *fleet, const struct publish_news *news)
{
	CLEANUP(buf_fini) struct buf member = BUF_INIT;
	CLEANUP(buf_fini) struct buf service = BUF_INIT;

	write_member(p, news, &member);
	write_service(news, &service);
	fleet_publish(fleet, &(struct fleet_news){
				     .member = member.data,
				     .member_size = member.size,
				     .report = news->report->data,
				     .report_size = news->report->size,
				     .service = service.size ? service.data : NULL,
				     .service_size = service.size,
			     });
}

void publish_fini(struct publish *p)
{
	buf_fini(&p->last);
}
