/*
 * The config as ZooKeeper has it now, read as a daemon reads it: the objects, the registrations
 * that the upstreams discover, the overrides; composed by the daemon's own compose().
 *
 * Guards are left out, and nothing counts as accepted before: what a host keeps because of either
 * is known from its report alone, which `view` has.
 */
#ifndef ZKNGINX_CTL_COMPOSED_H
#define ZKNGINX_CTL_COMPOSED_H

#include <zknginx/model.h>

#include "core/data/layout.h"
#include "core/status/fleet_problems.h"
#include "ctl/console/ctl.h"

struct reader;

struct composed {
	struct arena *arena;
	struct tree *tree, *cluster_tree;
	struct model *model;
	struct problems problems; /* of this composing; sorted */
	struct overrides *overrides;
	const char *root;                 /* zookeeper.config */
	struct fleet_view view;           /* the hosts and their reports, without the config */
	struct problems unreadable_hosts; /* then `view` lacks hosts */
	char revision[DIGEST_HEX_SIZE];
	struct fleet_problem *reported; /* by the hosts, folded */
	size_t reported_count;
};

int composed_read(struct ctl *ctl, struct composed **out, struct err *e);
void composed_free(struct composed *c);
DEFINE_CLEANUP(struct composed *, composed_free)

/*
 * The same for a caller that reads on: the reader follows the config, the overrides, and what the
 * upstreams discover servers at. Of each of its trees (one reference, given away) there is a config
 * without hosts; NULL: the upstreams discover more than the reader followed, and another tree
 * comes.
 */
struct roots;
int composed_reader(struct ctl *ctl, struct roots *roots, struct reader **out, struct err *e);
struct composed *composed_new(const struct ctl *ctl, struct tree *tree, struct reader *r,
			      struct roots *roots);
/* The hosts and their reports, from a tree that has the cluster (one reference, given away). What
 * is in the arena ends. */
void composed_set_hosts(struct composed *c, const struct ctl *ctl, struct tree *cluster);

/* The path of the next object of the kind from *i on, which is advanced; NULL: there is none. */
const char *composed_next(const struct composed *c, enum config_kind kind, size_t *i);

/* An upstream that can be used; NULL: there is none, and the operator was told why. */
const struct upstream *composed_upstream(const struct composed *c, const char *name);
/* "This is what ZooKeeper has now; N of M hosts run it."; says when hosts cannot be read, and when
 * a push is unfinished. */
void composed_print_origin(const struct composed *c, const struct screen *screen);

/* The problems at and below these paths: what the hosts report, then what composing found and no
 * host reports. In the arena. */
struct object_problem {
	const struct problem *problem;
	const struct fleet_problem *reported; /* NULL: no host has reported it */
};
size_t composed_problems(const struct composed *c, const char *const *paths, size_t count,
			 struct object_problem **out);
void object_problems_print(const struct composed *c, const struct screen *screen,
			   const struct object_problem *items, size_t count);
json_t *object_problems_json(const struct object_problem *items, size_t count);

#endif
