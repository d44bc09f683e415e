/*
 * The table of the numbers: rows of status_fields.h that are metrics only, in the order in which
 * they are written, after those of the status.
 */
#include "families.h"
#include "status_fields.h"

#define AT(member) NULL, STATUS_COUNT, offsetof(struct status, numbers.member)
#define ROWS(array)                                                                                \
	{                                                                                          \
		(array), ARRAY_SIZE(array)                                                         \
	}
#define METRIC(n, t, u, h) .metric = { .name = n, .type = t, .unit = u, .help = h }
#define GAUGE(n, h) METRIC(n, "gauge", NULL, h)
#define COUNTER(n, h) METRIC(n, "counter", NULL, h)
#define COMPUTED(n, u, f, h)                                                                       \
	.metric = { .name = n, .type = "gauge", .unit = u, .value = f, .help = h }
#define FAMILY(f)                                                                                  \
	{                                                                                          \
		.metric = {.write = f }                                                            \
	}

/* Of the whole configuration that nginx runs. */
#define OF_CONFIG(X)                                                                               \
	X(sites, sites)                                                                            \
	X(upstreams, upstreams)                                                                    \
	X(unlisted, upstreams > c->count ? c->upstreams - c->count : 0)                            \
	X(empty, empty)                                                                            \
	X(servers, total.servers)                                                                  \
	X(usable, total.usable)                                                                    \
	X(held, total.held)                                                                        \
	X(found, total.found)                                                                      \
	X(left_out, total.left_out)

#define X(name, expression)                                                                        \
	static double config_##name(const struct status *s)                                        \
	{                                                                                          \
		const struct config_numbers *c = s->numbers.config;                                \
                                                                                                   \
		return c ? (double)(c->expression) : 0;                                            \
	}
OF_CONFIG(X)
#undef X

static double zxid(const struct status *s)
{
	return (double)s->numbers.zookeeper.zxid;
}

static double cpu(const struct status *s)
{
	return s->numbers.process.cpu;
}

static double started(const struct status *s)
{
	return (double)s->numbers.process.started / USEC_PER_SEC;
}

static const struct status_field stub_rows[] = {
	FAMILY(family_connections),
	{ AT(stub.accepted),
	  COUNTER("probe_accepted_connections", "Connections that nginx has accepted.") },
	{ AT(stub.handled),
	  COUNTER("probe_handled_connections", "Connections that nginx has handled.") },
};

static const struct status_field leader_rows[] = {
	{ AT(leader.members),
	  GAUGE("fleet_members", "Hosts in the fleet; only the leader has it.") },
	{ AT(leader.hosts),
	  GAUGE("rollout_hosts",
		"Hosts that are to run the revision of the rollout; only the leader has it.") },
	{ AT(leader.hosts_done),
	  GAUGE("rollout_hosts_done",
		"Those of rollout_hosts that run it; only the leader has it.") },
	{ AT(leader.conditions),
	  GAUGE("fleet_conditions",
		"What is wrong with the fleet, alerts or not; only the leader has it.") },
};

static const struct status_field rows[] = {
	FAMILY(family_results),
	FAMILY(family_deployment_durations),
	FAMILY(family_step_durations),
	FAMILY(family_changes),
	FAMILY(family_tests),
	FAMILY(family_memory),
	{ NULL, STATUS_GROUP, offsetof(struct status, probe.on), .optional = true,
	  .inner = ROWS(stub_rows) },
	{ COMPUTED("sites", NULL, config_sites, "Sites that nginx runs.") },
	{ COMPUTED("upstreams", NULL, config_upstreams, "Upstreams that nginx runs.") },
	{ COMPUTED("upstreams_unlisted", NULL, config_unlisted,
		   "Upstreams that have no metrics of their own; the totals count them.") },
	{ COMPUTED("upstreams_without_servers", NULL, config_empty,
		   "Upstreams that have no server: their sites answer 502.") },
	{ COMPUTED("servers", NULL, config_servers, "Servers of all upstreams.") },
	{ COMPUTED("servers_usable", NULL, config_usable,
		   "Servers of all upstreams that take requests: not down, drained, failing or "
		   "backup.") },
	{ COMPUTED("servers_held", NULL, config_held,
		   "Servers of all upstreams that ZooKeeper has lost and a guard keeps.") },
	{ COMPUTED("servers_found", NULL, config_found,
		   "Servers of all upstreams that discovery has found.") },
	{ COMPUTED("registrations_left_out", NULL, config_left_out,
		   "Registrations that gave no server.") },
	FAMILY(family_upstreams),
	FAMILY(family_servers),
	FAMILY(family_pings),
	{ AT(zookeeper.expirations),
	  COUNTER("zookeeper_expirations", "Sessions that ended after they were connected.") },
	{ AT(zookeeper.data), METRIC("zookeeper_data_bytes", "gauge", "bytes",
				     "Data of the znodes that are mirrored.") },
	{ AT(zookeeper.received), METRIC("zookeeper_received_bytes", "counter", "bytes",
					 "Bytes from ZooKeeper, of all sessions of the daemon.") },
	{ AT(zookeeper.sent), METRIC("zookeeper_sent_bytes", "counter", "bytes",
				     "Bytes to ZooKeeper, of all sessions of the daemon.") },
	{ COMPUTED("zookeeper_zxid", NULL, zxid, "The newest transaction in the mirrored tree.") },
	{ NULL, STATUS_GROUP, offsetof(struct status, numbers.leader.leads), .optional = true,
	  .inner = ROWS(leader_rows) },
	{ AT(process.resident), METRIC("process_resident_memory_bytes", "gauge", "bytes",
				       "Resident memory of the daemon.") },
	{ .metric = { .name = "process_cpu_seconds",
		      .type = "counter",
		      .unit = "seconds",
		      .value = cpu,
		      .help = "CPU time of the daemon." } },
	{ COMPUTED("process_start_timestamp_seconds", "seconds", started,
		   "When the daemon started.") },
};

const struct status_fields number_fields = ROWS(rows);
