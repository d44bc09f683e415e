/*
 * The member znode's JSON. What a member of another version leaves out, or writes in
 * another way, is "" or zero, and the safe side of an enum: no verdict, nginx down, and
 * frozen, so that a host of an unknown version is neither a canary nor waited for.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/member.h>

#include "core/data/layout.h"
#include "core/text/address.h"
#include "core/text/json_text.h"

#define ADDRESS_MOST 255 /* bytes */

static const char *const part_names[] = {
#define X(name, text) [MEMBER_##name] = text,
	MEMBER_PARTS(X)
#undef X
};

static const char *const verdict_names[] = {
#define X(name, text) [VERDICT_##name] = text,
	VERDICTS(X)
#undef X
};

const char *member_part_name(enum member_part p)
{
	return part_names[p];
}

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

char *member_address(const char *address, const char *host)
{
	const char *name = *address ? address : host, *colon = strrchr(name, ':');
	bool has_port = colon && !strchr(colon, ']');

	return xasprintf("%s%s", name, has_port ? "" : ":80");
}

/* Which of these names is it? `other` when none is. */
static size_t name_index(const char *const *names, size_t count, const char *name, size_t other)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return other;
}

/* What no plan can have said is no attempt. */
static unsigned long read_attempt(const json_t *j)
{
	unsigned long attempt = json_get_number(j, "attempt");

	return attempt <= ATTEMPT_MAX ? attempt : 0;
}

static void read_gate(struct arena *a, const json_t *j, struct member *out)
{
	out->gate.revision = json_get_text(a, j, "revision");
	out->gate.attempt = read_attempt(j);
	out->gate.znode = json_get_text(a, j, "znode");
	out->gate.message = json_get_text(a, j, "message");
	out->gate.verdict = (enum verdict)name_index(
		verdict_names, VERDICT_N, json_get_text(a, j, "verdict"), VERDICT_WAITING);
}

/* It goes into a list that commas divide, which people hand on to scripts: no blank, no control
 * character, nothing that has no port. */
static bool is_address(const char *s)
{
	const char *colon = strrchr(s, ':');
	bool bracketed = s[0] == '[' && colon && colon[-1] == ']';

	if (strlen(s) > ADDRESS_MOST || !colon || colon == s ||
	    !address_parse_port(colon + 1, strlen(colon + 1)) ||
	    (!bracketed && strchr(s, ':') != colon))
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~' || *s == ',')
			return false;
	}
	return true;
}

static const char *read_address(struct arena *a, const json_t *j)
{
	const char *s = json_get_text(a, j, "address");

	return is_address(s) ? s : "";
}

static void read_member(struct arena *a, const json_t *j, struct member *out)
{
	out->address = read_address(a, j);
	out->state = json_get_text(a, j, "state");
	out->since = json_get_text(a, j, "since");
	out->version = json_get_text(a, j, "version");
	out->revision = json_get_text(a, j, "revision");
	out->seen = json_get_text(a, j, "seen");
	out->id = json_get_text(a, j, "id");
	out->mode = json_get_text(a, j, "mode");
	out->nginx_up = strcmp(json_get_text(a, j, "nginx"), "up") == 0;
	out->problems = (long)json_get_number(j, "problems");
	out->part = (enum member_part)name_index(part_names, MEMBER_PART_N,
						 json_get_text(a, j, "rollout"), MEMBER_FROZEN);
	read_gate(a, json_object_get(j, "gate"), out);
}

/* The znode's name is the host; what the JSON says of it must not lead to another one. */
bool member_parse(struct arena *a, const struct znode *z, struct member *out)
{
	json_t *j = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);
	bool object = json_is_object(j);

	memset(out, 0, sizeof(*out));
	out->host = arena_strdup(a, path_name(z->path));
	if (object)
		read_member(a, j, out);
	json_decref(j);
	return object;
}

static json_t *gate_json(const struct member *m)
{
	json_t *j = json_object();

	json_put_text(j, "revision", m->gate.revision);
	json_put_number(j, "attempt", m->gate.attempt);
	json_put_text(j, "verdict", verdict_name(m->gate.verdict));
	json_put_text(j, "znode", m->gate.znode);
	json_put_text(j, "message", m->gate.message);
	return j;
}

void member_print(const struct member *m, struct buf *out)
{
	json_t *j = json_object();

	json_put_text(j, "host", m->host);
	json_put_text(j, "address", m->address);
	json_put_text(j, "state", m->state);
	json_put_text(j, "since", m->since);
	json_put_text(j, "version", m->version);
	json_put_text(j, "revision", m->revision);
	json_put_text(j, "seen", m->seen);
	json_put_text(j, "id", m->id);
	json_put_text(j, "mode", m->mode);
	json_put_text(j, "nginx", m->nginx_up ? "up" : "down");
	json_put_text(j, "rollout", member_part_name(m->part));
	json_put(j, "problems", json_integer(m->problems));
	json_put(j, "gate", gate_json(m));
	json_print(j, JSON_COMPACT, out);
}

static int by_host(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->host, ((const struct member *)b)->host);
}

size_t members_parse(struct arena *a, const struct tree *t, const char *cluster,
		     struct member **out)
{
	const char *root = cluster_path(a, cluster, CLUSTER_MEMBERS, NULL);
	size_t at = tree_lower_bound(t, root), count = 0;
	size_t end = tree_find(t, root) ? tree_subtree_end(t, at) : at;

	*out = arena_array(a, struct member, end - at + 1);
	for (; at < end; at++) {
		const struct znode *z = tree_at(t, at);
		bool child =
			path_is_below(z->path, root) && !strchr(z->path + strlen(root) + 1, '/');

		/* without an owner it was written by hand: no daemon has it */
		if (child && z->owner && member_parse(a, z, &(*out)[count]))
			count++;
	}
	qsort(*out, count, sizeof(**out), by_host);
	return count;
}

const struct member *members_find(const struct member *ms, size_t count, const char *host)
{
	const struct member key = { .host = host };

	return count ? bsearch(&key, ms, count, sizeof(key), by_host) : NULL;
}
