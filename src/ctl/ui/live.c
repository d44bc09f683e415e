/*
 * Two readers: one follows the cluster and the config, for the fleet; the other one follows what
 * the upstreams discover as well, and its roots change with them.
 */
#include <stdlib.h>
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/see/fleet_json.h"
#include "ctl/see/upstream_view.h"
#include "ctl/znodes/reader.h"
#include "ctl/znodes/snapshot.h"
#include "live.h"
#include "state.h"
#include "sys/timing.h"
#include "zk/roots.h"

struct live {
	struct ctl *ctl;
	struct reader *fleet, *config;
	struct roots roots;
	struct tree *fleet_tree, *config_tree; /* not taken yet */
	struct snapshot *snapshot;             /* NULL: no answer so far */
	struct composed *composed;             /* … */
	unsigned long composed_count;
	bool connected;   /* as the state has it */
	uint64_t changed; /* when that began, wall clock */
	uint64_t expires; /* when the first drain ends by itself, wall clock */
	json_t *state;
};

static bool is_connected(const struct live *l)
{
	return reader_is_connected(l->fleet) && reader_is_connected(l->config);
}

/* No event says that a drain has ended: the same trees are read once more. */
static void read_again(struct live *l)
{
	l->expires = NEVER;
	if (l->snapshot && !l->fleet_tree)
		l->fleet_tree = tree_ref(l->snapshot->tree);
	if (l->composed && !l->config_tree)
		l->config_tree = tree_ref(l->composed->tree);
}

bool live_has_news(struct live *l)
{
	if (timing_wall() >= l->expires)
		read_again(l);
	if (!l->fleet_tree)
		reader_next(l->fleet, 0, &l->fleet_tree);
	if (!l->config_tree)
		reader_next(l->config, 0, &l->config_tree);
	return l->fleet_tree || l->config_tree || is_connected(l) != l->connected;
}

/* --- the state -------------------------------------------------------------------------------- */

static void put_connection(const struct live *l, json_t *fleet)
{
	json_put(fleet, "connected", json_boolean(l->connected));
	json_put(fleet, "answered", json_boolean(l->snapshot));
	json_put(fleet, "changed", json_time(l->changed));
	json_put_text(fleet, "zookeeper", l->ctl->settings.zookeeper.hosts);
	json_put_number(fleet, "composed", l->composed_count);
}

static json_t *make_state(const struct live *l, bool upstreams)
{
	json_t *state, *old = json_object_get(l->state, "upstreams");

	if (l->snapshot) {
		state = state_of_fleet(l->snapshot);
	} else {
		state = json_object();
		json_put(state, "fleet", json_object());
	}
	put_connection(l, json_object_get(state, "fleet"));
	if (upstreams && l->composed)
		json_put(state, "upstreams", state_of_upstreams(l->composed));
	else
		json_put(state, "upstreams", old ? json_incref(old) : json_object());
	return state;
}

/* --- news ------------------------------------------------------------------------------------- */

static uint64_t first_end(const struct snapshot *s)
{
	struct drains d = overrides_drains(s->overrides);
	uint64_t first = NEVER;

	for (size_t i = 0; i < d.count; i++) {
		uint64_t until = d.items[i].until;

		if (until > s->wall && until < first)
			first = until;
	}
	return first;
}

static bool take_fleet(struct live *l)
{
	if (!l->fleet_tree)
		return false;
	snapshot_free(l->snapshot);
	l->snapshot = snapshot_new(l->ctl, l->fleet, TAKE(l->fleet_tree));
	l->expires = first_end(l->snapshot);
	return true;
}

static bool take_config(struct live *l)
{
	struct composed *c;

	if (!l->config_tree)
		return false;
	c = composed_new(l->ctl, TAKE(l->config_tree), l->config, &l->roots);
	if (!c)
		return false;
	composed_free(l->composed);
	l->composed = c;
	return true;
}

static void take_connection(struct live *l)
{
	bool connected = is_connected(l);

	if (connected != l->connected)
		l->changed = timing_wall();
	l->connected = connected;
	if (l->snapshot)
		l->snapshot->connected = connected;
}

json_t *live_update(struct live *l)
{
	bool fleet = take_fleet(l), config = take_config(l);
	json_t *state, *difference;

	take_connection(l);
	if (l->composed && l->snapshot && (fleet || config)) {
		composed_set_hosts(l->composed, l->ctl, tree_ref(l->snapshot->tree));
		l->composed_count++;
	}
	state = make_state(l, fleet || config);
	difference = state_difference(l->state, state);
	json_decref(l->state);
	l->state = state;
	return difference;
}

const json_t *live_state(const struct live *l)
{
	return l->state;
}

json_t *live_host(const struct live *l, const char *name)
{
	const struct fleet_host *h = l->snapshot ? fleet_view_host(&l->snapshot->view, name) : NULL;

	return h ? host_json(l->snapshot, h) : NULL;
}

json_t *live_upstream(const struct live *l, const char *name)
{
	const struct composed *c = l->composed;
	CLEANUP(freep) char *path = c ? config_path(c->root, CONFIG_UPSTREAM, name) : NULL;

	if (!path || !tree_find(c->tree, path))
		return NULL;
	return upstream_json(c, path, model_upstream(c->model, name), true);
}

/* --- life ------------------------------------------------------------------------------------- */

int live_new(struct ctl *ctl, struct live **out, struct err *e)
{
	CLEANUP(live_freep) struct live *l = xcalloc(1, sizeof(*l));

	l->ctl = ctl;
	l->changed = timing_wall();
	l->expires = NEVER;
	roots_init(&l->roots, &ctl->settings.zookeeper);
	if (snapshot_reader(ctl, &l->fleet, e) < 0 ||
	    composed_reader(ctl, &l->roots, &l->config, e) < 0)
		return -1;
	l->state = make_state(l, false);
	*out = TAKE(l);
	return 0;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	snapshot_free(l->snapshot);
	composed_free(l->composed);
	tree_unref(l->fleet_tree);
	tree_unref(l->config_tree);
	reader_free(l->fleet);
	reader_free(l->config);
	roots_fini(&l->roots);
	json_decref(l->state);
	free(l);
}
