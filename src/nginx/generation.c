/* Reading of generations. A name that is not a plain number is ignored. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generation.h"

void numbers_fini(struct numbers *n)
{
	free(n->items);
	*n = (struct numbers){ 0 };
}

struct generation_name generation_name(unsigned long n)
{
	struct generation_name name;

	snprintf(name.text, sizeof(name.text), "%lu", n);
	return name;
}

bool generation_parse(const char *name, unsigned long *n)
{
	if (strspn(name, "0123456789") != strlen(name) || strlen(name) > 18 || !*name)
		return false;
	if (name[0] == '0' && name[1])
		return false;
	*n = strtoul(name, NULL, 10);
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

int generation_list(struct place all, struct numbers *out, struct err *e)
{
	int copy = openat(all.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	unsigned long n;

	if (!dir) {
		disk_close(&copy);
		return err_sys(e, "read %s", all.where);
	}
	while ((entry = readdir(dir))) {
		if (!generation_parse(entry->d_name, &n))
			continue;
		out->items = xrealloc(out->items, (out->count + 1) * sizeof(*out->items));
		out->items[out->count++] = n;
	}
	closedir(dir);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_numbers);
	return 0;
}

char *generation_path(struct place all, unsigned long n)
{
	return xasprintf("%s/%lu", all.where, n);
}

int generation_open(struct place all, unsigned long n, int *fd, struct err *e)
{
	return disk_open_directory(all, generation_name(n).text, fd, e);
}

/* --- manifest and bytes --------------------------------------------------------------------- */

static int read_manifest(struct place generation, unsigned long n, struct manifest *m,
			 struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (disk_read(generation, MANIFEST_NAME, &text, e) < 0)
		return -1;
	if (manifest_parse(buf_str(&text), text.size, m, e) < 0)
		return err_wrap(e, "%s", generation.where);
	if (m->generation != n)
		return err_set(e, ERR_INPUT, "%s: the manifest is of generation %lu",
			       generation.where, m->generation);
	return 0;
}

static int check_files(struct place generation, const struct manifest *m, struct err *e)
{
	struct digest found;

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const char *name = bundle_file_name((enum bundle_file)f);

		if (disk_digest(generation, name, &found, e) < 0)
			return -1;
		if (!digest_equal(&found, &m->files[f]))
			return err_set(e, ERR_INPUT,
				       "%s/%s does not hold the bytes of its manifest",
				       generation.where, name);
	}
	return 0;
}

int generation_manifest(struct place all, unsigned long n, struct manifest *m, struct err *e)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	CLEANUP(disk_close) int fd = -1;

	if (generation_open(all, n, &fd, e) < 0)
		return -1;
	return read_manifest((struct place){ fd, where }, n, m, e);
}

int generation_verify(struct place all, unsigned long n, struct manifest *m, struct err *e)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	CLEANUP(disk_close) int fd = -1;

	if (generation_open(all, n, &fd, e) < 0 ||
	    read_manifest((struct place){ fd, where }, n, m, e) < 0)
		return -1;
	return check_files((struct place){ fd, where }, m, e);
}

bool generation_is_damaged(struct place all, unsigned long n)
{
	struct err e = { 0 };
	struct manifest m;

	return generation_verify(all, n, &m, &e) < 0 && e.code != ERR_REFUSED;
}

/* --- files ---------------------------------------------------------------------------------- */

static bool stat_file(struct place all, unsigned long n, const char *name, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "%lu/%s", n, name);
	return fstatat(all.fd, path, st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool generation_has_files(struct place all, unsigned long n)
{
	struct stat st;

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (!stat_file(all, n, bundle_file_name((enum bundle_file)f), &st))
			return false;
	}
	return true;
}

bool generation_is_placeholder(struct place all, unsigned long n)
{
	struct stat st;

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (!stat_file(all, n, bundle_file_name((enum bundle_file)f), &st) ||
		    !S_ISREG(st.st_mode) || st.st_size > 0)
			return false;
	}
	return !stat_file(all, n, MANIFEST_NAME, &st);
}
