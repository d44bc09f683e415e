/* The input of decode and discover. */
#ifndef ZKNGINX_DECODE_INPUT_H
#define ZKNGINX_DECODE_INPUT_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "core/discover/names.h"
#include "core/policy/policy.h"

struct decode_cache;
struct expansion;

struct decode_input {
	const struct tree *tree;     /* the newest settled tree */
	const struct tree *accepted; /* the last good znodes; may be empty, never NULL */
	const struct policy *policy;
	const char *root;                  /* zookeeper.config */
	const struct names *names;         /* NULL: host names are left to nginx */
	const struct expansion *expansion; /* that made the tree; NULL: it is as it was written */
	struct decode_cache *cache;        /* of the run before; NULL: nothing is kept */
};

#endif
