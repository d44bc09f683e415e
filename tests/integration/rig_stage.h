/* The state directory of a test, and what the tests of stage and deploy do with it. */
#ifndef ZKNGINX_TESTS_RIG_STAGE_H
#define ZKNGINX_TESTS_RIG_STAGE_H

#include "nginx/stage.h"
#include "rig.h"
#include "rig_bundle.h"

/* Fails the test, with the error's text. `e` names the struct err in the call. */
#define OK(call)                                                                                   \
	do {                                                                                       \
		struct err e_;                                                                     \
		struct err *e = &e_;                                                               \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, e_.text);                                        \
	} while (0)

/* The directory that the functions below use: a new one, or a given one. */
void rig_state_fresh(void);
void rig_state_use(const char *directory);
const char *rig_state(void);

/* Keeps two generations. */
struct stage *rig_stage_open(void);
struct stage *rig_stage_open_as_it_is(void);
/* Write, sync and publish; returns the number. */
unsigned long rig_stage_put(struct stage *s, const char *http, const char *stream);

/* A file of the state directory: its path, its content, whether it exists (a link counts). */
char *rig_state_path(const char *name);
char *rig_state_file(const char *name);
bool rig_state_has(const char *name);

struct tree *rig_tree(const char *text);

#endif
