/* Paths of znodes. */
#include <string.h>

#include <zknginx/tree.h>

/* '/' sorts before all other bytes, so descendants directly follow their ancestor. */
static int rank(unsigned char c)
{
	if (c == '\0')
		return 0;
	return c == '/' ? 1 : c + 1;
}

int path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank((unsigned char)*a) - rank((unsigned char)*b);
}

bool path_is_below(const char *path, const char *ancestor)
{
	size_t size = strlen(ancestor);

	if (strcmp(ancestor, "/") == 0)
		return path[0] == '/' && path[1] != '\0';
	return strncmp(path, ancestor, size) == 0 && path[size] == '/' && path[size + 1] != '\0';
}

bool path_is_within(const char *path, const char *ancestor)
{
	return strcmp(path, ancestor) == 0 || path_is_below(path, ancestor);
}

bool path_is_within_any(const char *path, const char *const *ancestors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (path_is_within(path, ancestors[i]))
			return true;
	}
	return false;
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *path_relative(const char *path, const char *root)
{
	if (strcmp(path, root) == 0)
		return "";
	if (!path_is_below(path, root))
		return NULL;
	return path + (strcmp(root, "/") == 0 ? 1 : strlen(root) + 1);
}
