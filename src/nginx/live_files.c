/* The fingerprints are taken before the bytes are read, so that a change meanwhile shows. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "generation.h"
#include "live_files.h"
#include "proc.h"

void live_files_forget(struct live_files *f)
{
	f->has_checked = false;
}

/* `directory`: the generation's, or the link to it. False when one of them is not there. */
static bool look(struct place in, const char *directory, struct fingerprint now[BUNDLE_FILE_N],
		 const char **name)
{
	memset(now, 0, BUNDLE_FILE_N * sizeof(*now));
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		char path[64];
		struct stat st;

		*name = bundle_file_name((enum bundle_file)f);
		snprintf(path, sizeof(path), "%s/%s", directory, *name);
		if (fstatat(in.fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
		now[f] = fingerprint_of(&st);
	}
	return true;
}

static bool bytes_match(struct place all, const struct manifest *live, const char **name)
{
	CLEANUP(freep) char *where = generation_path(all, live->generation);
	CLEANUP(disk_close) int fd = -1;
	struct digest found;

	if (generation_open(all, live->generation, &fd, NULL) < 0)
		return false;
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		*name = bundle_file_name((enum bundle_file)f);
		if (disk_digest((struct place){ fd, where }, *name, &found, NULL) < 0 ||
		    !digest_equal(&found, &live->files[f]))
			return false;
	}
	return true;
}

static uint64_t reread_ticks(void)
{
	return 3600 * (uint64_t)sysconf(_SC_CLK_TCK);
}

static bool are_checked(const struct live_files *f, const struct fingerprint now[BUNDLE_FILE_N])
{
	bool same = f->has_checked && proc_ticks() - f->checked_at < reread_ticks();

	for (int i = 0; i < BUNDLE_FILE_N; i++)
		same = same && fingerprint_same(&now[i], &f->checked[i]);
	return same;
}

bool live_files_are_as_checked(const struct live_files *f, struct place root, const char *link)
{
	struct fingerprint now[BUNDLE_FILE_N];
	const char *name;

	return f->has_checked && look(root, link, now, &name) && are_checked(f, now);
}

bool live_files_are_intact(struct live_files *f, struct place all, const struct manifest *live,
			   const char **name)
{
	struct fingerprint now[BUNDLE_FILE_N];

	if (!look(all, generation_name(live->generation).text, now, name))
		return false;
	if (are_checked(f, now))
		return true;
	f->has_checked = bytes_match(all, live, name);
	memcpy(f->checked, now, sizeof(now));
	f->checked_at = proc_ticks();
	return f->has_checked;
}
