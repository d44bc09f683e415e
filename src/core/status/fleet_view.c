/* Reads the znodes of the cluster into one view. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/fleet/election.h"
#include "core/rollout/rollout.h"
#include "fleet_view.h"

struct reading {
	struct fleet_view *view;
	struct arena *arena;
	const struct tree *tree;
	const char *cluster;
	size_t room;     /* of the hosts */
	size_t reported; /* the first hosts, which are sorted: those with a report znode */
};

/* Calls `take` for each child of CLUSTER/z. */
static void each_child(struct reading *r, enum cluster_znode z,
		       void (*take)(struct reading *r, const struct znode *znode))
{
	const char *root = cluster_path(r->arena, r->cluster, z, NULL);
	size_t at = tree_lower_bound(r->tree, root);
	size_t end = tree_find(r->tree, root) ? tree_subtree_end(r->tree, at) : at;

	for (; at < end; at++) {
		const struct znode *znode = tree_at(r->tree, at);

		if (path_is_below(znode->path, root) &&
		    !strchr(znode->path + strlen(root) + 1, '/'))
			take(r, znode);
	}
}

/* --- hosts ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fleet_host *)a)->name, ((const struct fleet_host *)b)->name);
}

static struct fleet_host *find(struct fleet_host *hosts, size_t count, const char *name)
{
	const struct fleet_host key = { .name = name };

	return count ? bsearch(&key, hosts, count, sizeof(key), by_name) : NULL;
}

static void add_host(struct reading *r, const struct fleet_host *h)
{
	struct fleet_view *v = r->view;

	v->hosts = arena_grow(r->arena, v->hosts, v->host_count, &r->room, sizeof(*v->hosts));
	v->hosts[v->host_count++] = *h;
}

static void take_report(struct reading *r, const struct znode *z)
{
	struct status *report = arena_new_of(r->arena, struct status);
	struct fleet_host h = { .name = path_name(z->path) };
	struct err e;

	if (status_parse(r->arena, z->data, z->size, report, &e) == 0)
		h.report = report;
	else
		h.error = arena_printf(r->arena, "%s is not a report: %s", z->path, e.text);
	add_host(r, &h);
}

/* Members have been parsed; this one may be among them. */
static void take_member(struct reading *r, const struct znode *z)
{
	struct fleet_view *v = r->view;
	const char *name = path_name(z->path);
	const struct member *m = members_find(v->members, v->member_count, name);
	struct fleet_host *known = find(v->hosts, r->reported, name);
	struct fleet_host h = known ? *known : (struct fleet_host){ .name = name };

	h.member = m;
	if (!m)
		h.error =
			arena_printf(r->arena, "%s is not a daemon's znode: %s", z->path,
				     z->owner ? "it is not a JSON object" : "it is not ephemeral");
	if (known)
		*known = h;
	else
		add_host(r, &h);
}

static void sort(struct fleet_view *v)
{
	if (v->host_count)
		qsort(v->hosts, v->host_count, sizeof(*v->hosts), by_name);
}

static void read_hosts(struct reading *r)
{
	struct fleet_view *v = r->view;

	v->member_count = members_parse(r->arena, r->tree, r->cluster, &v->members);
	each_child(r, CLUSTER_REPORTS, take_report);
	sort(v);
	r->reported = v->host_count;
	each_child(r, CLUSTER_MEMBERS, take_member);
	sort(v);
}

/* --- the leader ----------------------------------------------------------------------------- */

static void read_leader(struct reading *r)
{
	const char *root = cluster_path(r->arena, r->cluster, CLUSTER_ELECTION, NULL), *own,
		   *predecessor, *lowest = NULL;
	size_t at = tree_lower_bound(r->tree, root);
	size_t end = tree_find(r->tree, root) ? tree_subtree_end(r->tree, at) : at;
	const char **names = arena_array(r->arena, const char *, end - at + 1);
	const struct znode *z = NULL;
	size_t count = 0;

	for (; at < end; at++) {
		const struct znode *candidate = tree_at(r->tree, at);

		if (path_is_below(candidate->path, root) && candidate->owner)
			names[count++] = path_name(candidate->path);
	}
	election_stand(names, count, "", &own, &predecessor, &lowest);
	if (lowest)
		z = tree_find(r->tree,
			      cluster_path(r->arena, r->cluster, CLUSTER_ELECTION, lowest));
	r->view->leader = z ? z->data : "";
}

/* --- plan and request ----------------------------------------------------------------------- */

static const struct znode *znode(const struct reading *r, enum cluster_znode z)
{
	return tree_find(r->tree, cluster_path(r->arena, r->cluster, z, NULL));
}

static void read_plan(struct reading *r)
{
	struct fleet_view *v = r->view;
	const struct znode *z = znode(r, CLUSTER_PLAN);
	const char *why = "";

	if (!z)
		return;
	v->has_plan = plan_parse(r->arena, z->data, z->size, &v->plan, &why);
	if (!v->has_plan)
		v->plan_error = why;
}

static void read_request(struct reading *r)
{
	struct fleet_view *v = r->view;
	const struct znode *z = znode(r, CLUSTER_REQUEST);
	const char *why = "";

	if (!z)
		return;
	v->has_request = request_parse(r->arena, z->data, z->size, &v->request, &why);
	if (!v->has_request)
		v->request_error = why;
}

void fleet_view_read(struct fleet_view *v, struct arena *a, const struct tree *t,
		     const char *cluster, const char *config)
{
	struct reading r = { .view = v, .arena = a, .tree = t, .cluster = cluster };

	*v = (struct fleet_view){ .has_cluster = tree_has_within(t, cluster) };
	read_hosts(&r);
	read_leader(&r);
	read_plan(&r);
	read_request(&r);
	config_note_of(a, t, config, &v->note);
	if (config_has_objects(t, config)) {
		struct digest revision = tree_revision(t, config);

		digest_hex(&revision, v->newest);
	}
}

/* --- questions ------------------------------------------------------------------------------ */

const struct fleet_host *fleet_view_host(const struct fleet_view *v, const char *name)
{
	return find(v->hosts, v->host_count, name);
}

const char *fleet_view_permitted(const struct fleet_view *v, const struct member *m)
{
	struct permit permit = rollout_permit(v->has_plan ? &v->plan : NULL,
					      &(struct permit_host){
						      .host = m->host,
						      .follows = m->part == MEMBER_JOINED,
						      .frozen = m->part == MEMBER_FROZEN,
						      .is_member = true,
						      .newest = v->newest,
						      .unfinished = v->note.unfinished,
					      });

	return permit.kind == PERMIT_NEWEST ? v->newest : permit.revision.revision;
}

bool fleet_view_is_current(const struct fleet_view *v, const struct member *m)
{
	const char *permitted = fleet_view_permitted(v, m);

	return !*permitted || strcmp(permitted, m->revision) == 0;
}

size_t fleet_view_followers(const struct fleet_view *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->member_count; i++)
		count += v->members[i].part == MEMBER_JOINED;
	return count;
}

size_t fleet_view_running(const struct fleet_view *v, const char *revision)
{
	bool all = !fleet_view_followers(v);
	size_t count = 0;

	for (size_t i = 0; i < v->member_count; i++)
		count += (all || v->members[i].part == MEMBER_JOINED) &&
			 strcmp(v->members[i].revision, revision) == 0;
	return count;
}

size_t fleet_view_counted(const struct fleet_view *v)
{
	size_t followers = fleet_view_followers(v);

	return followers ? followers : v->member_count;
}
