/*
 * nginx -t of a config, in the daemon's sandbox, on this machine.
 *
 * On a host of the fleet (the state directory has a live generation that nginx.conf includes) it is
 * tested with the host's own nginx.conf, and what that claims no znode may claim. Elsewhere it is
 * tested with a small nginx.conf that has nothing else in it. nginx stops at its first error, so
 * the znodes that it names are left out and the rest is tested again. What it refuses without the
 * name of a znode is a problem of the config's root, if it accepts a config without znodes.
 *
 * Host names are not resolved: nginx sees an address in place of each.
 */
#ifndef ZKNGINX_CTL_LINT_NGINX_H
#define ZKNGINX_CTL_LINT_NGINX_H

#include "ctl/console/ctl.h"
#include "lint.h"

/*
 * 1: tested, and what nginx refuses was added to the problems. 0: not tested. *note (the caller
 * frees; may be NULL after 1) says why, or which part was not tested. in->names is not used.
 */
int lint_nginx(struct ctl *ctl, const struct lint_input *in, struct problems *problems,
	       char **note);

/* Is this a host of the fleet, and can nginx -t be run? */
bool lint_nginx_has_host(const struct ctl *ctl);

#endif
