/* Names for completion: what an argument can be, from ZooKeeper. */
#ifndef ZKNGINX_CTL_CANDIDATES_H
#define ZKNGINX_CTL_CANDIDATES_H

#include "ctl/console/command.h"

struct candidates {
	struct ctl *ctl;
	struct arena *arena;
	const char *word; /* that is being completed */
	void (*add)(void *ctx, const char *candidate, const char *description);
	void *ctx;
};

/* Every name of this kind, also those that the word is no beginning of. before: the argument before
 * it (NULL: none). Nothing when ZooKeeper does not answer within a second, or within the --timeout
 * of this command itself. */
void candidates_of(const struct candidates *c, enum word kind, const char *before);

#endif
