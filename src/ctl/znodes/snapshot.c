/* Reads the cluster and the config, and checks the fleet's health. */
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"
#include "sys/timing.h"

#define CLUSTER_DEPTH 2 /* members/HOST, history/SEQ without its parts */
#define CONFIG_DEPTH 3

int snapshot_reader(struct ctl *ctl, struct reader **out, struct err *e)
{
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	const struct mirror_root roots[] = {
		{ z->cluster, CLUSTER_DEPTH },
		{ z->config, CONFIG_DEPTH },
	};

	return reader_new(ctl, roots, ARRAY_SIZE(roots), out, e);
}

static void add_unreadable(struct snapshot *s)
{
	for (size_t i = 0; i < s->unreadable.count; i++) {
		const struct problem *p = &s->unreadable.items[i];

		fleet_health_add(&s->health, s->arena, "unreadable", "", "%s: %s", p->znode,
				 p->message);
	}
}

struct snapshot *snapshot_new(const struct ctl *ctl, const struct reader *r, struct tree *tree)
{
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	struct snapshot *s = xcalloc(1, sizeof(*s));
	unsigned long last;

	s->arena = arena_new();
	s->tree = tree;
	s->cluster = z->cluster;
	s->config = z->config;
	s->wall = timing_wall();
	s->connected = reader_is_connected(r);
	problems_init(&s->unreadable);
	reader_problems(r, &s->unreadable);
	fleet_view_read(&s->view, s->arena, tree, z->cluster, z->config);
	s->entry_count = history_parse(s->arena, tree, z->cluster, &s->entries, &last);
	fleet_health_check(&s->health, s->arena, &s->view);
	add_unreadable(s);
	s->overrides = overrides_new();
	overrides_read(s->overrides, tree, z->cluster, timing_now(), s->wall);
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	problems_fini(&s->unreadable);
	overrides_free(s->overrides);
	tree_unref(s->tree);
	arena_free(s->arena);
	free(s);
}

int snapshot_read(struct ctl *ctl, struct snapshot **out, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = NULL;
	struct tree *tree;

	if (snapshot_reader(ctl, &r, e) < 0 || reader_first(r, &tree, e) < 0)
		return -1;
	*out = snapshot_new(ctl, r, tree);
	return 0;
}

const struct history_entry *snapshot_entry(const struct snapshot *s, unsigned long seq)
{
	for (size_t i = 0; seq && i < s->entry_count; i++) {
		if (s->entries[i].seq == seq)
			return &s->entries[i];
	}
	return NULL;
}

static bool is_canary(const struct plan *p, const char *host)
{
	for (size_t i = 0; plan_is_moving(p) && i < p->canary_count; i++) {
		if (strcmp(p->canaries[i], host) == 0)
			return true;
	}
	return false;
}

const char *snapshot_role(const struct snapshot *s, const struct fleet_host *h)
{
	const struct fleet_view *v = &s->view;
	CLEANUP(buf_fini) struct buf role = BUF_INIT;
	const struct {
		bool applies;
		const char *name;
	} roles[] = {
		{ strcmp(v->leader, h->name) == 0, "leader" },
		{ v->has_plan && is_canary(&v->plan, h->name), "canary" },
		{ h->member && h->member->part == MEMBER_FROZEN, "frozen" },
		{ h->member && h->member->part == MEMBER_EXEMPT, "exempt" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (roles[i].applies)
			buf_printf(&role, "%s%s", role.size ? ", " : "", roles[i].name);
	}
	return arena_strdup(s->arena, buf_str(&role));
}

int snapshot_code(const struct snapshot *s)
{
	if (!s->connected || s->unreadable.count)
		return CTL_UNKNOWN;
	return fleet_is_healthy(&s->health) ? CTL_OK : CTL_BAD;
}
