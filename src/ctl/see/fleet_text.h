/* The fleet for people: a table of hosts, the rollout, problems, alerts, and the verdict. */
#ifndef ZKNGINX_CTL_FLEET_TEXT_H
#define ZKNGINX_CTL_FLEET_TEXT_H

#include "ctl/znodes/snapshot.h"

#define SHORT_REVISION 12 /* digits */

/* The whole status. now: for the ages. hosts_most: of the hosts with nothing wrong, no more than
 * that many are listed (SIZE_MAX: all). */
void fleet_print(const struct ctl *ctl, const struct snapshot *s, const struct screen *screen,
		 uint64_t now, size_t hosts_most);
/* The rollout; nothing where there is no plan. */
void rollout_print(const struct ctl *ctl, const struct snapshot *s, const struct screen *screen,
		   uint64_t now);
/* The folded problems, and the alerts. Nothing is printed where there are none. */
void problems_print(const struct snapshot *s, const struct screen *screen, uint64_t now);
void alerts_print(const struct snapshot *s, const struct screen *screen, uint64_t now);
/* A whole report. now: for the ages. */
void report_print(const struct status *r, const struct screen *screen, uint64_t now);

/* How a host's state looks. */
enum color state_color(const char *state);
/* "on 3 of 12 hosts: web1, web2, web3", in the arena. */
const char *hosts_words(struct arena *a, const char *const *hosts, size_t count, size_t all);

#endif
