/*
 * trust.keys: an entry is a key, or the absolute path of a file with a key in each line (empty
 * lines, and lines that begin with #, are skipped).
 */
#ifndef ZKNGINX_HOST_SETTINGS_KEYS_H
#define ZKNGINX_HOST_SETTINGS_KEYS_H

#include <zknginx/arena.h>
#include <zknginx/settings.h>

/* Replaces `keys` by the keys themselves, and lists the files. NULL, or the error, in the arena. */
const char *settings_keys_expand(struct arena *a, struct trust_settings *t);

#endif
