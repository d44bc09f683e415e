/* The privileges of the daemon: the helper keeps them, this process gives them up. */
#include <errno.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "nginx/helper.h"
#include "nginx/helper_channel.h"
#include "sys/renounce.h"

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

int daemon_give_up_privileges(struct daemon *d, struct err *e)
{
	int rc;

	if (helper_start(d->settings, e) < 0 || renounce(e) < 0)
		return -1;
	rc = sd_event_add_io(d->loop, NULL, helper_channel(), 0, on_helper_end, d);
	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_sys(e, "cannot watch the helper process");
}
