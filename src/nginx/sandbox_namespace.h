/*
 * The inside of the sandbox: what the child does between fork and exec.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_NAMESPACE_H
#define ZKNGINX_NGINX_SANDBOX_NAMESPACE_H

#include <stdbool.h>
#include <sys/resource.h>

#include "sandbox_mounts.h"

struct enclosure {
	int mount_namespace; /* the master's; -1: it is ours */
	const char *staged;  /* what MOUNT_ATTACH attaches; NULL where no step does */
	const struct mount_step *steps;
	size_t step_count;
	struct rlimit files; /* how many files the master may open; rlim_cur 0: unknown */
	bool ends;           /* the child ends when it is inside, with status 0 */
	int staged_tree;     /* set by enclosure_enter() */
	char words[1024];    /* the error */
};

/* A child_spec's prepare; ctx is a struct enclosure. */
int enclosure_enter(void *ctx, const char **what);

#endif
