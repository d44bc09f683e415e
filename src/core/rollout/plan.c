/*
 * The plan's JSON. It is checked while it is read: with a phase that this version does not know,
 * or hosts that are no array of names, it is not a plan, and every host stays as it is.
 * Other fields that are absent count as "" or zero.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/member.h>
#include <zknginx/plan.h>

#include "core/text/json_text.h"

static const char *const phase_names[] = {
#define X(name, text) [PLAN_##name] = text,
	PLAN_PHASES(X)
#undef X
};

const char *plan_phase_name(enum plan_phase p)
{
	return phase_names[p];
}

bool plan_is_moving(const struct plan *p)
{
	return p->phase == PLAN_CANARY || p->phase == PLAN_BATCH || p->phase == PLAN_HALTED;
}

bool plan_is_stopped(const struct plan *p)
{
	return p->phase == PLAN_HALTED || p->phase == PLAN_REVERTING || p->phase == PLAN_REVERTED;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool plan_names(const struct plan *p, const char *host)
{
	return p->host_count && bsearch(&host, p->hosts, p->host_count, sizeof(host), by_name);
}

/* --- reading -------------------------------------------------------------------------------- */

static bool read_phase(const char *name, enum plan_phase *out)
{
	for (size_t i = 0; i < PLAN_PHASE_N; i++) {
		if (strcmp(phase_names[i], name) == 0) {
			*out = (enum plan_phase)i;
			return true;
		}
	}
	return false;
}

/* Sorted, each once: what plan_names() leans on. */
static size_t sort_names(const char **names, size_t count)
{
	size_t kept = 0;

	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		if (!kept || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	}
	return kept;
}

static bool read_names(struct arena *a, const json_t *list, const char ***out, size_t *count)
{
	size_t size = json_array_size(list);
	const char **names = arena_array(a, const char *, size + 1);

	if (list && !json_is_array(list))
		return false;
	for (size_t i = 0; i < size; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name || !*name)
			return false;
		names[i] = arena_strdup(a, name);
	}
	*out = names;
	*count = sort_names(names, size);
	return true;
}

static struct plan_revision read_revision(struct arena *a, const json_t *plan, const char *key)
{
	const json_t *j = json_object_get(plan, key);

	return (struct plan_revision){ .revision = json_get_text(a, j, "revision"),
				       .history = json_get_number(j, "history") };
}

static void read_failure(struct arena *a, const json_t *j, struct plan *out)
{
	out->failure.host = json_get_text(a, j, "host");
	out->failure.znode = json_get_text(a, j, "znode");
	out->failure.message = json_get_text(a, j, "message");
	out->failure.at = json_get_text(a, j, "at");
}

static void read_last_request(struct arena *a, const json_t *j, struct plan *out)
{
	out->request.action = json_get_text(a, j, "action");
	out->request.by = json_get_text(a, j, "by");
	out->request.result = json_get_text(a, j, "result");
	out->request.at = json_get_text(a, j, "at");
}

static const char *read_plan(struct arena *a, const json_t *j, struct plan *out)
{
	if (!json_is_object(j))
		return "it is not a JSON object";
	if (!read_phase(json_get_text(a, j, "phase"), &out->phase))
		return "its phase is unknown";
	if (!read_names(a, json_object_get(j, "hosts"), &out->hosts, &out->host_count) ||
	    !read_names(a, json_object_get(j, "canaries"), &out->canaries, &out->canary_count))
		return "its hosts or canaries are not an array of names";
	out->paused = json_get_bool(j, "paused");
	out->mode = json_get_text(a, j, "mode");
	out->accepted = read_revision(a, j, "accepted");
	out->target = read_revision(a, j, "target");
	out->publish = read_revision(a, j, "publish");
	out->publish_root = json_get_text(a, json_object_get(j, "publish"), "root");
	out->attempt = json_get_number(j, "attempt");
	if (out->attempt > ATTEMPT_MAX)
		return "its attempt is too large";
	out->step = (unsigned)json_get_number(j, "step");
	out->since = json_get_text(a, j, "since");
	out->leader = json_get_text(a, j, "leader");
	out->updated = json_get_text(a, j, "updated");
	read_failure(a, json_object_get(j, "failure"), out);
	read_last_request(a, json_object_get(j, "request"), out);
	return NULL;
}

bool plan_parse(struct arena *a, const char *data, size_t size, struct plan *out, const char **why)
{
	json_t *j = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	const char *error;

	memset(out, 0, sizeof(*out));
	error = read_plan(a, j, out);
	json_decref(j);
	if (error && why)
		*why = error;
	return !error;
}

/* --- writing -------------------------------------------------------------------------------- */

static json_t *names_json(const char *const *names, size_t count)
{
	json_t *j = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(j, json_text(names[i]));
	return j;
}

static bool is_empty(const char *s)
{
	return !s || !*s;
}

static json_t *revision_json(const struct plan_revision *r)
{
	json_t *j;

	if (is_empty(r->revision))
		return json_null();
	j = json_object();
	json_put_text(j, "revision", r->revision);
	json_put_number(j, "history", r->history);
	return j;
}

static json_t *publish_json(const struct plan *p)
{
	json_t *j = revision_json(&p->publish);

	if (json_is_object(j) && !is_empty(p->publish_root))
		json_put_text(j, "root", p->publish_root);
	return j;
}

static json_t *failure_json(const struct plan *p)
{
	json_t *j;

	if (is_empty(p->failure.message) && is_empty(p->failure.host))
		return json_null();
	j = json_object();
	json_put_text(j, "host", p->failure.host);
	json_put_text(j, "znode", p->failure.znode);
	json_put_text(j, "message", p->failure.message);
	json_put_text(j, "at", p->failure.at);
	return j;
}

static json_t *last_request_json(const struct plan *p)
{
	json_t *j;

	if (is_empty(p->request.result))
		return json_null();
	j = json_object();
	json_put_text(j, "action", p->request.action);
	json_put_text(j, "by", p->request.by);
	json_put_text(j, "result", p->request.result);
	json_put_text(j, "at", p->request.at);
	return j;
}

void plan_print(const struct plan *p, struct buf *out)
{
	json_t *j = json_object();

	json_put_text(j, "phase", plan_phase_name(p->phase));
	json_put(j, "paused", json_boolean(p->paused));
	json_put_text(j, "mode", p->mode);
	json_put(j, "accepted", revision_json(&p->accepted));
	json_put(j, "target", revision_json(&p->target));
	json_put(j, "publish", publish_json(p));
	json_put_number(j, "attempt", p->attempt);
	json_put_number(j, "step", p->step);
	json_put(j, "hosts", names_json(p->hosts, p->host_count));
	json_put(j, "canaries", names_json(p->canaries, p->canary_count));
	json_put_text(j, "since", p->since);
	json_put(j, "failure", failure_json(p));
	json_put(j, "request", last_request_json(p));
	json_put_text(j, "leader", p->leader);
	json_put_text(j, "updated", p->updated);
	json_print(j, JSON_COMPACT, out);
}

/* --- comparing ------------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_names(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++) {
		if (strcmp(a[i], b[i]) != 0)
			return false;
	}
	return a_count == b_count;
}

static bool same_revision(const struct plan_revision *a, const struct plan_revision *b)
{
	return same_text(a->revision, b->revision) && a->history == b->history;
}

static bool same_notes(const struct plan *a, const struct plan *b)
{
	return same_text(a->failure.host, b->failure.host) &&
	       same_text(a->failure.znode, b->failure.znode) &&
	       same_text(a->failure.message, b->failure.message) &&
	       same_text(a->failure.at, b->failure.at) &&
	       same_text(a->request.action, b->request.action) &&
	       same_text(a->request.by, b->request.by) &&
	       same_text(a->request.result, b->request.result) &&
	       same_text(a->request.at, b->request.at);
}

bool plan_same(const struct plan *a, const struct plan *b)
{
	return a->phase == b->phase && a->paused == b->paused && a->attempt == b->attempt &&
	       a->step == b->step && same_text(a->mode, b->mode) && same_text(a->since, b->since) &&
	       same_text(a->leader, b->leader) && same_revision(&a->accepted, &b->accepted) &&
	       same_revision(&a->target, &b->target) && same_revision(&a->publish, &b->publish) &&
	       same_text(a->publish_root, b->publish_root) &&
	       same_names(a->hosts, a->host_count, b->hosts, b->host_count) &&
	       same_names(a->canaries, a->canary_count, b->canaries, b->canary_count) &&
	       same_notes(a, b);
}

/* --- copying -------------------------------------------------------------------------------- */

static const char *text_copy(struct arena *a, const char *s)
{
	return is_empty(s) ? "" : arena_strdup(a, s);
}

static const char **names_copy(struct arena *a, const char *const *names, size_t count)
{
	const char **copy = arena_array(a, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(a, names[i]);
	return copy;
}

static struct plan_revision revision_copy(struct arena *a, const struct plan_revision *r)
{
	return (struct plan_revision){ .revision = text_copy(a, r->revision),
				       .history = r->history };
}

struct plan plan_copy(struct arena *a, const struct plan *p)
{
	struct plan c = *p;

	c.accepted = revision_copy(a, &p->accepted);
	c.target = revision_copy(a, &p->target);
	c.publish = revision_copy(a, &p->publish);
	c.publish_root = text_copy(a, p->publish_root);
	c.hosts = names_copy(a, p->hosts, p->host_count);
	c.canaries = names_copy(a, p->canaries, p->canary_count);
	c.mode = text_copy(a, p->mode);
	c.since = text_copy(a, p->since);
	c.failure.host = text_copy(a, p->failure.host);
	c.failure.znode = text_copy(a, p->failure.znode);
	c.failure.message = text_copy(a, p->failure.message);
	c.failure.at = text_copy(a, p->failure.at);
	c.request.action = text_copy(a, p->request.action);
	c.request.by = text_copy(a, p->request.by);
	c.request.result = text_copy(a, p->request.result);
	c.request.at = text_copy(a, p->request.at);
	c.leader = text_copy(a, p->leader);
	c.updated = text_copy(a, p->updated);
	return c;
}
