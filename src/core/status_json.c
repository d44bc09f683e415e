/*
 * The report as JSON: keys sorted, so that equal values are equal bytes. What is not
 * known is null; a line or a field that a problem does not have is absent.
 *
 * Messages quote operators' bytes, and may have been cut within a character, while
 * JSON is UTF-8: what is not becomes the replacement character.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/err.h>
#include <zknginx/status.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* How many bytes of s make one valid character; 0 when none do. */
static size_t character_size(const char *s)
{
	for (size_t size = 1; size <= 4; size++) {
		json_t *one = json_stringn(s, size);

		if (one) {
			json_decref(one);
			return size;
		}
		if (!s[size])
			break;
	}
	return 0;
}

static json_t *repaired(const char *s)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	while (*s) {
		size_t size = character_size(s);

		if (size)
			buf_put(&b, s, size);
		else
			buf_puts(&b, REPLACEMENT);
		s += size ? size : 1;
	}
	return json_string(buf_str(&b));
}

/* A string, or null where there is none. */
static json_t *text(const char *s)
{
	json_t *j;

	if (!s || !*s)
		return json_null();
	j = json_string(s);
	return j ? j : repaired(s);
}

static json_t *number(unsigned long n)
{
	return json_integer((json_int_t)n);
}

static json_t *when(uint64_t wall)
{
	char iso[32];

	if (!wall)
		return json_null();
	status_time(wall, iso);
	return json_string(iso);
}

/* Microseconds are as fine as anybody measures. */
static json_t *milliseconds(double ms)
{
	return json_real((double)(long)(ms * 1000 + 0.5) / 1000);
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		die("status: cannot set %s", key);
}

static json_t *problem_json(const struct status_problem *p)
{
	json_t *j = json_object();

	set(j, "znode", text(p->problem.znode));
	set(j, "kind", json_string(problem_kind_name(p->problem.kind)));
	set(j, "message", text(p->problem.message));
	if (p->problem.line)
		set(j, "line", number(p->problem.line));
	if (p->problem.field && *p->problem.field)
		set(j, "field", text(p->problem.field));
	set(j, "since", when(p->since));
	set(j, "serving", json_string(serving_name(p->problem.serving)));
	return j;
}

static json_t *problems_json(const struct status *s, size_t limit)
{
	json_t *j = json_array();
	size_t count = limit && limit < s->problem_count ? limit : s->problem_count;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(j, problem_json(&s->problems[i]));
	return j;
}

static json_t *discovery_json(const struct status *s)
{
	json_t *j = json_array();

	for (size_t i = 0; i < s->discovery_count; i++) {
		const struct status_discovery *d = &s->discovery[i];
		json_t *one = json_object();

		set(one, "upstream", text(d->upstream));
		set(one, "path", text(d->path));
		set(one, "format", *d->format ? text(d->format) : json_null());
		set(one, "servers", number(d->servers));
		json_array_append_new(j, one);
	}
	return j;
}

static json_t *revision_json(const struct status *s)
{
	json_t *j = json_object();

	set(j, "seen", text(s->revision_seen));
	set(j, "applied", text(s->revision_applied));
	return j;
}

static json_t *session_json(int64_t session)
{
	char hex[20];

	if (!session)
		return json_null();
	snprintf(hex, sizeof(hex), "0x%" PRIx64, (uint64_t)session);
	return json_string(hex);
}

static json_t *zookeeper_json(const struct status *s)
{
	json_t *j = json_object();

	set(j, "state", text(s->zookeeper.state));
	set(j, "server", text(s->zookeeper.server));
	set(j, "session", session_json(s->zookeeper.session));
	set(j, "since", when(s->zookeeper.since));
	set(j, "nodes", number(s->zookeeper.nodes));
	set(j, "watches", number(s->zookeeper.watches));
	set(j, "reconnects", number(s->zookeeper.reconnects));
	set(j, "requests", number(s->zookeeper.requests));
	return j;
}

static json_t *nginx_json(const struct status *s)
{
	json_t *j = json_object();

	set(j, "state", text(s->nginx.state));
	set(j, "pid", s->nginx.pid > 0 ? json_integer(s->nginx.pid) : json_null());
	set(j, "workers", number(s->nginx.workers));
	set(j, "old_workers", number(s->nginx.old_workers));
	set(j, "reloads", number(s->nginx.reloads));
	set(j, "included", json_boolean(s->nginx.included));
	set(j, "sandbox", text(s->nginx.sandbox));
	return j;
}

static json_t *last_json(const struct status *s)
{
	json_t *j, *stages;

	if (!s->deployments.last_at)
		return json_null();
	j = json_object();
	stages = json_object();
	for (int i = 0; i < STAGE_N; i++)
		set(stages, stage_name((enum stage_id)i),
		    milliseconds(s->deployments.stages_ms[i]));
	set(j, "generation", number(s->deployments.last_generation));
	set(j, "at", when(s->deployments.last_at));
	set(j, "total_ms", milliseconds(s->deployments.last_total_ms));
	set(j, "stages_ms", stages);
	return j;
}

static json_t *deployments_json(const struct status *s)
{
	json_t *j = json_object();

	set(j, "applied", number(s->deployments.applied));
	set(j, "rejected", number(s->deployments.rejected));
	set(j, "rolled_back", number(s->deployments.rolled_back));
	set(j, "last", last_json(s));
	return j;
}

void status_write_json(const struct status *s, size_t problem_limit, struct buf *out)
{
	json_t *j = json_object();
	char *bytes;

	set(j, "host", text(s->host));
	set(j, "version", text(s->version));
	set(j, "updated", when(s->updated));
	set(j, "state", json_string(status_state_name(s->state)));
	set(j, "revision", revision_json(s));
	set(j, "generation", number(s->generation));
	set(j, "problems", problems_json(s, problem_limit));
	set(j, "problem_count", number(s->problem_count));
	set(j, "discovery", discovery_json(s));
	set(j, "zookeeper", zookeeper_json(s));
	set(j, "nginx", nginx_json(s));
	set(j, "deployments", deployments_json(s));
	bytes = json_dumps(j, JSON_SORT_KEYS | JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(j);
	if (!bytes)
		die("status: no memory for the report");
	buf_puts(out, bytes);
	buf_putc(out, '\n');
	free(bytes);
}
