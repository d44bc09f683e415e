/* Who changes the config, and why, where the command line does not say so. */
#ifndef ZKNGINX_CTL_AUTHOR_H
#define ZKNGINX_CTL_AUTHOR_H

#include <zknginx/arena.h>

/*
 * The commit of the git repository that the directory belongs to, "1a2b3c4 The shop gets a cache",
 * with a mark when files of the directory are not committed; "" when it is in none, or git is not
 * installed.
 */
const char *author_commit(struct arena *a, const char *directory);

#endif
