/*
 * Which files and directories of the host znodes may name: plain absolute paths within the
 * directories of the settings. Symbolic links are not checked: nginx follows them.
 */
#include <string.h>

#include "core/text/emit.h"
#include "policy.h"

static bool has_parent_segment(const char *path)
{
	const char *s = path;

	while ((s = strstr(s, "/.."))) {
		s += 3;
		if (!*s || *s == '/')
			return true;
	}
	return false;
}

/* Equal to root, or below it; a slash at the root's end means nothing. */
static bool is_within(const char *path, const char *root)
{
	size_t size = strlen(root);

	while (size && root[size - 1] == '/')
		size--;
	return root[0] == '/' && strncmp(path, root, size) == 0 &&
	       (path[size] == '/' || !path[size]);
}

static bool is_within_any(const char *path, const char *const *roots)
{
	for (; roots && *roots; roots++) {
		if (is_within(path, *roots))
			return true;
	}
	return false;
}

static bool is_around_any(const char *path, const char *const *directories)
{
	for (; directories && *directories; directories++) {
		if (is_within(*directories, path))
			return true;
	}
	return false;
}

static bool is_plain(const char *path)
{
	return path[0] == '/' && !has_parent_segment(path) &&
	       emit_text_is_valid(path, TEXT_PLAIN, NULL);
}

bool policy_allows_path(const struct policy *p, const char *path)
{
	return is_plain(path) && (p->level == POLICY_ALL || is_within_any(path, p->roots) ||
				  is_within_any(path, p->certificates));
}

bool policy_may_serve(const struct policy *p, const char *path)
{
	if (!is_plain(path) || p->level == POLICY_ALL)
		return is_plain(path);
	return is_within_any(path, p->roots) && !is_within_any(path, p->certificates) &&
	       !is_around_any(path, p->certificates);
}
