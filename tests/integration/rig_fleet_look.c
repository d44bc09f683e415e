/*
 * Observes a fleet: what each nginx answers, what the plan says, and whether each answer is
 * permitted by the plan.
 *
 * A host's answer is read before the plan, so that the plan that permits it is known. A look may
 * miss a version of the plan, so steps are compared only between consecutive versions, and what the
 * version that was missed permitted is not known.
 *
 * A worker serves what its master had read when it began. So of two answers that of the younger
 * worker is the newer state of the host, however late the old worker stops to accept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_fleet.h"

static char *turn_text(void)
{
	static char texts[16][512]; /* so that some can be compared */
	static unsigned turn;

	return texts[turn++ % ARRAY_SIZE(texts)];
}

/* --- JSON below the cluster ----------------------------------------------------------------- */

static json_t *follow(json_t *at, const char *path)
{
	char part[64];

	while (at && *path) {
		size_t size = strcspn(path, ".");

		snprintf(part, sizeof(part), "%.*s", (int)size, path);
		at = json_object_get(at, part);
		path += size + (path[size] == '.');
	}
	return at;
}

static void print_value(json_t *value, char *out, size_t room)
{
	char *dump;

	out[0] = '\0';
	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		snprintf(out, room, "%s", json_string_value(value));
		return;
	}
	dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(out, room, "%s", dump);
	free(dump);
}

const char *rig_fleet_field(struct rig_fleet *f, const char *znode, const char *field)
{
	char path[256], *out = turn_text();
	const char *data;
	json_t *json;

	snprintf(path, sizeof(path), CLUSTER "/%s", znode);
	data = rig_zk_get(f->zk, path);
	json = data ? json_loads(data, 0, NULL) : NULL;
	print_value(follow(json, field), out, 512);
	json_decref(json);
	return out;
}

bool rig_fleet_plan_says(struct rig_fleet *f, const char *field, const char *text)
{
	return strcmp(rig_fleet_field(f, "plan", field), text) == 0;
}

static void join_names(json_t *array, char *out, size_t room)
{
	size_t i, used = 0;
	json_t *name;

	out[0] = '\0';
	json_array_foreach(array, i, name)
	{
		used += (size_t)snprintf(out + used, room - used, "%s%s", i ? " " : "",
					 json_string_value(name));
	}
}

static void read_plan(struct rig_fleet *f, struct rig_fleet_plan *p)
{
	const char *data = rig_zk_get_version(f->zk, CLUSTER "/plan", &p->version);
	json_t *json = data ? json_loads(data, 0, NULL) : NULL;

	*p = (struct rig_fleet_plan){ .version = data ? p->version : -1 };
	if (!data)
		return;
	if (!json)
		fail_msg("the plan is not JSON: %s", data);
	print_value(follow(json, "phase"), p->phase, sizeof(p->phase));
	print_value(follow(json, "accepted.revision"), p->accepted, sizeof(p->accepted));
	print_value(follow(json, "target.revision"), p->target, sizeof(p->target));
	p->attempt = (long)json_integer_value(follow(json, "attempt"));
	p->step = (long)json_integer_value(follow(json, "step"));
	join_names(follow(json, "hosts"), p->hosts, sizeof(p->hosts));
	json_decref(json);
}

bool rig_fleet_is(struct rig_fleet *f, const char *phase, const char *target)
{
	return strcmp(f->plan.phase, phase) == 0 &&
	       (!target || strcmp(rig_fleet_word(f, f->plan.target), target) == 0);
}

bool rig_fleet_accepted(struct rig_fleet *f, const char *word)
{
	return rig_fleet_is(f, "idle", "") &&
	       strcmp(rig_fleet_word(f, f->plan.accepted), word) == 0;
}

size_t rig_fleet_history(struct rig_fleet *f, const char *word, const char **outcome)
{
	char **entries = rig_zk_children(f->zk, CLUSTER "/history"), znode[64];
	size_t count = 0;

	for (size_t i = 0; entries[i]; i++) {
		snprintf(znode, sizeof(znode), "history/%s", entries[i]);
		if (atoi(rig_fleet_field(f, znode, "parts")) <= 0)
			continue;
		if (word &&
		    strcmp(rig_fleet_word(f, rig_fleet_field(f, znode, "revision")), word) != 0)
			continue;
		count++;
		if (outcome)
			*outcome = rig_fleet_field(f, znode, "outcome");
	}
	return count;
}

/* --- the election --------------------------------------------------------------------------- */

/* The number after the last dash. */
static long sequence(const char *candidate)
{
	const char *dash = strrchr(candidate, '-');

	return dash ? strtol(dash + 1, NULL, 10) : -1;
}

long rig_fleet_leader(struct rig_fleet *f)
{
	char **names = rig_zk_children(f->zk, CLUSTER "/election"), path[256];
	const char *first = NULL, *data;

	for (size_t i = 0; names[i]; i++) {
		if (sequence(names[i]) >= 0 && (!first || sequence(names[i]) < sequence(first)))
			first = names[i];
	}
	snprintf(path, sizeof(path), CLUSTER "/election/%s", first ?: "");
	data = first ? rig_zk_get(f->zk, path) : NULL;
	for (size_t i = 0; data && i < f->count; i++) {
		if (strstr(data, f->hosts[i].host.name))
			return (long)i;
	}
	return -1;
}

size_t rig_fleet_bystander(struct rig_fleet *f)
{
	return rig_fleet_leader(f) == 1 ? 2 : 1;
}

/* --- the hosts ------------------------------------------------------------------------------ */

const char *rig_fleet_serves(struct rig_fleet *f, size_t i)
{
	const char *body;
	char *out = turn_text();
	int status = rig_nginx_get(f->hosts[i].port, "/", NULL, &body);

	snprintf(out, 512, "%s", status == 200 ? body : status == 503 ? "sick" : "");
	return out;
}

bool rig_fleet_all_serve(struct rig_fleet *f, const char *word)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(rig_fleet_serves(f, i), word) != 0)
			return false;
	}
	return true;
}

const char *rig_fleet_applied(struct rig_fleet *f, size_t i)
{
	return rig_fleet_word(f, rig_host_status_text(&f->hosts[i].host, "revision.applied"));
}

bool rig_fleet_has_server(struct rig_fleet *f, size_t i, int port)
{
	const char *live = rig_host_live(&f->hosts[i].host, "http.conf");
	char server[64];

	snprintf(server, sizeof(server), "server 127.0.0.1:%d", port);
	return live && strstr(live, server);
}

bool rig_fleet_all_have_server(struct rig_fleet *f, int port)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!rig_fleet_has_server(f, i, port))
			return false;
	}
	return true;
}

/* --- what must hold at every look ----------------------------------------------------------- */

/* Is this one of the words in the list? */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += size) {
		if ((at == list || at[-1] == ' ') && (at[size] == ' ' || !at[size]))
			return true;
	}
	return false;
}

static size_t count_words(const char *list)
{
	size_t count = *list != '\0';

	for (; *list; list++)
		count += *list == ' ';
	return count;
}

/* The last word of a list. */
static const char *last_word(const char *list)
{
	const char *space = strrchr(list, ' ');

	return space ? space + 1 : list;
}

static void append(char list[512], const char *word)
{
	size_t used = strlen(list);

	assert_true(used + strlen(word) + 2 < 512);
	snprintf(list + used, 512 - used, "%s%s", used ? " " : "", word);
}

/* When the worker that gave the last answer began; 0: it has ended since. */
static uint64_t answering_worker(void)
{
	const char *pid = strstr(rig_nginx_answer(), "\nX-Worker: "), *stat, *at;
	char path[64];
	unsigned long long began = 0;

	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld/stat",
		 strtol(pid + strlen("\nX-Worker: "), NULL, 10));
	stat = rig_read(path);
	at = stat ? strrchr(stat, ')') : NULL;
	if (!at ||
	    sscanf(at + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		   "%*d %llu",
		   &began) != 1)
		return 0;
	return began;
}

/* A worker of which it is unknown when it began counts when another one says the same. */
static void note(struct rig_fleet_host *h, const char *serves, uint64_t worker)
{
	if (!*serves || worker <= h->worker)
		return;
	if (strcmp(last_word(h->served), serves) != 0)
		append(h->served, serves);
	h->worker = worker;
}

bool rig_fleet_served(struct rig_fleet *f, size_t i, const char *words)
{
	return strcmp(f->hosts[i].served, words) == 0;
}

static void add_permit(const struct rig_fleet *f, struct rig_fleet_host *h, const char *revision)
{
	if (*revision && !has_word(h->permitted, rig_fleet_word(f, revision)))
		append(h->permitted, rig_fleet_word(f, revision));
}

static void note_permits(struct rig_fleet *f, const struct rig_fleet_plan *p)
{
	for (size_t i = 0; i < f->count; i++) {
		struct rig_fleet_host *h = &f->hosts[i];

		add_permit(f, h, p->accepted);
		if (has_word(p->hosts, h->host.name))
			add_permit(f, h, p->target);
	}
}

/* Does the host follow the plan at all? */
static bool follows(const struct rig_fleet *f, const struct rig_fleet_host *h)
{
	const char *rollout = h->rollout ?: f->rollout;

	return (strstr(rollout, "canary") || strstr(rollout, "manual")) &&
	       !strstr(rollout, "join = false") && !strstr(rollout, "freeze = true");
}

/* nginx needs a moment to leave a revision that is no longer permitted. The tests check in `served`
 * that it leaves it and does not return to it. */
static void check_host(const struct rig_fleet *f, const struct rig_fleet_host *h,
		       const char *serves)
{
	const struct rig_fleet_plan *p = &f->plan;

	if (follows(f, h) && p->version >= 0 && *serves && !has_word(h->permitted, serves))
		fail_msg("%s serves %s, and was permitted \"%s\"; the plan: %s, for \"%s\"",
			 h->host.name, serves, h->permitted, p->phase, p->hosts);
}

static bool moves(const struct rig_fleet_plan *p)
{
	return strcmp(p->phase, "canary") == 0 || strcmp(p->phase, "batch") == 0;
}

/* Each canary step and each batch has one host (FLEET_CANARY). */
static void check_step(const struct rig_fleet *f, const struct rig_fleet_plan *was,
		       const struct rig_fleet_plan *is)
{
	bool same = moves(was) && moves(is) && was->attempt == is->attempt &&
		    strcmp(was->target, is->target) == 0;

	if (!f->promoted && moves(is) && count_words(is->hosts) > (size_t)is->step)
		fail_msg("step %ld has the hosts \"%s\"", is->step, is->hosts);
	if (!same)
		return;
	if (is->step < was->step)
		fail_msg("the plan went back from step %ld to %ld", was->step, is->step);
	if (is->version == was->version + 1 && is->step > was->step + 1)
		fail_msg("the plan went from step %ld to %ld", was->step, is->step);
	if (count_words(is->hosts) < count_words(was->hosts))
		fail_msg("the plan had \"%s\", then \"%s\"", was->hosts, is->hosts);
}

static bool has_missed(const struct rig_fleet_plan *was, const struct rig_fleet_plan *is)
{
	return is->version != was->version && is->version != was->version + 1;
}

/* Has the plan had versions that were not seen? What hosts serve now they may have permitted. */
static bool look_at_plan(struct rig_fleet *f)
{
	struct rig_fleet_plan was = f->plan;

	read_plan(f, &f->plan);
	check_step(f, &was, &f->plan);
	note_permits(f, &f->plan);
	return has_missed(&was, &f->plan);
}

void rig_fleet_look(struct rig_fleet *f)
{
	const char *serves[FLEET_MAX];
	uint64_t workers[FLEET_MAX];
	bool missed;

	for (size_t i = 0; i < f->count; i++) {
		serves[i] = rig_fleet_serves(f, i);
		workers[i] = answering_worker();
	}
	missed = look_at_plan(f);
	for (size_t i = 0; i < f->count; i++) {
		struct rig_fleet_host *h = &f->hosts[i];

		if (missed && *serves[i] && !has_word(h->permitted, serves[i]))
			append(h->permitted, serves[i]);
		check_host(f, h, serves[i]);
		note(h, serves[i], workers[i]);
	}
}

void rig_fleet_watch(struct rig_fleet *f, uint64_t usec)
{
	uint64_t end = rig_now() + usec;

	while (rig_now() < end) {
		rig_fleet_look(f);
		rig_pause(NULL);
	}
}

static void tell_log(const struct rig_host *h)
{
	const size_t most = 12000;
	const char *log = rig_read(h->log);
	size_t size = log ? strlen(log) : 0;

	/* cmocka's own functions cut a text */
	fprintf(stderr, "\tits log ends:\n%s\n", size > most ? log + size - most : log ?: "");
}

void rig_fleet_tell(struct rig_fleet *f)
{
	print_error("plan: %s\n", rig_zk_get(f->zk, CLUSTER "/plan") ?: "none");
	for (size_t i = 0; i < f->count; i++) {
		char path[64];

		snprintf(path, sizeof(path), CLUSTER "/members/%s", f->hosts[i].host.name);
		print_error("%s serves %s, served %s, runs %s, is %s\n", f->hosts[i].host.name,
			    rig_fleet_serves(f, i), f->hosts[i].served, rig_fleet_applied(f, i),
			    rig_host_status_text(&f->hosts[i].host, "state"));
		print_error("\tmember: %s\n", rig_zk_get(f->zk, path) ?: "none");
		tell_log(&f->hosts[i].host);
	}
}
