/*
 * A directory in which the daemon's commands may lie: nobody but root and this user may
 * write it or anything above it, which is never so below /tmp.
 */
#ifndef ZKNGINX_TESTS_RIG_PRIVATE_H
#define ZKNGINX_TESTS_RIG_PRIVATE_H

#include "rig.h"

/* "DIRECTORY/name", formatted; valid until rig_private_clean(). The directory is made on first use;
 * where this machine has no place for one, the test is skipped. */
char *rig_private_path(const char *fmt, ...) PRINTF(1, 2);
/* An executable file in it; its path. */
char *rig_private_script(const char *name, const char *text);
void rig_private_clean(void);

#endif
