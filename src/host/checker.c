/* See checker.h. A target's carrier is its connection, while a check is under way or one is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "check_connection.h"
#include "checker.h"
#include "sys/timing.h"

#define LOOK_EVERY (20 * USEC_PER_MSEC)
#define BEGIN_MOST 256 /* checks in one turn of the loop */
#define EVENTS_MOST 256
#define TLS_KEPT_MOST 256 /* idle TLS connections, which cost 10 KiB or more each */
#define ROOM_AGAIN (200 * USEC_PER_MSEC)
#define BATCH (300 * USEC_PER_MSEC)
#define PAUSE (5 * USEC_PER_SEC)

struct checker {
	const struct checker_ops *ops;
	void *ctx;
	struct checks *checks;
	int epoll;
	SSL_CTX *tls; /* made when it is needed */
	sd_event_source *look, *tell;
	size_t in_flight, tls_kept, sockets_most;
	struct checker_counts counts;
	uint64_t told; /* when on_failures was called last; 0: never */
	bool to_tell;
	/* Since then, for the log. */
	unsigned fell, rose;
	char first[256]; /* what the first of them does: "10.0.0.1:80 of \"app\" answers …" */
};

/* --- connections ------------------------------------------------------------------------------ */

static bool is_idle(const struct check_target *t)
{
	return t->carrier && !t->in_flight;
}

static void close_carrier(struct checker *c, struct check_target *t)
{
	if (!t->carrier)
		return;
	if (is_idle(t) && t->group->tls)
		c->tls_kept--;
	check_connection_free(t->carrier);
	t->carrier = NULL;
	c->counts.sockets--;
}

static SSL_CTX *tls_of(struct checker *c)
{
	if (!c->tls)
		c->tls = check_connection_tls_new();
	return c->tls;
}

static bool open_carrier(struct checker *c, struct check_target *t, struct check_result *r)
{
	t->carrier = check_connection_new(t, c->epoll, t->group->tls ? tls_of(c) : NULL, r);
	c->counts.sockets += t->carrier != NULL;
	return t->carrier;
}

/* --- results ---------------------------------------------------------------------------------- */

static void tell_failures(struct checker *c, const char *upstream, uint64_t now)
{
	bool is_live = c->ops->is_live(c->ctx, upstream);
	uint64_t when = is_live ? now : now + BATCH, pause = is_live ? BATCH : PAUSE;

	if (c->to_tell && !is_live)
		return;
	if (c->told && c->told + pause > when)
		when = c->told + pause;
	c->to_tell = true;
	timing_at(c->tell, when);
}

static void note_change(struct checker *c, const struct check_target *t)
{
	char found[CHECK_TEXT_SIZE];

	if (t->state == CHECK_PASSING) {
		c->rose++;
		return;
	}
	check_result_text(&t->last, found);
	if (!c->fell++)
		snprintf(c->first, sizeof(c->first), "%s of \"%s\" %s", t->address,
			 t->group->upstream, found);
}

static void log_changes(struct checker *c)
{
	if (c->fell)
		log_warning("checks: %u server%s more fail%s: %s%s", c->fell, PLURAL(c->fell),
			    c->fell == 1 ? "s" : "", c->first, c->fell == 1 ? "" : ", and others");
	if (c->rose)
		log_notice("checks: %u server%s recovered", c->rose,
			   c->rose == 1 ? " has" : "s have");
	c->fell = c->rose = 0;
}

static int on_tell(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct checker *c = userdata;

	c->to_tell = false;
	c->told = timing_now();
	log_changes(c);
	c->ops->on_failures(c->ctx);
	return 0;
}

/* A quarter of the sockets is left for checks that need a new one. */
static bool may_keep(const struct checker *c, const struct check_target *t)
{
	return check_connection_is_kept(t->carrier) &&
	       c->counts.sockets <= c->sockets_most - c->sockets_most / 4 &&
	       !(t->group->tls && c->tls_kept >= TLS_KEPT_MOST);
}

/* From an unknown state to a passing one, the failures stay. */
static void end_check(struct checker *c, struct check_target *t, const struct check_result *r,
		      uint64_t now)
{
	bool was_unknown = t->state == CHECK_UNKNOWN;

	c->in_flight--;
	if (r->good)
		c->counts.good++;
	else
		c->counts.bad++;
	if (t->carrier && !may_keep(c, t))
		close_carrier(c, t);
	c->tls_kept += t->carrier && t->group->tls;
	if (!checks_end(c->checks, t, r, now))
		return;
	c->ops->on_change(c->ctx);
	if (was_unknown && t->state == CHECK_PASSING)
		return;
	note_change(c, t);
	tell_failures(c, t->group->upstream, now);
}

/* A failure of this host, which says nothing of the server. */
static bool is_own_failure(const struct check_result *r)
{
	static const int errors[] = { EMFILE, ENFILE,        ENOBUFS, ENOMEM,       ENOSPC,
				      EPERM,  EADDRNOTAVAIL, EACCES,  EAFNOSUPPORT, EAGAIN };

	for (size_t i = 0; i < ARRAY_SIZE(errors) && r->finding == CHECK_ERROR; i++) {
		if (r->number == errors[i])
			return true;
	}
	return false;
}

static void postpone(struct checker *c, struct check_target *t, uint64_t until)
{
	c->counts.late++;
	c->in_flight -= t->in_flight;
	close_carrier(c, t);
	checks_postpone(c->checks, t, until);
}

static enum check_step open_and_begin(struct checker *c, struct check_target *t,
				      struct check_result *r)
{
	return open_carrier(c, t, r) ? check_connection_begin(t->carrier, r) : CHECK_STEP_ENDS;
}

static void take_step(struct checker *c, struct check_target *t, enum check_step step,
		      struct check_result *r, uint64_t now)
{
	if (step == CHECK_STEP_STALE) {
		close_carrier(c, t);
		step = open_and_begin(c, t, r);
	}
	if (step != CHECK_STEP_ENDS)
		return;
	if (is_own_failure(r))
		postpone(c, t, now + t->group->rule.interval);
	else
		end_check(c, t, r, now);
}

/* --- turns ------------------------------------------------------------------------------------ */

/* Makes room by closing all idle connections: too many checks are under way to keep any. */
static bool has_room(struct checker *c)
{
	size_t count;
	struct check_group *const *groups;

	if (c->counts.sockets < c->sockets_most)
		return true;
	if (c->counts.sockets == c->in_flight)
		return false;
	groups = checks_groups(c->checks, &count);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < groups[i]->count; j++) {
			if (is_idle(groups[i]->targets[j]))
				close_carrier(c, groups[i]->targets[j]);
		}
	}
	return c->counts.sockets < c->sockets_most;
}

static void begin(struct checker *c, struct check_target *t, uint64_t now)
{
	struct check_result r;
	enum check_step step;

	if (!t->carrier && !has_room(c)) {
		postpone(c, t, now + ROOM_AGAIN);
		return;
	}
	c->tls_kept -= t->carrier && t->group->tls;
	checks_begin(c->checks, t, now);
	c->in_flight++;
	step = t->carrier ? check_connection_begin(t->carrier, &r) : open_and_begin(c, t, &r);
	take_step(c, t, step, &r, now);
}

/* Answers come before the deadlines: when the loop was busy, an answer may have waited here. */
static void read_answers(struct checker *c, uint64_t now)
{
	struct epoll_event events[EVENTS_MOST];
	int count;

	do {
		count = epoll_wait(c->epoll, events, EVENTS_MOST, 0);
		for (int i = 0; i < count; i++) {
			struct check_target *t = check_connection_target(events[i].data.ptr);
			struct check_result r;

			if (is_idle(t))
				close_carrier(c, t); /* the server has closed it */
			else
				take_step(c, t, check_connection_go(t->carrier, &r), &r, now);
		}
	} while (count == EVENTS_MOST);
}

static void end_in_time(struct checker *c, struct check_target *t, uint64_t now)
{
	static const struct check_result timeout = { .finding = CHECK_TIMEOUT };

	end_check(c, t, &timeout, now);
}

/* False: there is more to do at once. */
static bool take_due(struct checker *c, uint64_t now)
{
	struct check_target *t;

	for (unsigned n = 0; n < BEGIN_MOST; n++) {
		t = checks_first(c->checks);
		if (!t || t->next.at > now)
			return true;
		if (t->in_flight)
			end_in_time(c, t, now);
		else
			begin(c, t, now);
	}
	return false;
}

static void look_again(struct checker *c, uint64_t now, bool at_once)
{
	const struct check_target *t = checks_first(c->checks);
	uint64_t when = t ? t->next.at : NEVER;

	if (c->in_flight && when > now + LOOK_EVERY)
		when = now + LOOK_EVERY;
	if (when < now + LOOK_EVERY / 2)
		when = now + LOOK_EVERY / 2;
	timing_at(c->look, at_once ? now : when);
}

static int on_look(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct checker *c = userdata;
	uint64_t now = timing_now();

	read_answers(c, now);
	look_again(c, now, !take_due(c, now));
	return 0;
}

/* --- lifetimes -------------------------------------------------------------------------------- */

static size_t sockets_most(void)
{
	struct rlimit files;
	rlim_t most = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur / 2 : 256;

	return most < CHECK_SOCKETS_MOST ? most : CHECK_SOCKETS_MOST;
}

struct checker *checker_new(sd_event *loop, const struct checker_ops *ops, void *ctx)
{
	struct checker *c = xcalloc(1, sizeof(*c));

	c->ops = ops;
	c->ctx = ctx;
	c->checks = checks_new(timing_random(UINT64_MAX));
	c->sockets_most = sockets_most();
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		die("epoll_create1: %s", strerrordesc_np(errno));
	c->look = timing_new(loop, on_look, c);
	c->tell = timing_new(loop, on_tell, c);
	return c;
}

static void on_gone(void *checker, struct check_target *t)
{
	struct checker *c = checker;

	c->in_flight -= t->in_flight;
	close_carrier(c, t);
}

void checker_free(struct checker *c)
{
	CLEANUP(model_freep) struct model *nothing = NULL;

	if (!c)
		return;
	nothing = model_new();
	checks_follow(c->checks, nothing, 0, on_gone, c);
	checks_free(c->checks);
	sd_event_source_disable_unref(c->look);
	sd_event_source_disable_unref(c->tell);
	check_connection_tls_free(c->tls);
	close(c->epoll);
	free(c);
}

void checker_follow(struct checker *c, const struct model *m)
{
	uint64_t now = timing_now();

	checks_follow(c->checks, m, now, on_gone, c);
	look_again(c, now, false);
}

struct check_failures checker_failures(const struct checker *c, struct arena *a)
{
	return checks_failures(c->checks, a);
}

const struct checks *checker_checks(const struct checker *c)
{
	return c->checks;
}

struct checker_counts checker_counts(const struct checker *c)
{
	return c->counts;
}
