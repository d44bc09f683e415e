/*
 * A directory for the daemon's commands: only root and this user may write to it and to its
 * parents. A directory below /tmp is never suitable.
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
