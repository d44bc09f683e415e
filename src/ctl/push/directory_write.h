/*
 * Writes the config into a directory, one file a znode (directory.h), and removes files of znodes
 * that are gone. Nothing outside of the directory is written: no symbolic link below it is
 * followed, and no other file is touched.
 */
#ifndef ZKNGINX_CTL_DIRECTORY_WRITE_H
#define ZKNGINX_CTL_DIRECTORY_WRITE_H

#include "core/fleet/config_edit.h"

/*
 * Carries out the edit from what the directory has to what it is to have. A line feed is added to
 * data that does not end in one. Stops at the first error; what was written before stays.
 */
int directory_write(const char *path, const struct config_edit *edit, struct err *e);

#endif
