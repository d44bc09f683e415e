/*
 * A connection is complete when the greeting has come. systemd accepts for a helper that does not
 * run yet, so to connect never takes time, and says nothing about the helper.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "helper_channel.h"
#include "helper_link.h"
#include "helper_wire.h"
#include "sys/timing.h"

#define START_PATIENCE (10 * USEC_PER_SEC)
#define GREETING_PATIENCE (10 * USEC_PER_SEC)
#define ANSWER_PATIENCE 10 /* s */
#define RETRY_FIRST (USEC_PER_SEC / 4)
#define RETRY_MOST (10 * USEC_PER_SEC)

struct helper_link {
	struct helper_link_spec spec; /* its strings are ours */
	sd_event_source *end;         /* of the channel; NULL: the helper is lost */
	sd_event_source *greeting;    /* of `dialled` */
	sd_event_source *timer;
	int dialled; /* -1: none */
	uint64_t pause;
	char error[sizeof(((struct err *)NULL)->text)];
};

/* --- one connection --------------------------------------------------------------------------- */

/* Non-blocking until there is a greeting. */
static int dial(const struct helper_link *l, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(l->spec.socket) >= sizeof(address.sun_path))
		return err_set(e, ERR_INPUT, "the path of its socket is too long: %s",
			       l->spec.socket);
	memcpy(address.sun_path, l->spec.socket, strlen(l->spec.socket));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "cannot make a socket for the helper process");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		err_sys(e, "cannot connect to %s (zknginxd-helper.socket)", l->spec.socket);
	else if (!helper_peer_is_own(fd))
		err_set(e, ERR_REFUSED, "%s belongs to another user", l->spec.socket);
	else
		return fd;
	close(fd);
	return -1;
}

static int check_greeting(const struct helper_link *l, int fd, struct err *e)
{
	CLEANUP(freep) struct helper_message *m = xcalloc(1, sizeof(*m));
	const char *build, *state;

	if (helper_receive(fd, m) < 0)
		return err_set(e, ERR_UNAVAILABLE,
			       "it ended when it was started; see the journal of "
			       "zknginxd-helper.service");
	helper_close_all(m);
	if (!helper_get_greeting(m, &build, &state) || strcmp(build, helper_build) != 0)
		return err_set(e, ERR_UNAVAILABLE, "it runs another version of zknginxd");
	if (strcmp(state, l->spec.state) != 0)
		return err_set(
			e, ERR_INPUT,
			"its state.directory is %s, and that of the daemon is %s: start both "
			"units with the same settings file",
			state, l->spec.state);
	return 0;
}

/* From now on calls wait for the helper, but not for ever. */
static int use(int fd, struct err *e)
{
	const struct timeval patience = { .tv_sec = ANSWER_PATIENCE };
	int rc = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));

	if (rc == 0)
		rc = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (rc == 0)
		rc = ioctl(fd, FIONBIO, &(int){ 0 });
	if (rc < 0)
		return err_sys(e, "cannot set up the socket of the helper process");
	helper_channel_set(fd);
	return 0;
}

static int complete(const struct helper_link *l, int fd, struct err *e)
{
	return check_greeting(l, fd, e) < 0 ? -1 : use(fd, e);
}

/* --- the end and the next one ----------------------------------------------------------------- */

static void begin(struct helper_link *l);

static void note(struct helper_link *l, const char *error)
{
	bool is_news = strcmp(l->error, error) != 0;

	snprintf(l->error, sizeof(l->error), "%s", error);
	if (is_news)
		l->spec.on_change(l->spec.ctx);
}

static void disconnect(struct helper_link *l)
{
	l->greeting = sd_event_source_disable_unref(l->greeting);
	if (l->dialled >= 0)
		close(l->dialled);
	l->dialled = -1;
}

static void set_timer(struct helper_link *l, uint64_t pause)
{
	int rc = sd_event_source_set_time_relative(l->timer, pause);

	if (rc >= 0)
		rc = sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
	if (rc < 0)
		die("sd-event: %s", strerrordesc_np(-rc));
}

static void try_later(struct helper_link *l, const struct err *why)
{
	disconnect(l);
	note(l, why->text);
	set_timer(l, l->pause);
	l->pause = l->pause * 2 < RETRY_MOST ? l->pause * 2 : RETRY_MOST;
}

static int on_end(sd_event_source *s UNUSED, int fd UNUSED, uint32_t events UNUSED, void *ctx)
{
	struct helper_link *l = ctx;

	l->end = sd_event_source_disable_unref(l->end);
	log_warning("the helper process, which runs nginx -t, has ended or does not answer; "
		    "zknginxd connects to a new one; nginx is not touched");
	l->pause = RETRY_FIRST;
	begin(l);
	return 0;
}

static int watch_channel(struct helper_link *l, struct err *e)
{
	int rc = sd_event_add_io(l->spec.loop, &l->end, helper_channel(), 0, on_end, l);

	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_sys(e, "cannot watch the helper process");
}

static int on_greeting(sd_event_source *s UNUSED, int fd UNUSED, uint32_t events UNUSED, void *ctx)
{
	struct helper_link *l = ctx;
	int dialled = l->dialled;
	struct err e;

	l->greeting = sd_event_source_disable_unref(l->greeting);
	if (complete(l, dialled, &e) < 0) {
		try_later(l, &e);
		return 0;
	}
	l->dialled = -1;
	sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	if (watch_channel(l, &e) < 0)
		die("%s", e.text);
	log_notice("zknginxd has a helper process again");
	note(l, "");
	return 0;
}

/* Time for the next try, or for a greeting is over. */
static int on_time(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct helper_link *l = ctx;
	struct err e;

	if (l->dialled < 0) {
		begin(l);
		return 0;
	}
	err_set(&e, ERR_UNAVAILABLE,
		"it does not answer; see the state of zknginxd-helper.service");
	try_later(l, &e);
	return 0;
}

static void begin(struct helper_link *l)
{
	struct err e;
	int rc;

	l->dialled = dial(l, &e);
	if (l->dialled < 0) {
		try_later(l, &e);
		return;
	}
	rc = sd_event_add_io(l->spec.loop, &l->greeting, l->dialled, EPOLLIN, on_greeting, l);
	if (rc < 0)
		die("sd-event: %s", strerrordesc_np(-rc));
	set_timer(l, GREETING_PATIENCE);
}

/* --- the start -------------------------------------------------------------------------------- */

static int first(const struct helper_link *l, uint64_t until, struct err *e)
{
	uint64_t now = timing_now();
	struct pollfd p = { .events = POLLIN };

	p.fd = dial(l, e);
	if (p.fd < 0)
		return -1;
	if (poll(&p, 1, until > now ? (int)((until - now) / USEC_PER_MSEC) : 0) <= 0)
		err_set(e, ERR_UNAVAILABLE,
			"it does not answer; see the state of zknginxd-helper.service");
	else if (complete(l, p.fd, e) == 0)
		return 0;
	close(p.fd);
	return -1;
}

/* It may run another version yet, or be about to be started. */
static int connect_now(const struct helper_link *l, struct err *e)
{
	uint64_t until = timing_now() + START_PATIENCE;

	while (first(l, until, e) < 0) {
		if (e->code == ERR_INPUT || timing_now() >= until)
			return err_wrap(e, "there is no helper process");
		poll(NULL, 0, (int)(RETRY_FIRST / USEC_PER_MSEC));
	}
	return 0;
}

int helper_link_new(const struct helper_link_spec *spec, struct helper_link **out, struct err *e)
{
	CLEANUP(helper_link_freep) struct helper_link *l = xcalloc(1, sizeof(*l));
	int rc;

	*l = (struct helper_link){ .spec = *spec, .dialled = -1 };
	l->spec.socket = xstrdup(spec->socket);
	l->spec.state = xstrdup(spec->state);
	if (connect_now(l, e) < 0 || watch_channel(l, e) < 0)
		return -1;
	rc = sd_event_add_time(spec->loop, &l->timer, CLOCK_MONOTONIC, 0, 0, on_time, l);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	if (rc < 0) {
		errno = -rc;
		return err_sys(e, "cannot watch the helper process");
	}
	*out = TAKE(l);
	return 0;
}

void helper_link_free(struct helper_link *l)
{
	if (!l)
		return;
	disconnect(l);
	sd_event_source_disable_unref(l->end);
	sd_event_source_disable_unref(l->timer);
	helper_channel_set(-1);
	free((char *)(uintptr_t)l->spec.socket);
	free((char *)(uintptr_t)l->spec.state);
	free(l);
}

const char *helper_link_error(const struct helper_link *l)
{
	return *l->error ? l->error : NULL;
}
