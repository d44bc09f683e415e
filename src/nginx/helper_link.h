/*
 * The daemon's connection to a helper that has a unit of its own (helper_unit.h). A lost one is
 * replaced: at once, then at growing intervals. Meanwhile helper_is_lost(), and the daemon goes on
 * without what the helper does: nothing is tested, so nothing goes live.
 */
#ifndef ZKNGINX_NGINX_HELPER_LINK_H
#define ZKNGINX_NGINX_HELPER_LINK_H

#include <systemd/sd-event.h>

#include <zknginx/err.h>

struct helper_link;

struct helper_link_spec {
	sd_event *loop;
	const char *socket; /* its path */
	const char *state;  /* the state directory: the helper must have the same */
	void (*on_change)(void *ctx);
	void *ctx;
};

/* Waits for the helper, some seconds at most: without it nothing can begin. */
int helper_link_new(const struct helper_link_spec *spec, struct helper_link **out, struct err *e);
/* The helper ends. NULL is fine. */
void helper_link_free(struct helper_link *l);
DEFINE_CLEANUP(struct helper_link *, helper_link_free)

/* NULL: there is a helper; else why there is none. */
const char *helper_link_error(const struct helper_link *l);

#endif
