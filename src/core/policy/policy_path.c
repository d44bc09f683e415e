/*
 * Which files and directories of the host znodes may name: plain absolute paths within the
 * directories of the settings. Symbolic links are not checked: nginx follows them.
 */
#include <stdio.h>
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

/* --- logs ------------------------------------------------------------------------------------ */

/* What follows DIRECTORY and a slash; NULL: the path is elsewhere. */
static const char *within_directory(const char *path, const char *directory, size_t size)
{
	while (size && directory[size - 1] == '/')
		size--;
	if (strncmp(path, directory, size) != 0 || path[size] != '/')
		return NULL;
	return path + size + 1;
}

/* A file name of letters, digits, `_`, `-` and dots, the first of which is no dot. */
static bool is_plain_name(const char *name)
{
	static const char bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return *name && *name != '.' && !name[strspn(name, bytes)];
}

static bool has_ending(const char *name, const char *ending)
{
	size_t size = strlen(name), tail = strlen(ending);

	return size > tail && strcmp(name + size - tail, ending) == 0;
}

bool policy_allows_log(const struct policy *p, const char *path)
{
	const char *directory = p->log_directory ?: "/var/log/nginx";
	const char *name = within_directory(path, directory, strlen(directory));

	return name && is_plain_name(name) && has_ending(name, ".log");
}

/* --- included files -------------------------------------------------------------------------- */

const char *const *policy_included_files(void)
{
	static const char *const names[] = {
		"fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "proxy_params",
		"mime.types",     "koi-utf",      "koi-win",      "win-utf",     NULL
	};

	return names;
}

bool policy_allows_include(const struct policy *p, const char *path, bool *snippet)
{
	const char *const *names = policy_included_files();
	const char *config = p->nginx_config ?: "/etc/nginx/nginx.conf", *slash;

	*snippet = false;
	if (strcmp(path, "/etc/letsencrypt/options-ssl-nginx.conf") == 0)
		return true;
	slash = strrchr(config, '/');
	if (*path == '/')
		path = slash ? within_directory(path, config, (size_t)(slash - config)) : NULL;
	for (; path && *names; names++) {
		if (strcmp(path, *names) == 0)
			return true;
	}
	*snippet = path && strncmp(path, "snippets/", 9) == 0 && is_plain_name(path + 9) &&
		   has_ending(path + 9, ".conf");
	return *snippet;
}
