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

#include "core/status/fleet_problems.h"
#include "ctl/console/ctl.h"

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
