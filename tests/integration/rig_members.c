/* Registrations of hosts under test: see rig_members.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_members.h"

static void on_state(void *ctx)
{
	struct rig_member *m = ctx;

	m->states++;
	m->duplicates += rig_member_is_duplicate(m);
}

void rig_member_start_with(struct rig_member *m, int port, uint64_t timeout, const char *auth_file)
{
	char hosts[64];
	struct zookeeper_settings z = {
		.hosts = hosts,
		.cluster = "/nginx/cluster",
		.session_timeout = timeout,
		.max_frame = RIG_MAX_FRAME,
		.max_data = RIG_MAX_DATA,
		.auth_file = auth_file,
	};
	struct fleet_spec spec = {
		.zookeeper = &z,
		.host = "web1",
		.service = "/services/nginx",
		.on_state = on_state,
		.ctx = m,
	};
	struct err e;

	*m = (struct rig_member){ .rig = m->rig };
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", port);
	if (fleet_new(m->rig->base.loop, &spec, &m->fleet, &e) < 0)
		fail_msg("%s", e.text);
}

void rig_member_start(struct rig_member *m, uint64_t timeout)
{
	struct rig_members *r = m->rig;

	rig_member_start_with(
		m, m == &r->web1 ? rig_proxy_port(r->proxy) : rig_zookeeper_port(r->base.server),
		timeout, "");
}

void rig_member_publish(struct rig_member *m, const char *member, const char *report,
			const char *service)
{
	fleet_publish(m->fleet, &(struct fleet_news){
					.member = member,
					.member_size = strlen(member),
					.report = report,
					.report_size = strlen(report),
					.service = service,
					.service_size = service ? strlen(service) : 0,
				});
}

void rig_member_kill(struct rig_member *m)
{
	struct rig_members *r = m->rig;

	assert_ptr_equal(m, &r->web1);
	rig_proxy_cut(r->proxy);
	eventually(r->base.loop, !rig_member_is_connected(m));
	fleet_free(TAKE(m->fleet));
	rig_proxy_restore(r->proxy);
}

bool rig_member_is_connected(const struct rig_member *m)
{
	return session_state(fleet_session(m->fleet)) == SESSION_CONNECTED;
}

bool rig_member_is_in(const struct rig_member *m)
{
	return fleet_membership(m->fleet, NULL) == FLEET_MEMBER;
}

bool rig_member_is_duplicate(const struct rig_member *m)
{
	return fleet_membership(m->fleet, NULL) == FLEET_DUPLICATE;
}

int64_t rig_member_session(const struct rig_member *m)
{
	return session_id(fleet_session(m->fleet));
}

bool rig_member_owns(const struct rig_member *m, const char *path)
{
	return rig_zk_owner(m->rig->base.client, path) == rig_member_session(m);
}

/* --- for cmocka ------------------------------------------------------------------------------ */

int rig_members_setup(void **state)
{
	struct rig_members *r = xcalloc(1, sizeof(*r));

	rig_loop_init(&r->base);
	r->web1.rig = r->twin.rig = r;
	*state = r;
	return 0;
}

int rig_members_teardown(void **state)
{
	struct rig_members *r = *state;

	rig_loop_fini(&r->base);
	free(r);
	return 0;
}

int rig_members_begin(void **state)
{
	struct rig_members *r = *state;

	rig_zk_delete_all(r->base.client, "/nginx");
	rig_zk_delete_all(r->base.client, "/services");
	r->proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	return 0;
}

int rig_members_end(void **state)
{
	struct rig_members *r = *state;

	fleet_free(TAKE(r->web1.fleet));
	fleet_free(TAKE(r->twin.fleet));
	rig_proxy_stop(TAKE(r->proxy));
	return 0;
}
