/* A pidfd reports the end of the master at once. */
#include <stdio.h>
#include <sys/epoll.h>

#include <zknginx/log.h>

#include "presence.h"

void presence_init(struct presence *p, sd_event *loop, void (*on_end)(void *ctx), void *ctx)
{
	*p = (struct presence){ .master.pidfd = -1, .loop = loop, .on_end = on_end, .ctx = ctx };
}

void presence_fini(struct presence *p)
{
	sd_event_source_disable_unref(p->end);
	master_fini(&p->master);
}

static int on_pidfd(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *userdata)
{
	struct presence *p = userdata;

	/* the descriptor stays readable: once is enough */
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	p->on_end(p->ctx);
	return 0;
}

static void adopt(struct presence *p, const struct master *m)
{
	p->end = sd_event_source_disable_unref(p->end);
	master_fini(&p->master);
	p->master = *m;
	p->has_master = true;
	/* without it the regular look has to do */
	if (sd_event_add_io(p->loop, &p->end, m->pidfd, EPOLLIN, on_pidfd, p) < 0)
		p->end = NULL;
}

static void lose(struct presence *p, const struct err *why)
{
	p->end = sd_event_source_disable_unref(p->end);
	master_fini(&p->master);
	p->has_master = false;
	p->is_odd = why->code != ERR_UNAVAILABLE;
	snprintf(p->why, sizeof(p->why), "%s", why->text);
}

static void find_master(struct presence *p, const char *pid_file, const char *binary)
{
	struct master found;
	struct err e;

	if (master_find(pid_file, binary, &found, &e) < 0) {
		lose(p, &e);
		return;
	}
	p->is_odd = false;
	p->why[0] = '\0';
	if (p->has_master && p->master.pid == found.pid &&
	    p->master.start_time == found.start_time && master_is_alive(&p->master)) {
		p->master.upgrading = found.upgrading;
		master_fini(&found);
		return;
	}
	adopt(p, &found);
}

static void log_master(const struct presence *p)
{
	if (!p->has_master)
		log_warning("nginx is not running: %s", p->why);
	else if (p->master.upgrading)
		log_notice("nginx is being upgraded (process %ld)", (long)p->master.pid);
	else
		log_info("nginx is running (process %ld)", (long)p->master.pid);
}

bool presence_look(struct presence *p, const char *pid_file, const char *binary)
{
	find_master(p, pid_file, binary);
	if (p->master.pid == p->known_pid && p->master.start_time == p->known_start &&
	    presence_is_upgrading(p) == p->known_upgrading)
		return false;
	log_master(p);
	p->known_pid = p->master.pid;
	p->known_start = p->master.start_time;
	p->known_upgrading = presence_is_upgrading(p);
	return true;
}

const struct master *presence_master(const struct presence *p)
{
	return p->has_master ? &p->master : NULL;
}

const struct master *presence_signallable(const struct presence *p)
{
	return p->has_master && !p->master.upgrading ? &p->master : NULL;
}

bool presence_is_upgrading(const struct presence *p)
{
	return p->has_master && p->master.upgrading;
}
