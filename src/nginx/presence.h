/* Which nginx master there is now, and whether it is another one than at the last look. */
#ifndef ZKNGINX_NGINX_PRESENCE_H
#define ZKNGINX_NGINX_PRESENCE_H

#include <systemd/sd-event.h>

#include "master.h"

struct presence {
	struct master master;
	bool has_master;
	bool is_odd;    /* the process is there, but it is no master that may be signalled */
	char why[1024]; /* there is none */

	/* At the last look. */
	pid_t known_pid;
	uint64_t known_start;
	bool known_upgrading;

	sd_event *loop; /* borrowed */
	sd_event_source *end;
	void (*on_end)(void *ctx);
	void *ctx;
};

/* on_end: the master has ended. */
void presence_init(struct presence *p, sd_event *loop, void (*on_end)(void *ctx), void *ctx);
void presence_fini(struct presence *p);

/* Look for the master. True, and logged, when it is another one than before, or none any more. */
bool presence_look(struct presence *p, const char *pid_file, const char *binary);
/* NULL: there is none; _signallable: … or an upgrade of its binary is under way. */
const struct master *presence_master(const struct presence *p);
const struct master *presence_signallable(const struct presence *p);
bool presence_is_upgrading(const struct presence *p);

#endif
