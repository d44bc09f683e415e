/*
 * Families of the numbers that have labels. Every value of a label comes from a table of the
 * program, but for names of upstreams, which are NUMBERS_UPSTREAMS_MOST at most.
 */
#include <stddef.h>

#include "families.h"
#include "openmetrics.h"

const char *deployment_kind_name(enum deployment_kind k)
{
	static const char *const names[] = {
#define X(name, text) [DEPLOYMENT_##name] = text,
		DEPLOYMENT_KINDS(X)
#undef X
	};
	return names[k];
}

/* --- deployments ----------------------------------------------------------------------------- */

void family_results(const struct status *s, struct buf *out)
{
	const struct numbers *n = &s->numbers;

	if (!n->deployments)
		return;
	openmetrics_head(out, "deployment_results", "counter", NULL,
			 "Deployments, by the way to nginx and by result.");
	for (unsigned kind = 0; kind < DEPLOYMENT_KIND_N; kind++) {
		for (unsigned i = 0; i < n->result_count; i++) {
			const struct openmetrics_label labels[] = {
				{ "kind", deployment_kind_name((enum deployment_kind)kind) },
				{ "result", n->result_name(i) },
			};

			openmetrics_sample(out, "deployment_results", "_total", labels,
					   ARRAY_SIZE(labels),
					   (double)n->deployments[kind].results[i]);
		}
	}
}

void family_step_durations(const struct status *s, struct buf *out)
{
	static const char name[] = "deployment_step_duration_seconds";

	if (!s->numbers.deployments)
		return;
	openmetrics_head(out, name, "histogram", "seconds",
			 "Durations of the steps of deployments that nginx has taken.");
	for (unsigned kind = 0; kind < DEPLOYMENT_KIND_N; kind++) {
		for (unsigned i = 0; i < STEP_N; i++) {
			const struct openmetrics_label labels[] = {
				{ "kind", deployment_kind_name((enum deployment_kind)kind) },
				{ "step", step_name((enum step_id)i) },
			};

			openmetrics_histogram(out, name, labels, ARRAY_SIZE(labels),
					      &s->numbers.deployments[kind].steps[i]);
		}
	}
}

void family_deployment_durations(const struct status *s, struct buf *out)
{
	static const char name[] = "deployment_duration_seconds";

	if (!s->numbers.deployments)
		return;
	openmetrics_head(out, name, "histogram", "seconds",
			 "Durations of deployments that nginx has taken, all steps together.");
	for (unsigned kind = 0; kind < DEPLOYMENT_KIND_N; kind++) {
		const struct openmetrics_label label = {
			"kind", deployment_kind_name((enum deployment_kind)kind)
		};

		openmetrics_histogram(out, name, &label, 1, &s->numbers.deployments[kind].total);
	}
}

static void put_histogram(struct buf *out, const char *name, const char *help,
			  const struct histogram *h)
{
	if (!h)
		return;
	openmetrics_head(out, name, "histogram", "seconds", help);
	openmetrics_histogram(out, name, NULL, 0, h);
}

void family_changes(const struct status *s, struct buf *out)
{
	put_histogram(out, "change_duration_seconds",
		      "Time from the commit of a change in ZooKeeper until nginx serves it.",
		      s->numbers.changes);
}

void family_pings(const struct status *s, struct buf *out)
{
	put_histogram(out, "zookeeper_ping_duration_seconds",
		      "Time until the ensemble has answered a sync, which is sent a few times "
		      "within the session timeout.",
		      s->numbers.zookeeper.beats);
}

/* --- nginx ------------------------------------------------------------------------------------ */

void family_tests(const struct status *s, struct buf *out)
{
	static const char name[] = "nginx_test_duration_seconds";
	const struct openmetrics_label passed = { "result", "passed" },
				       refused = { "result", "refused" };

	if (!s->numbers.tests_passed || !s->numbers.tests_refused)
		return;
	openmetrics_head(out, name, "histogram", "seconds",
			 "Durations of nginx -t, by what came of it.");
	openmetrics_histogram(out, name, &passed, 1, s->numbers.tests_passed);
	openmetrics_histogram(out, name, &refused, 1, s->numbers.tests_refused);
}

#define IN(member) offsetof(struct numbers, member)

struct labelled_number {
	const char *value; /* of the label */
	size_t where;      /* of an unsigned long */
};

static void put_numbers(const struct status *s, struct buf *out, const char *name,
			const char *label, const struct labelled_number *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *where = (const char *)&s->numbers + rows[i].where;

		openmetrics_sample(out, name, "",
				   &(struct openmetrics_label){ label, rows[i].value }, 1,
				   (double)*(const unsigned long *)(const void *)where);
	}
}

void family_memory(const struct status *s, struct buf *out)
{
	static const struct labelled_number rows[] = {
		{ "master", IN(memory.master) },
		{ "workers", IN(memory.workers) },
		{ "old_workers", IN(memory.old_workers) },
	};
	static const char name[] = "nginx_resident_memory_bytes";

	openmetrics_head(out, name, "gauge", "bytes",
			 "Resident memory of nginx's processes. Shared pages count once for each "
			 "process.");
	put_numbers(s, out, name, "process", rows, ARRAY_SIZE(rows));
}

void family_connections(const struct status *s, struct buf *out)
{
	static const struct labelled_number rows[] = {
		{ "reading", IN(stub.reading) },
		{ "writing", IN(stub.writing) },
		{ "waiting", IN(stub.waiting) },
	};
	static const char name[] = "probe_connection_states";

	if (!s->probe.on)
		return;
	openmetrics_head(out, name, "gauge", NULL,
			 "Open connections by what nginx does with them, of stub_status.");
	put_numbers(s, out, name, "state", rows, ARRAY_SIZE(rows));
}
#undef IN

/* --- upstreams -------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
	size_t where; /* of an unsigned long */
} upstream_metrics[] = {
#define X(member, help)                                                                            \
	{                                                                                          \
		"upstream_" #member, help, offsetof(struct upstream_numbers, member)               \
	}
	X(servers, "Servers of an upstream."),
	X(usable, "Servers of an upstream that take requests: not down, drained, failing or "
		  "backup."),
	X(backup, "Servers of an upstream that are used when no other one is available."),
	X(held, "Servers of an upstream that ZooKeeper has lost and a guard keeps."),
	X(drained, "Servers of an upstream that an operator has drained."),
	X(failing, "Servers of an upstream that are not used, because their checks fail."),
	X(found, "Servers of an upstream that discovery has found."),
	X(left_out, "Registrations of an upstream that gave no server."),
#undef X
};

void family_upstreams(const struct status *s, struct buf *out)
{
	const struct config_numbers *c = s->numbers.config;

	for (size_t m = 0; c && m < ARRAY_SIZE(upstream_metrics); m++) {
		const char *name = upstream_metrics[m].name;

		openmetrics_head(out, name, "gauge", NULL, upstream_metrics[m].help);
		for (size_t i = 0; i < c->count; i++) {
			const char *where =
				(const char *)&c->upstream[i] + upstream_metrics[m].where;

			openmetrics_sample(
				out, name, "",
				&(struct openmetrics_label){ "upstream", c->upstream[i].name }, 1,
				(double)*(const unsigned long *)(const void *)where);
		}
	}
}

/* --- servers ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
	size_t where; /* of an unsigned long */
} server_metrics[] = {
#define X(member, help)                                                                            \
	{                                                                                          \
		"upstream_server_" #member, help, offsetof(struct server_numbers, member)          \
	}
	X(available,
	  "1 while nginx uses a server of an upstream: it is neither down nor has failed "
	  "too often."),
	X(connections, "Connections of nginx to a server of an upstream."),
	X(failures, "Failures of a server of an upstream that nginx counts at present, up to "
		    "max_fails."),
#undef X
};

static void put_servers(struct buf *out, size_t metric, const char *protocol,
			const struct server_numbers_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct server_numbers *n = &list->items[i];
		const struct openmetrics_label labels[] = {
			{ "protocol", protocol },
			{ "upstream", n->upstream },
			{ "server", n->server },
		};
		const char *where = (const char *)n + server_metrics[metric].where;

		openmetrics_sample(out, server_metrics[metric].name, "", labels, ARRAY_SIZE(labels),
				   (double)*(const unsigned long *)(const void *)where);
	}
}

void family_servers(const struct status *s, struct buf *out)
{
	const struct numbers *n = &s->numbers;

	if (!n->http_servers.count && !n->stream_servers.count)
		return;
	for (size_t m = 0; m < ARRAY_SIZE(server_metrics); m++) {
		openmetrics_head(out, server_metrics[m].name, "gauge", NULL,
				 server_metrics[m].help);
		put_servers(out, m, "http", &n->http_servers);
		put_servers(out, m, "stream", &n->stream_servers);
	}
}
