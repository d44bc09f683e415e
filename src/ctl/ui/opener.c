/*
 * xdg-open may become the browser itself, and must then outlive this command: setsid(1) gives it a
 * session of its own, while what becomes of it in the first seconds is still known.
 *
 * A secret URL is in a file that only its owner can read, and xdg-open is given the file's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/console/ctl.h"
#include "opener.h"
#include "sys/child.h"

#define DEADLINE (20 * USEC_PER_SEC)
#define SUFFIX ".html"
#define NOT_FOUND 127 /* setsid's exit status where there is no such program */

/* A browser that runs longer than the deadline has been opened. */
static void on_opened(void *ctx, const struct child_result *r)
{
	struct opener *o = ctx;

	if (r->failure)
		ctl_say("no browser was opened (%s): open the URL by hand", r->failure);
	else if (r->exited && r->code == NOT_FOUND)
		ctl_say("no browser was opened (xdg-open is not installed): open the URL by hand");
	else if (r->exited && r->code != 0)
		ctl_say("no browser was opened (xdg-open has found none): open the URL by hand");
	child_free(TAKE(o->child));
}

static void spawn(struct opener *o, sd_event *loop, const char *target)
{
	const struct child_spec spec = {
		.path = "/usr/bin/setsid",
		.exec_fd = -1,
		.argv = (char *[]){ (char *)"setsid", (char *)"--wait", (char *)"xdg-open",
				    (char *)target, NULL },
		.envp = environ,
		.deadline = DEADLINE,
		.done = on_opened,
		.ctx = o,
	};
	struct err e;

	if (child_spawn(loop, &spec, &o->child, &e) < 0)
		ctl_say("no browser was opened (%s): open the URL by hand", e.text);
}

/* mkstemps() makes it readable by its owner alone. The URL has nothing that HTML would change. */
static bool write_file(struct opener *o, const char *url)
{
	const char *directory = getenv("XDG_RUNTIME_DIR") ?: "/tmp";
	int fd;

	o->file = xasprintf("%s/zknginx-ui-XXXXXX" SUFFIX, directory);
	fd = mkstemps(o->file, (int)strlen(SUFFIX));
	if (fd < 0) {
		free(TAKE(o->file));
		return false;
	}
	dprintf(fd,
		"<!doctype html><title>zknginx</title><meta name=\"referrer\" "
		"content=\"no-referrer\"><meta http-equiv=\"refresh\" content=\"0; url=%s\">"
		"<p><a href=\"%s\">zknginx</a>\n",
		url, url);
	return close(fd) == 0;
}

void opener_start(struct opener *o, sd_event *loop, const char *url, bool secret)
{
	if (!secret)
		spawn(o, loop, url);
	else if (write_file(o, url))
		spawn(o, loop, o->file);
	else
		ctl_say("no browser was opened (no file can be written for it): open the URL by "
			"hand");
}

void opener_fini(struct opener *o)
{
	child_free(TAKE(o->child));
	if (o->file)
		unlink(o->file);
	free(TAKE(o->file));
}
