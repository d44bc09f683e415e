/* The modules of nginx: which nginx they are for, whether nginx runs them, and which upstreams are
 * reloaded nevertheless. */
#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "sys/disk.h"

#define NGINX_MOST ((size_t)64 << 20)
#define NAMED_MOST 3 /* upstreams for each reason */

static const char *build_again(struct doctor *d)
{
	return arena_printf(d->arena, "Install nginx-dev of the version that runs, then: "
				      "make install-module && systemctl reload nginx");
}

/* --- what was installed from source ---------------------------------------------------------- */

/* The bytes of the program that runs, or would run. */
static bool read_nginx(const struct doctor *d, struct buf *out)
{
	CLEANUP(freep) char *running = xasprintf("/proc/%d/exe", (int)d->master);

	return disk_read_linked(d->master ? running : d->settings->nginx.binary, NGINX_MOST, out,
				NULL) == 0;
}

static bool has_string(const struct buf *program, const char *s)
{
	return memmem(program->data, program->size, s, strlen(s) + 1);
}

/* "1.22.1-8,4,8,…": the program says both, and a module of this directory is for it. */
static bool is_for(struct doctor *d, const struct buf *program, const char *name)
{
	size_t version = strcspn(name, "-");

	return name[version] == '-' && has_string(program, name + version + 1) &&
	       has_string(program,
			  arena_printf(d->arena, "nginx version: nginx/%.*s", (int)version, name));
}

struct installed {
	bool fits;            /* one is for the nginx that runs */
	const char *versions; /* of nginx, of all that are there */
};

/* A loader is in a directory for one nginx; beside that are those for others. */
static struct installed look_beside(struct doctor *d, const char *loader)
{
	CLEANUP(buf_fini) struct buf program = BUF_INIT;
	struct installed found = { .versions = "" };
	char *path = arena_strdup(d->arena, loader);
	const struct dirent *entry;
	DIR *all = opendir(dirname(dirname(path)));

	if (!all)
		return found;
	read_nginx(d, &program);
	while ((entry = readdir(all))) {
		if (*entry->d_name == '.')
			continue;
		found.fits = found.fits || is_for(d, &program, entry->d_name);
		found.versions = arena_printf(d->arena, "%s%s%.*s", found.versions,
					      *found.versions ? ", " : "",
					      (int)strcspn(entry->d_name, "-"), entry->d_name);
	}
	closedir(all);
	return found;
}

/* --- what nginx loads ------------------------------------------------------------------------ */

static bool is_loader(const char *path)
{
	size_t size = strlen(path);

	return size > 8 && strcmp(path + size - 8, "/http.so") == 0;
}

/* A module that nginx.conf does not name. */
static const char *unused_module(struct doctor *d)
{
	static const char *const places[] = { "modules/ngx_http_zknginx_module.so",
					      "modules/zknginx" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *path =
			arena_printf(d->arena, "%s/%s", d->nginx.paths[NGINX_PREFIX], places[i]);

		if (access(path, F_OK) == 0)
			return path;
	}
	return NULL;
}

static void report_none(struct doctor *d)
{
	const char *path = unused_module(d);

	if (path)
		doctor_warn(d,
			    "Load it in nginx.conf, above any block, as `make install-module` or "
			    "the package does; see zknginxd(8), Servers without a reload",
			    "%s is installed, and nginx.conf does not load it: each change of "
			    "servers is a reload",
			    path);
	else
		doctor_ok(d, "none is installed: each change of servers is a reload");
}

static void report_silent(struct doctor *d, const char *path)
{
	if (!d->status)
		doctor_ok(d,
			  "nginx.conf loads %s; without a report of the daemon it is unknown "
			  "whether nginx runs it",
			  path);
	else if (!d->model || !d->model->upstream_count)
		doctor_ok(d, "nginx.conf loads %s; there is no upstream yet", path);
	else
		doctor_warn(d,
			    "Reload nginx, or restart it if that does not help: systemctl restart "
			    "nginx; journalctl -u zknginxd says whether a worker was refused",
			    "nginx.conf loads %s, but no worker of the running nginx has told the "
			    "daemon its servers: each change of servers is a reload",
			    path);
}

static void report_loaded(struct doctor *d, const char *path)
{
	struct installed found = { .fits = true };

	if (is_loader(path))
		found = look_beside(d, path);
	if (!found.fits)
		doctor_warn(d, build_again(d),
			    "it is installed for another nginx (%s), and nginx starts without it: "
			    "each change of servers is a reload",
			    found.versions);
	else
		report_silent(d, path);
}

void doctor_check_module(struct doctor *d)
{
	const char *path = doctor_directive(d, "load_module", "zknginx");

	if (d->settings->nginx.servers == SERVERS_RELOAD)
		doctor_ok(d, "nginx.servers is \"reload\": each change of servers is a reload, "
			     "whatever nginx loads");
	else if (d->status && d->status->update_count)
		doctor_ok(d, "the running nginx has it");
	else if (*path)
		report_loaded(d, path);
	else
		report_none(d);
}

/* --- upstreams ------------------------------------------------------------------------------- */

static bool is_reloaded(const struct status_update *u)
{
	return strcmp(u->way, "reload") == 0;
}

static bool is_first_of_reason(const struct status *s, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (is_reloaded(&s->updates[i]) &&
		    strcmp(s->updates[i].why ?: "", s->updates[at].why ?: "") == 0)
			return false;
	}
	return true;
}

/* "\n  a, b and 7 more: REASON" */
static void put_reason(const struct status *s, size_t at, struct buf *out)
{
	const char *why = s->updates[at].why ?: "";
	size_t count = 0;

	for (size_t i = at; i < s->update_count; i++) {
		const struct status_update *u = &s->updates[i];

		if (!is_reloaded(u) || strcmp(u->why ?: "", why) != 0)
			continue;
		if (count < NAMED_MOST)
			buf_printf(out, "%s%s", count ? ", " : "\n  ", u->upstream);
		count++;
	}
	if (count > NAMED_MOST)
		buf_printf(out, " and %zu more", count - NAMED_MOST);
	buf_printf(out, ": %s", why);
}

/* A reload may be what the operator wants ("zone": "off"), so it is no warning. */
void doctor_check_updates(struct doctor *d)
{
	CLEANUP(buf_fini) struct buf reasons = BUF_INIT;
	const struct status *s = d->status;
	size_t reloaded = 0;

	if (!s->update_count) {
		doctor_skip(d, "needs an nginx that runs the module");
		return;
	}
	for (size_t i = 0; i < s->update_count; i++) {
		if (!is_reloaded(&s->updates[i]))
			continue;
		reloaded++;
		if (is_first_of_reason(s, i))
			put_reason(s, i, &reasons);
	}
	doctor_ok(d, "servers of %zu of %zu upstream%s are changed without a reload%s%s",
		  s->update_count - reloaded, s->update_count, PLURAL(s->update_count),
		  reloaded ? ", and the others with one:" : "", buf_str(&reasons));
}
