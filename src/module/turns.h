/*
 * The turns that the servers of the two lists are owed. nginx counts them in units of the sum of
 * the weights. When that sum has doubled or halved they are brought to it: else one server could
 * get all requests for a while.
 */
#ifndef ZKNGINX_MODULE_TURNS_H
#define ZKNGINX_MODULE_TURNS_H

#include "servers.h"

bool turns_are_old(const struct half half[2]);
/* Under both locks. Turns that were counted before the first change stay. */
void turns_scale(struct half half[2]);

#endif
