/*
 * A directory that is taken over is looked at twice: before the exchange, and file by file when it
 * is removed. A file that was written meanwhile is not removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/bundle.h>
#include <zknginx/log.h>

#include "generation.h"
#include "live_link.h"

#define TEMPORARY ".live.tmp"

bool live_link_read(struct place root, unsigned long *n)
{
	static const char start[] = "generations/";
	char target[64];
	ssize_t size = readlinkat(root.fd, LIVE_LINK, target, sizeof(target) - 1);

	if (size < 0)
		return false;
	target[size] = '\0';
	return strncmp(target, start, strlen(start)) == 0 &&
	       generation_parse(target + strlen(start), n);
}

/* --- a directory in its place --------------------------------------------------------------- */

static bool is_file_of_ours(const char *name)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (strcmp(name, bundle_file_name((enum bundle_file)f)) == 0)
			return true;
	}
	return false;
}

static bool is_placeholder(int directory, const char *name)
{
	struct stat st;

	return is_file_of_ours(name) && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && st.st_size == 0;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The first entry that is more than a placeholder; "": there is none. False: no such directory. */
static bool find_content(struct place root, const char *name, char content[256])
{
	CLEANUP(disk_close) int fd = -1;
	struct dirent *entry;
	DIR *dir;
	int copy;

	content[0] = '\0';
	if (disk_open_directory(root, name, &fd, NULL) < 0)
		return false;
	copy = dup(fd);
	dir = copy >= 0 ? fdopendir(copy) : NULL;
	if (!dir) {
		disk_close(&copy);
		return false;
	}
	while (!content[0] && (entry = readdir(dir))) {
		if (!is_dot(entry->d_name) && !is_placeholder(fd, entry->d_name))
			snprintf(content, 256, "%s", entry->d_name);
	}
	closedir(dir);
	return true;
}

bool live_link_is_free(struct place root)
{
	char content[256];

	if (faccessat(root.fd, LIVE_LINK, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return find_content(root, LIVE_LINK, content) && !content[0];
}

int live_link_check(struct place root, struct err *e)
{
	char content[256];

	if (!find_content(root, LIVE_LINK, content) || !content[0])
		return 0;
	return err_set(
		e, ERR_INPUT,
		"%s/" LIVE_LINK " is a directory that holds \"%s\"; expected a symbolic "
		"link, which zknginxd makes itself. Move the directory away (mv %s/" LIVE_LINK
		" %s/" LIVE_LINK ".old) and start zknginxd again",
		root.where, content, root.where, root.where);
}

static void remove_directory(struct place root)
{
	CLEANUP(disk_close) int fd = -1;

	if (disk_open_directory(root, TEMPORARY, &fd, NULL) < 0)
		return;
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const char *name = bundle_file_name((enum bundle_file)f);

		if (is_placeholder(fd, name))
			unlinkat(fd, name, 0);
	}
	if (unlinkat(root.fd, TEMPORARY, AT_REMOVEDIR) < 0)
		log_warning("%s/" TEMPORARY " was %s/" LIVE_LINK " before and cannot be removed: "
			    "%s",
			    root.where, root.where, strerrordesc_np(errno));
}

/* One exchange: nginx never finds nothing there. */
static int take_over(struct place root, struct err *e)
{
	if (live_link_check(root, e) < 0)
		return -1;
	if (renameat2(root.fd, TEMPORARY, root.fd, LIVE_LINK, RENAME_EXCHANGE) < 0)
		return err_sys(e, "exchange the directory %s/" LIVE_LINK " for a link", root.where);
	log_notice("%s/" LIVE_LINK " was a directory without content; it is a link to a generation "
		   "now",
		   root.where);
	remove_directory(root);
	return 0;
}

/* --- pointing ------------------------------------------------------------------------------- */

void live_link_sweep(struct place root)
{
	unlinkat(root.fd, TEMPORARY, 0);
}

static int replace(struct place root, struct err *e)
{
	if (renameat(root.fd, TEMPORARY, root.fd, LIVE_LINK) == 0)
		return 0;
	if (errno == EISDIR)
		return take_over(root, e);
	return err_sys(e, "rename to %s/" LIVE_LINK, root.where);
}

int live_link_point(struct place root, unsigned long n, struct err *e)
{
	char target[64];

	snprintf(target, sizeof(target), "generations/%lu", n);
	live_link_sweep(root);
	if (symlinkat(target, root.fd, TEMPORARY) < 0)
		return err_sys(e, "symlink %s/" TEMPORARY, root.where);
	if (replace(root, e) == 0)
		return 0;
	live_link_sweep(root);
	return -1;
}
