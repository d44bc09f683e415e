/* The watch on the causes of a refusal: files, ports and host names. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/log.h>

#include "core/deploy/cause.h"
#include "nginx/proc.h"
#include "refusal_watch.h"
#include "sys/timing.h"

#define LOOK (500 * USEC_PER_MSEC)

/* --- files that messages are about ----------------------------------------------------------- */

static struct fingerprint look_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? fingerprint_of(&st) : (struct fingerprint){ 0 };
}

static struct watched_file *find_file(struct refusal_watch *w, const char *path)
{
	for (size_t i = 0; i < w->file_count; i++) {
		if (strcmp(w->files[i].path, path) == 0)
			return &w->files[i];
	}
	return NULL;
}

struct gathering {
	struct arena *arena;
	struct refusal_watch *watch;
	struct watched_file files[WATCH_FILES_MAX];
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

	for (size_t i = 0; i < count && g->count < WATCH_FILES_MAX; i++) {
		const struct watched_file *old = find_file(g->watch, paths[i]);

		if (is_gathered(g, paths[i]))
			continue;
		g->files[g->count++] = (struct watched_file){
			.path = xstrdup(paths[i]),
			.seen = old ? old->seen : look_at(paths[i]),
		};
	}
}

static void forget_files(struct refusal_watch *w)
{
	for (size_t i = 0; i < w->file_count; i++)
		free(w->files[i].path);
	w->file_count = 0;
}

static void gather_files(struct refusal_watch *w, const char *ground, const struct quarantine *q)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct gathering g = { .arena = a, .watch = w };

	if (ground)
		gather(&g, ground);
	quarantine_each_message(q, gather, &g);
	forget_files(w);
	memcpy(w->files, g.files, g.count * sizeof(*g.files));
	w->file_count = g.count;
}

/* --- ports that messages are about ----------------------------------------------------------- */

static void gather_port(void *ctx, const char *message)
{
	struct refusal_watch *w = ctx;
	unsigned port = cause_port(message);

	for (size_t i = 0; i < w->port_count; i++) {
		if (w->ports[i] == port)
			return;
	}
	if (port && w->port_count < WATCH_PORTS_MAX && proc_listens_on(port))
		w->ports[w->port_count++] = port;
}

/* Is a port free on which another program listened before? */
static bool forget_free_ports(struct refusal_watch *w)
{
	size_t kept = 0, before = w->port_count;

	for (size_t i = 0; i < before; i++) {
		if (proc_listens_on(w->ports[i]))
			w->ports[kept++] = w->ports[i];
		else
			log_info("port %u is free; what nginx refused is tried again", w->ports[i]);
	}
	w->port_count = kept;
	return kept < before;
}

/* --- when --------------------------------------------------------------------------------- */

static bool note_changed_files(struct refusal_watch *w)
{
	bool changed = false;

	for (size_t i = 0; i < w->file_count; i++) {
		struct fingerprint now = look_at(w->files[i].path);

		if (fingerprint_same(&now, &w->files[i].seen))
			continue;
		w->files[i].seen = now;
		changed = true;
		log_info("%s has changed; what nginx refused is tried again", w->files[i].path);
	}
	return changed;
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct refusal_watch *w = userdata;
	bool files = note_changed_files(w), ports = forget_free_ports(w);

	w->on_look(w->ctx, files || ports);
	return 0;
}

void refusal_watch_update(struct refusal_watch *w, const char *ground, const struct quarantine *q)
{
	bool needed = ground || !quarantine_is_empty(q);

	gather_files(w, ground, q);
	quarantine_each_message(q, gather_port, w);
	timing_at(w->timer, needed ? timing_now() + LOOK : NEVER);
}

/* --- names ----------------------------------------------------------------------------------- */

static void want(void *ctx, const char *message)
{
	struct name_list *l = ctx;
	const char *name = cause_host_name(l->arena, message);

	if (name)
		name_list_add(l, name);
}

void refusal_watch_want_names(const char *ground, const struct quarantine *q,
			      struct name_list *wanted)
{
	if (ground)
		want(wanted, ground);
	quarantine_each_message(q, want, wanted);
}

bool refusal_watch_name_is_found(const char *ground, const struct quarantine *q,
				 const struct names *names)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct name_list list = { .arena = a };

	refusal_watch_want_names(ground, q, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (names->find(names->ctx, list.items[i]).state != NAME_FOUND)
			continue;
		log_info("%s resolves now; what nginx refused is tried again", list.items[i]);
		return true;
	}
	return false;
}

/* --- lifetime -------------------------------------------------------------------------------- */

void refusal_watch_init(struct refusal_watch *w, sd_event *loop,
			void (*on_look)(void *ctx, bool changed), void *ctx)
{
	*w = (struct refusal_watch){ .on_look = on_look, .ctx = ctx };
	w->timer = timing_new(loop, on_timer, w);
}

void refusal_watch_fini(struct refusal_watch *w)
{
	forget_files(w);
	sd_event_source_disable_unref(TAKE(w->timer));
}
