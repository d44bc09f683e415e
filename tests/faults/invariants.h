/*
 * What must hold at each instant, looked at by a process of its own, many times a second:
 *
 * I2	the live generation has exactly the files that its manifest says
 * I3	nginx has never refused what the daemon made it read: no [emerg] in its log
 * I4	while the status says "applied" for the live generation, nginx answers what is in its files
 * I7	the generations on disk stay few
 */
#ifndef ZKNGINX_TESTS_INVARIANTS_H
#define ZKNGINX_TESTS_INVARIANTS_H

#include "../integration/rig_nginx.h"

struct invariants;

/* port: of the site that the daemon rendered; its answer is a word that its files contain. */
struct invariants *invariants_start(const struct rig_nginx *n, int port);
/* From now on nginx may refuse a configuration: the case makes its reload fail. */
void invariants_allow_emerg(struct invariants *v);
/* How often it looked so far. */
unsigned long invariants_looks(const struct invariants *v);
/* The first that did not hold, "I2: …"; "" when all did. */
const char *invariants_broken(const struct invariants *v);
void invariants_stop(struct invariants *v);

#endif
