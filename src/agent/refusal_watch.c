/*
 * Is the cause of a refusal over?
 *
 * nginx's messages name files, ports and host names. While something is refused, files and ports
 * are looked at twice a second, and names are resolved like those of servers. When one of them
 * changes, what was refused is tried again at once. Whatever cannot be seen like that is left to
 * the pauses.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/log.h>

#include "core/deploy/cause.h"
#include "daemon.h"
#include "nginx/proc.h"

#define LOOK (500 * USEC_PER_MSEC)

/* --- files that messages are about ----------------------------------------------------------- */

static struct fingerprint look_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? fingerprint_of(&st) : (struct fingerprint){ 0 };
}

static struct refusal_file *find_file(struct refusal *r, const char *path)
{
	for (size_t i = 0; i < r->file_count; i++) {
		if (strcmp(r->files[i].path, path) == 0)
			return &r->files[i];
	}
	return NULL;
}

struct gathering {
	struct arena *arena;
	struct refusal *refusal;
	struct refusal_file files[REFUSAL_FILES_MAX];
	size_t count;
};

static bool is_gathered(const struct gathering *g, const char *path)
{
	for (size_t i = 0; i < g->count; i++) {
		if (strcmp(g->files[i].path, path) == 0)
			return true;
	}
	return false;
}

static void gather(void *ctx, const char *message)
{
	struct gathering *g = ctx;
	const char **paths;
	size_t count = cause_files(g->arena, message, &paths);

	for (size_t i = 0; i < count && g->count < REFUSAL_FILES_MAX; i++) {
		const struct refusal_file *old = find_file(g->refusal, paths[i]);

		if (is_gathered(g, paths[i]))
			continue;
		g->files[g->count++] = (struct refusal_file){
			.path = xstrdup(paths[i]),
			.seen = old ? old->seen : look_at(paths[i]),
		};
	}
}

static void forget_files(struct refusal *r)
{
	for (size_t i = 0; i < r->file_count; i++)
		free(r->files[i].path);
	r->file_count = 0;
}

static void gather_files(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct gathering g = { .arena = a, .refusal = r };

	if (r->ground)
		gather(&g, r->ground);
	quarantine_each_message(d->quarantine, gather, &g);
	forget_files(r);
	memcpy(r->files, g.files, g.count * sizeof(*g.files));
	r->file_count = g.count;
}

/* --- ports that messages are about ----------------------------------------------------------- */

static void gather_port(void *ctx, const char *message)
{
	struct refusal *r = ctx;
	unsigned port = cause_port(message);

	for (size_t i = 0; i < r->port_count; i++) {
		if (r->ports[i] == port)
			return;
	}
	if (port && r->port_count < REFUSAL_PORTS_MAX && proc_listens_on(port))
		r->ports[r->port_count++] = port;
}

/* A port that somebody had, and that nobody has now. */
static bool ports_are_free(struct refusal *r)
{
	size_t kept = 0, before = r->port_count;

	for (size_t i = 0; i < before; i++) {
		if (proc_listens_on(r->ports[i]))
			r->ports[kept++] = r->ports[i];
		else
			log_info("port %u is free; what nginx refused is tried again", r->ports[i]);
	}
	r->port_count = kept;
	return kept < before;
}

/* --- looking --------------------------------------------------------------------------------- */

static bool files_have_changed(struct refusal *r)
{
	bool changed = false;

	for (size_t i = 0; i < r->file_count; i++) {
		struct fingerprint now = look_at(r->files[i].path);

		if (fingerprint_same(&now, &r->files[i].seen))
			continue;
		r->files[i].seen = now;
		changed = true;
		log_info("%s has changed; what nginx refused is tried again", r->files[i].path);
	}
	return changed;
}

static int on_look(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;
	struct refusal *r = &d->refusal;

	bool changed = files_have_changed(r);

	if (ports_are_free(r) || changed) {
		refusal_on_change(d);
		converge(d);
	}
	refusal_retest_if_due(d);
	refusal_watch(d);
	return 0;
}

/* While nothing is refused nobody looks. */
void refusal_watch(struct daemon *d)
{
	bool needed = d->refusal.ground || !quarantine_is_empty(d->quarantine);

	gather_files(d);
	quarantine_each_message(d->quarantine, gather_port, &d->refusal);
	timing_at(d->refusal.watch, needed ? timing_now() + LOOK : NEVER);
}

/* --- names ----------------------------------------------------------------------------------- */

static void want(void *ctx, const char *message)
{
	struct name_list *l = ctx;
	const char *name = cause_host_name(l->arena, message);

	if (name)
		name_list_add(l, name);
}

void refusal_want_names(const struct daemon *d, struct name_list *wanted)
{
	if (d->refusal.ground)
		want(wanted, d->refusal.ground);
	quarantine_each_message(d->quarantine, want, wanted);
}

void refusal_on_names(struct daemon *d)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct name_list list = { .arena = a };
	const struct names *names = names_cache_view(d->names);

	refusal_want_names(d, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (names->find(names->ctx, list.items[i]).state != NAME_FOUND)
			continue;
		log_info("%s resolves; what nginx refused is tried again", list.items[i]);
		refusal_on_change(d);
		return;
	}
}

void refusal_watch_init(struct daemon *d)
{
	d->refusal.watch = timing_new(d->loop, on_look, d);
}

void refusal_watch_fini(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	forget_files(r);
	free(TAKE(r->ground));
	free(TAKE(r->warnings));
	sd_event_source_disable_unref(TAKE(r->watch));
}
