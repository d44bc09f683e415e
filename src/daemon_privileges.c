/*
 * The privileges of the daemon: the helper has them, this process gives them up.
 *
 * Under systemd the helper has a unit of its own, and the unit of the daemon never had them.
 * Elsewhere the daemon forks it.
 */
#include <errno.h>
#include <stdlib.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "nginx/helper.h"
#include "nginx/helper_channel.h"
#include "nginx/helper_link.h"
#include "sys/renounce.h"

#define SOCKET_VARIABLE "ZKNGINXD_HELPER" /* set by zknginxd.service */

/* This process gave up what a new helper would need. */
static int on_helper_end(sd_event_source *s, int fd UNUSED, uint32_t events UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	log_error("the helper process, which runs nginx -t, has ended; zknginxd ends too, and has "
		  "to be started again; nginx is not touched");
	d->exit_code = 1;
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	return sd_event_exit(d->loop, 1);
}

static int fork_helper(struct daemon *d, struct err *e)
{
	int rc;

	if (helper_start(d->settings, e) < 0)
		return -1;
	rc = sd_event_add_io(d->loop, NULL, helper_channel(), 0, on_helper_end, d);
	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_sys(e, "cannot watch the helper process");
}

static void on_helper_change(void *daemon)
{
	struct daemon *d = daemon;

	if (d->report)
		report_soon(d->report);
}

static int connect_helper(struct daemon *d, const char *socket, struct err *e)
{
	const struct helper_link_spec spec = { .loop = d->loop,
					       .socket = socket,
					       .state = d->settings->state.directory,
					       .on_change = on_helper_change,
					       .ctx = d };

	return helper_link_new(&spec, &d->helper, e);
}

int daemon_give_up_privileges(struct daemon *d, struct err *e)
{
	const char *socket = getenv(SOCKET_VARIABLE);

	if ((socket ? connect_helper(d, socket, e) : fork_helper(d, e)) < 0)
		return -1;
	return renounce(e);
}

void daemon_return_helper(struct daemon *d)
{
	helper_link_free(TAKE(d->helper));
	helper_stop();
}
