/*
 * What a broken or hostile server sends: one tamper (rig_wire.h) for each way in which frames are
 * not what a healthy server sends.
 */
#ifndef ZKNGINX_TESTS_RIG_HOSTILE_H
#define ZKNGINX_TESTS_RIG_HOSTILE_H

#include "rig_wire.h"

struct rig_hostile {
	const char *name;
	rig_tamper *tamper;
	const char *words; /* of the alert zookeeper-distrusted */
};

extern const struct rig_hostile rig_hostile[];
extern const size_t rig_hostile_count;

/* The server appears to do rig_hostile[i] after rig_wire_tamper(w, i). */
struct rig_wire *rig_hostile_start(int target);

#endif
