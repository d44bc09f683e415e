/* See lint_small_config.h. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/policy/policy.h"
#include "lint_small_config.h"
#include "sys/disk.h"

/* --- files beside it ------------------------------------------------------------------------- */

static int link_file(const char *from, const char *to, const char *name, struct err *e)
{
	CLEANUP(freep) char *target = xasprintf("%s/%s", from, name);
	CLEANUP(freep) char *path = xasprintf("%s/%s", to, name);

	if (symlink(target, path) < 0 && errno != EEXIST)
		return err_sys(e, "%s", path);
	return 0;
}

/* What is there already stays. */
static int link_files(const char *from, const char *to, struct err *e)
{
	struct dirent **entries = NULL;
	int count = scandir(from, &entries, NULL, alphasort), rc = 0;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (rc == 0 && name[0] != '.' && strcmp(name, "nginx.conf") != 0)
			rc = link_file(from, to, name, e);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* A machine without nginx's own files still tests the rest: an empty file stands in for one. */
static int stand_in(const char *directory, struct err *e)
{
	for (const char *const *name = policy_included_files(); *name; name++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, *name);

		if (access(path, F_OK) < 0 &&
		    disk_replace_path(path, 0644, "", 0, DISK_VOLATILE, e) < 0)
			return -1;
	}
	return 0;
}

static int bring_files(const char *host_directory, const char *directory, struct err *e)
{
	if (link_files(host_directory, directory, e) < 0 ||
	    link_files("/etc/nginx", directory, e) < 0)
		return -1;
	return stand_in(directory, e);
}

/* --- its text -------------------------------------------------------------------------------- */

static bool has_stream(const struct model *m)
{
	for (size_t i = 0; i < m->site_count; i++) {
		if (m->sites[i].protocol == PROTOCOL_STREAM)
			return true;
	}
	for (size_t i = 0; i < m->snippet_count; i++) {
		if (m->snippets[i].context == PROTOCOL_STREAM)
			return true;
	}
	return false;
}

static void print_config(const struct settings *s, const char *host_directory, bool stream,
			 struct buf *out)
{
	CLEANUP(freep) char *modules = xasprintf("%s/modules-enabled", host_directory);
	const char *directory = s->state.directory;

	buf_printf(out, "pid %s;\nerror_log stderr;\n", s->nginx.pid);
	if (access(modules, R_OK) == 0)
		buf_printf(out, "include %s/*.conf;\n", modules);
	buf_printf(out, "events { }\nhttp {\n\taccess_log off;\n\tinclude %s/live/http.conf;\n}\n",
		   directory);
	if (stream)
		buf_printf(out, "stream {\n\tinclude %s/live/stream.conf;\n}\n", directory);
}

int small_config_write(const struct settings *s, const char *host_config, const struct model *m,
		       struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *slash = strrchr(host_config, '/');
	CLEANUP(freep)
	char *host_directory = strndup(host_config, slash ? (size_t)(slash - host_config) : 0);

	if (bring_files(host_directory, s->state.directory, e) < 0)
		return -1;
	print_config(s, host_directory, has_stream(m), &text);
	return disk_replace_path(s->nginx.config, 0644, buf_str(&text), text.size, DISK_VOLATILE,
				 e);
}
