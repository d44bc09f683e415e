/*
 * The watch: is the cause of a refusal over?
 *
 * Messages of nginx name files, ports and host names. While something is refused, the files and
 * ports are looked at twice a second, and the names are resolved like those of servers. When one of
 * them changes, what was refused is tried again at once. All other causes are left to the pauses.
 */
#ifndef ZKNGINX_AGENT_REFUSAL_WATCH_H
#define ZKNGINX_AGENT_REFUSAL_WATCH_H

#include <systemd/sd-event.h>

#include "core/data/quarantine.h"
#include "core/discover/discover.h"
#include "nginx/fingerprint.h"

#define WATCH_FILES_MAX 64
#define WATCH_PORTS_MAX 16

struct watched_file {
	char *path;
	struct fingerprint seen;
};

struct refusal_watch {
	void (*on_look)(void *ctx, bool changed);
	void *ctx;
	sd_event_source *timer;
	struct watched_file files[WATCH_FILES_MAX];
	size_t file_count;
	unsigned ports[WATCH_PORTS_MAX]; /* another program listens on these */
	size_t port_count;
};

/* on_look() is called twice a second while something is watched; changed: a cause may be over. It
 * calls refusal_watch_update() to go on. */
void refusal_watch_init(struct refusal_watch *w, sd_event *loop,
			void (*on_look)(void *ctx, bool changed), void *ctx);
void refusal_watch_fini(struct refusal_watch *w);

/* What is refused has changed. ground: nginx's message about what it runs, NULL: there is none. */
void refusal_watch_update(struct refusal_watch *w, const char *ground, const struct quarantine *q);

/* Adds the host names that nginx could not resolve: they are to be resolved. */
void refusal_watch_want_names(const char *ground, const struct quarantine *q,
			      struct name_list *wanted);
/* Does one of them resolve now? */
bool refusal_watch_name_is_found(const char *ground, const struct quarantine *q,
				 const struct names *names);

#endif
