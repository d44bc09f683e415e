/* The state directory: who may write it, the room in it, and the live generation. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <zknginx/bundle.h>

#include "doctor.h"
#include "sys/disk.h"

#define MEGABYTE ((uint64_t)1 << 20)
#define SPACE_LOW (64 * MEGABYTE)
#define SPACE_OUT (4 * MEGABYTE)
#define FILES_LOW 1000

static const char *const start_daemon = "Start the daemon once: systemctl enable --now zknginxd";

/* A file without a name: nothing is left, and no daemon sees it. */
static int try_to_write(const char *directory, struct err *e)
{
	CLEANUP(disk_close) int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char name[PATH_MAX];

	if (fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return err_sys(e, "%s cannot be written", directory);
	snprintf(name, sizeof(name), "%s/.doctor-XXXXXX", directory);
	fd = mkstemp(name);
	if (fd < 0)
		return err_sys(e, "%s cannot be written", directory);
	unlink(name);
	return 0;
}

static void check_writable(struct doctor *d, const char *path)
{
	CLEANUP(freep) char *generations = xasprintf("%s/generations", path);
	struct err e;

	if (geteuid() != 0)
		doctor_ok(d, "%s belongs to root, and only its owner may write it", path);
	else if (try_to_write(path, &e) < 0 ||
		 (access(generations, F_OK) == 0 && try_to_write(generations, &e) < 0))
		doctor_error(d,
			     "Check the mount (read-only?) and the attributes (lsattr) of the "
			     "directory",
			     "%s", e.text);
	else
		doctor_ok(d, "%s belongs to root and is writable", path);
}

void doctor_check_state_directory(struct doctor *d)
{
	const char *path = d->settings->state.directory;
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT)
		doctor_error(d, start_daemon, "%s does not exist", path);
	else if (stat(path, &st) < 0)
		doctor_error(d, "Check the directories above it", "%s: %m", path);
	else if (!S_ISDIR(st.st_mode))
		doctor_error(d, "Move the file away, and start the daemon", "%s is not a directory",
			     path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		doctor_error(d, arena_printf(d->arena, "chown root %s", path),
			     "%s belongs to user %u, who can replace what nginx loads", path,
			     (unsigned)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		doctor_error(d, arena_printf(d->arena, "chmod 0755 %s", path),
			     "%s has mode %04o: other users can replace what nginx loads", path,
			     (unsigned)st.st_mode & 07777);
	else
		check_writable(d, path);
}

void doctor_check_space(struct doctor *d)
{
	const char *path = d->settings->state.directory;
	static const char *const fix = "Make room, or lower state.keep";
	struct statvfs fs;
	uint64_t space;

	if (statvfs(path, &fs) < 0) {
		doctor_skip(d, "%s: %m", path);
		return;
	}
	space = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (space < SPACE_LOW)
		doctor_report(d, space < SPACE_OUT ? DOCTOR_ERROR : DOCTOR_WARNING, fix,
			      "only %llu kB are free in %s", (unsigned long long)(space / 1024),
			      path);
	else if (fs.f_files && fs.f_favail < FILES_LOW)
		doctor_warn(d, fix, "only %llu files can be created in %s",
			    (unsigned long long)fs.f_favail, path);
	else
		doctor_ok(d, "%llu MB are free in %s", (unsigned long long)(space / MEGABYTE),
			  path);
}

/* The name of the first file of the generation that is missing; NULL: none is. */
static const char *missing_file(struct doctor *d, const char *directory)
{
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++) {
		struct stat st;

		if (stat(arena_printf(d->arena, "%s/%s", directory, bundle_file_name(f)), &st) <
			    0 ||
		    !S_ISREG(st.st_mode))
			return bundle_file_name(f);
	}
	return NULL;
}

void doctor_check_live(struct doctor *d)
{
	const char *link = arena_printf(d->arena, "%s/live", d->settings->state.directory);
	char target[PATH_MAX];
	ssize_t size = readlink(link, target, sizeof(target) - 1);
	const char *missing;

	if (size < 0 && errno == EINVAL) {
		doctor_error(d, "Move it away, and restart zknginxd", "%s is not a symbolic link",
			     link);
		return;
	}
	if (size < 0) {
		doctor_error(d, start_daemon, "%s: %m", link);
		return;
	}
	target[size] = '\0';
	missing = missing_file(d, link);
	if (missing) {
		doctor_error(d, "Restart zknginxd: it puts the newest intact generation in place",
			     "%s -> %s: there is no file %s", link, target, missing);
		return;
	}
	d->live = arena_strdup(d->arena, link);
	doctor_ok(d, "%s -> %s", link, target);
}
