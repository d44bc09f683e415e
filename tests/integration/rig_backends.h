/*
 * Backends: a process of its own that listens on several ports of loopback, and does on each what
 * the test says: answer, answer 500, answer nothing, reset, answer slowly. It counts what it gets.
 */
#ifndef ZKNGINX_TESTS_RIG_BACKENDS_H
#define ZKNGINX_TESTS_RIG_BACKENDS_H

#include "rig.h"

#define RIG_BACKENDS_MOST 16

enum rig_backend_mode {
	BACKEND_ANSWERS,
	BACKEND_FAILS,  /* 500 */
	BACKEND_HANGS,  /* takes the request, and says nothing */
	BACKEND_RESETS, /* closes the connection with a reset */
	BACKEND_DRIPS,  /* a byte of the answer every 100 ms */
	BACKEND_BABBLES /* not in HTTP */
};

struct rig_backends;
struct rig_backends *rig_backends_start(size_t count);
void rig_backends_stop(struct rig_backends *b);

int rig_backend_port(const struct rig_backends *b, size_t i);
void rig_backend_set(struct rig_backends *b, size_t i, enum rig_backend_mode mode);
/* Requests of checks, and of others. */
unsigned long rig_backend_checks(const struct rig_backends *b, size_t i);
unsigned long rig_backend_visits(const struct rig_backends *b, size_t i);

#endif
