/*
 * A snapshot: the fleet as ZooKeeper has it at one instant, with its health. The commands that show
 * the fleet show a snapshot.
 */
#ifndef ZKNGINX_CTL_SNAPSHOT_H
#define ZKNGINX_CTL_SNAPSHOT_H

#include <zknginx/history.h>

#include "core/fleet/override.h"
#include "core/status/fleet_health.h"
#include "reader.h"

struct snapshot {
	struct arena *arena;
	struct tree *tree;
	const char *cluster, *config; /* of the settings */
	struct fleet_view view;
	struct fleet_health health;
	struct history_entry *entries; /* by seq */
	size_t entry_count;
	struct overrides *overrides;
	struct problems unreadable; /* paths that cannot be read */
	uint64_t wall;              /* when it was taken */
	bool connected;             /* is it what ZooKeeper has now? */
};

/* A reader of all that a snapshot needs. */
int snapshot_reader(struct ctl *ctl, struct reader **out, struct err *e);
/* From a tree of this reader, which is given away. */
struct snapshot *snapshot_new(const struct ctl *ctl, const struct reader *r, struct tree *tree);
void snapshot_free(struct snapshot *s);
DEFINE_CLEANUP(struct snapshot *, snapshot_free)
/* Both in one, once. */
int snapshot_read(struct ctl *ctl, struct snapshot **out, struct err *e);

/* The history's entry of this number; NULL: there is none. */
const struct history_entry *snapshot_entry(const struct snapshot *s, unsigned long seq);
/* "leader, canary", "" for none, in the arena. */
const char *snapshot_role(const struct snapshot *s, const struct fleet_host *h);
/* The exit code that the fleet's health stands for. */
int snapshot_code(const struct snapshot *s);

#endif
