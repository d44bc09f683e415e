/*
 * Are the files of the live generation as they were published? Cheap while they do not change:
 * their bytes are read again only when stat(2) shows a change, and once an hour, because a failing
 * disk changes bytes without changing a time.
 */
#ifndef ZKNGINX_NGINX_LIVE_FILES_H
#define ZKNGINX_NGINX_LIVE_FILES_H

#include "fingerprint.h"
#include "manifest.h"
#include "sys/disk.h"

struct live_files {
	struct fingerprint checked[BUNDLE_FILE_N]; /* when their bytes were last found right */
	bool has_checked;
	uint64_t checked_at; /* clock ticks since boot */
};

/* `all`: STATE/generations; live: the manifest of the live generation. *name: the first file that
 * differs. */
bool live_files_are_intact(struct live_files *f, struct place all, const struct manifest *live,
			   const char **name);
/* Does the link in STATE lead to the very files that were found right last? */
bool live_files_are_as_checked(const struct live_files *f, struct place root, const char *link);
/* Another generation is live. */
void live_files_forget(struct live_files *f);

#endif
