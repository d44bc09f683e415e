/* confirm --history: what the hosts report, the znode, and the wait until they follow. */
#include <stdlib.h>
#include <string.h>

#include "confirm_history.h"
#include "core/fleet/confirmation.h"
#include "core/text/json_text.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/transaction.h"
#include "hosts_wait.h"
#include "sys/timing.h"

#define ATTEMPTS 10

struct job {
	struct ctl *ctl;
	const char *path;
	struct confirmation content;
	int64_t written; /* zxid of the confirmation */
	size_t hosts;    /* that report older data, before */
};

/* --- what hosts report ----------------------------------------------------------------------- */

static bool print_older(void *job, const struct status *s)
{
	struct job *j = job;
	bool older = *s->zookeeper.rolled_back;

	if (older && !j->ctl->json)
		screen_print(&j->ctl->screen, COLOR_NONE, "%s: %s\n", s->host,
			     s->zookeeper.rolled_back);
	return !older;
}

static int look_before(struct job *j)
{
	struct hosts_wait w = { .shows = print_older, .ctx = j };
	struct err e;

	if (hosts_wait(j->ctl, &w, &e) < 0)
		return ctl_fail(&e);
	for (size_t i = 0; i < w.count; i++)
		j->hosts += !w.hosts[i].away && !w.hosts[i].done;
	arena_free(w.arena);
	return CTL_OK;
}

static bool follows(void *job, const struct status *s)
{
	const struct job *j = job;

	return s->zookeeper.confirmed >= j->written && !*s->zookeeper.rolled_back;
}

/* --- the znode ------------------------------------------------------------------------------- */

static int64_t last_of(const struct session_stat *s)
{
	int64_t last = s->czxid > s->mzxid ? s->czxid : s->mzxid;

	return last > s->pzxid ? last : s->pzxid;
}

/* What is confirmed: the config as it is now. */
static int read_root(struct job *j, struct client *client, struct err *e)
{
	struct session_stat stat = { 0 };
	int found = client_stat(client, j->ctl->settings.zookeeper.config, &stat, e);

	if (found > 0) {
		j->content.czxid = stat.czxid;
		j->content.ctime = stat.ctime;
		j->content.zxid = last_of(&stat);
	}
	return found < 0 ? -1 : 0;
}

/* 0: written; 1: another client was faster; -1: an error. */
static int write_once(struct job *j, struct client *client, struct arena *a, struct err *e)
{
	const struct author author = { .root = j->ctl->settings.zookeeper.config };
	CLEANUP(transaction_fini) struct transaction t;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct session_op op = { .kind = OP_SET, .path = j->path };
	const char *ignored;
	struct znode there;
	int found = client_get(client, a, j->path, &there, e);

	transaction_init(&t, client, &author);
	if (found < 0)
		return -1;
	if (!found && transaction_add_parents(&t, j->path, e) < 0)
		return -1;
	confirmation_print(&j->content, &text);
	op.kind = found ? OP_SET : OP_CREATE;
	op.version = found ? there.version : 0;
	op.data = buf_str(&text);
	op.size = text.size;
	transaction_add(&t, op);
	return transaction_commit(&t, &ignored, e);
}

static int read_written(struct job *j, struct client *client, struct err *e)
{
	struct session_stat stat;
	int found = client_stat(client, j->path, &stat, e);

	j->written = found > 0 ? stat.mzxid : 0;
	return found < 0 ? -1 : 0;
}

static int write_confirmation(struct job *j, struct arena *a)
{
	CLEANUP(client_freep) struct client *client = NULL;
	struct err e;
	int rc = 1;

	if (client_open(j->ctl, &client, &e) < 0 || read_root(j, client, &e) < 0)
		return ctl_fail(&e);
	for (int i = 0; rc > 0 && i < ATTEMPTS; i++)
		rc = write_once(j, client, a, &e);
	if (rc == 0)
		rc = read_written(j, client, &e);
	if (rc < 0)
		return ctl_fail(&e);
	if (rc == 0)
		return CTL_OK;
	ctl_say("%s: other clients write it all the time; nothing was written, try again", j->path);
	return CTL_BAD;
}

/* --- after ----------------------------------------------------------------------------------- */

static void print_result(void *job, const struct hosts_wait *after)
{
	const struct job *j = job;

	if (j->ctl->json) {
		json_t *object = json_object();

		json_put(object, "confirm", json_time(j->content.time));
		json_put(object, "rolled_back", json_integer((json_int_t)j->hosts));
		json_put(object, "hosts", hosts_json(after));
		ctl_print_json(object);
		return;
	}
	screen_print(&j->ctl->screen, COLOR_GOOD, "confirmed");
	screen_print(&j->ctl->screen, COLOR_NONE, ": %sthe hosts follow what ZooKeeper has now",
		     j->hosts ? "" : "no host has reported older data; ");
	if (after->timeout)
		hosts_print(after, &j->ctl->screen);
	fputc('\n', j->ctl->screen.out);
}

int confirm_history(struct ctl *ctl, bool waits)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(freep) char *user = ctl_user();
	struct job j = { .ctl = ctl, .content = { .by = user, .time = timing_wall() } };
	const struct watermark_places places = { ctl->settings.zookeeper.config,
						 ctl->settings.zookeeper.cluster, "" };
	struct hosts_follow f = {
		.wait = { .shows = follows, .ctx = &j, .what = "the confirmation" },
		.waits = waits,
		.print = print_result,
		.away = "a daemon there follows when it is back",
	};
	int code = look_before(&j);

	j.path = watermark_root_path(a, &places, WATERMARK_CONFIRMED);
	if (code == CTL_OK)
		code = write_confirmation(&j, a);
	return code == CTL_OK ? hosts_follow(ctl, &f) : code;
}
