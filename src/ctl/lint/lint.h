/*
 * Lint: what the daemons would say of a config, without a daemon. The verdict is that of their own
 * compose(): decode, policy and link.
 *
 * Registrations of applications and addresses of host names are not known here, so nothing is said
 * about them: an upstream without a server is no problem. Guards are left out as well.
 */
#ifndef ZKNGINX_CTL_LINT_H
#define ZKNGINX_CTL_LINT_H

#include <zknginx/model.h>
#include <zknginx/problem.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

#include "core/compose/host_claims.h"
#include "core/discover/names.h"

struct lint_input {
	const struct tree *tree;        /* the config, below zookeeper.config */
	const struct tree *accepted;    /* the config in ZooKeeper, which keeps what it has when
					   another object claims the same; NULL: there is none */
	const struct host_claims *host; /* of nginx.conf; NULL: read from its files, if this is a
					   host of the fleet */
	const struct names *names;      /* NULL: host names stay as they are */
};

/* Adds the problems of all znodes, sorted. The caller frees the model. */
struct model *lint_compose(const struct settings *settings, const struct lint_input *in,
			   struct problems *problems);

/*
 * Adds the problems that writing `after` in place of `before` (what ZooKeeper has) would make:
 * those of znodes that change, and those of others that they did not have before.
 */
void lint_change(const struct settings *settings, const struct tree *before,
		 const struct tree *after, struct problems *problems);

#endif
