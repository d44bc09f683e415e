/*
 * The inside of the sandbox: what the child does between fork and exec.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_NAMESPACE_H
#define ZKNGINX_NGINX_SANDBOX_NAMESPACE_H

#include <sys/resource.h>

#include "sandbox_mounts.h"

struct enclosure {
	int mount_namespace; /* the master's; -1: it is ours */
	const char *staged;  /* what MOUNT_ATTACH attaches; NULL where no step does */
	const struct mount_step *steps;
	size_t step_count;
	struct rlimit files; /* how many files the master may open; rlim_cur 0: unknown */
	int staged_tree;     /* set by enclosure_enter() */
	char words[1024];    /* the error */
};

/* A child_spec's prepare; ctx is a struct enclosure. */
int enclosure_enter(void *ctx, const char **what);

/* Does this host allow it? Tried in a child. */
int enclosure_probe(const char *directory, struct err *e);

#endif
