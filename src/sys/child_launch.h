/*
 * The child's side of fork: what it does until exec. Everything that it needs is in `struct
 * launch`, which is prepared before the fork.
 */
#ifndef ZKNGINX_SYS_CHILD_LAUNCH_H
#define ZKNGINX_SYS_CHILD_LAUNCH_H

#include <sys/types.h>

#include "child.h"

/* What goes through the close-on-exec pipe when the child cannot become the program. */
struct launch_failure {
	int sys; /* errno; 0: `what` says all */
	char what[508];
};

struct launch {
	const struct child_spec *spec;
	int input, output, errors; /* become 0, 1, 2 */
	int failure;               /* write end for one struct launch_failure */
	int descriptors;           /* all open ones are below this (kernels without close_range) */
	pid_t parent;
};

/* A bound for `descriptors`. */
int launch_descriptors(void);

void launch_child(const struct launch *l) __attribute__((noreturn));

#endif
