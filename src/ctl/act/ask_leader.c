/*
 * The leader deletes the request and writes the answer into the plan in one transaction. So in a
 * tree that has both, the request is gone and the plan's answer has another time than before.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_leader.h"
#include "core/data/layout.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/reader.h"
#include "sys/timing.h"

#define PUBLISH_MOST (90 * USEC_PER_SEC) /* the leader gives up a rollback after a minute */

struct asking {
	struct ctl *ctl;
	const struct request *request;
	struct leader_answer *out;
	struct client *client;
	struct reader *reader;
	struct tree *tree;
	const char *path, *plan_path; /* in the answer's arena */
	const char *before;           /* time of the plan's last answer before */
};

static void asking_fini(struct asking *q)
{
	client_free(q->client);
	reader_free(q->reader);
	tree_unref(q->tree);
}

/* --- what is there --------------------------------------------------------------------------- */

static bool find_plan(struct asking *q, struct plan *plan)
{
	const struct znode *z = tree_find(q->tree, q->plan_path);
	const char *why;

	return z && plan_parse(q->out->arena, z->data, z->size, plan, &why);
}

static bool is_answered(struct asking *q)
{
	struct plan *p = &q->out->plan;

	return !tree_find(q->tree, q->path) && find_plan(q, p) &&
	       strcmp(p->request.action, request_action_name(q->request->action)) == 0 &&
	       strcmp(p->request.by, q->request->by) == 0 && strcmp(p->request.at, q->before) != 0;
}

static bool is_publishing(struct asking *q)
{
	return q->out->plan.phase == PLAN_PUBLISHING ||
	       strcmp(q->out->plan.request.result, "publishing") == 0;
}

/* False: the timeout has passed. */
static bool next_tree(struct asking *q, uint64_t end)
{
	uint64_t now = timing_now();
	struct tree *next;

	if (now >= end || !reader_next(q->reader, end - now, &next))
		return false;
	tree_unref(q->tree);
	q->tree = next;
	return true;
}

/* --- the steps ------------------------------------------------------------------------------- */

/* An answer in a plan that cannot be read is never seen. */
static int check_readable(const struct asking *q, struct err *e)
{
	if (reader_check(q->reader, q->plan_path, e) < 0 || reader_check(q->reader, q->path, e) < 0)
		return err_wrap(e, "nothing was asked, because the leader's answer cannot be read");
	return 0;
}

static int open_all(struct asking *q, struct err *e)
{
	const struct mirror_root roots[] = { { q->path, 0 }, { q->plan_path, 0 } };
	struct plan plan;

	if (reader_new(q->ctl, roots, ARRAY_SIZE(roots), &q->reader, e) < 0 ||
	    reader_first(q->reader, &q->tree, e) < 0 || check_readable(q, e) < 0)
		return -1;
	q->before = find_plan(q, &plan) ? plan.request.at : "";
	return client_open(q->ctl, &q->client, e);
}

static int say_pending(struct asking *q)
{
	struct arena *a = q->out->arena;
	struct request other = { .revision = "", .by = "", .root = "" };
	const char *why;
	struct znode z;
	struct err e;
	int found = client_get(q->client, a, q->path, &z, &e);

	if (found < 0)
		return ctl_fail(&e);
	if (found && !request_parse(a, z.data, z.size, &other, &why))
		ctl_say("%s has a request that is not valid (%s) and that no leader has answered "
			"yet; delete it, or try again later",
			q->path, why);
	else if (found)
		ctl_say("%s by %s waits for the leader in %s; nothing was asked: try again when "
			"it is answered, or delete it",
			request_action_name(other.action), *other.by ? other.by : "an unknown user",
			q->path);
	else
		ctl_say("another request was answered just now; nothing was asked: try again");
	return CTL_BAD;
}

/* Returns CTL_OK when the request waits for the leader. */
static int create(struct asking *q)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct session_op op = { .kind = OP_CREATE, .path = q->path };
	struct err e;
	int rc = 0;

	request_print(q->request, &text);
	op.data = buf_str(&text);
	op.size = text.size;
	if (client_multi(q->client, &op, 1, NULL, &rc, &e) == 0)
		return CTL_OK;
	if (rc == SESSION_NODE_EXISTS)
		return say_pending(q);
	if (rc == SESSION_NO_NODE) {
		ctl_say("%s does not exist: no daemon was ever started with this "
			"zookeeper.cluster",
			q->ctl->settings.zookeeper.cluster);
		return CTL_BAD;
	}
	return ctl_fail(&e);
}

/* Nobody would expect it to be obeyed hours later. */
static int withdraw(struct asking *q)
{
	struct session_op op = { .kind = OP_DELETE, .path = q->path };
	struct err e;

	if (reader_check(q->reader, q->plan_path, &e) < 0)
		ctl_say("the leader's answer cannot be read: %s", e.text);

	if (client_multi(q->client, &op, 1, NULL, NULL, &e) == 0)
		ctl_say("no leader answers within %llu ms, and the request was withdrawn: "
			"\"zknginxctl status\" shows the hosts; each one keeps serving the "
			"revision "
			"that it runs",
			(unsigned long long)(q->ctl->timeout / USEC_PER_MSEC));
	else
		ctl_say("no leader answers within %llu ms, and the request %s could not be "
			"withdrawn (%s): look at it before you ask again",
			(unsigned long long)(q->ctl->timeout / USEC_PER_MSEC), q->path, e.text);
	return CTL_UNKNOWN;
}

static int await_answer(struct asking *q)
{
	uint64_t end = timing_now() + q->ctl->timeout;

	while (!is_answered(q)) {
		progress_show("waiting for the leader");
		if (!next_tree(q, end)) {
			progress_clear();
			return withdraw(q);
		}
	}
	progress_clear();
	return CTL_OK;
}

static int await_published(struct asking *q)
{
	uint64_t end = timing_now() + PUBLISH_MOST;
	struct plan *p = &q->out->plan;

	while (is_publishing(q)) {
		progress_show("the leader is writing revision %.12s", p->publish.revision);
		if (!next_tree(q, end)) {
			progress_clear();
			ctl_say("the leader has not written the old config within %llu s; "
				"\"zknginxctl status\" shows how it goes on",
				(unsigned long long)(PUBLISH_MOST / USEC_PER_SEC));
			return CTL_UNKNOWN;
		}
		find_plan(q, p);
	}
	progress_clear();
	if (strcmp(p->request.action, request_action_name(q->request->action)) == 0)
		return CTL_OK;
	ctl_say("another request ended it: %s by %s", p->request.action,
		*p->request.by ? p->request.by : "an unknown user");
	return CTL_BAD;
}

static int run(struct asking *q)
{
	struct err e;
	int code;

	if (open_all(q, &e) < 0)
		return ctl_fail(&e);
	code = create(q);
	if (code == CTL_OK)
		code = await_answer(q);
	if (code == CTL_OK)
		code = await_published(q);
	return code;
}

int ask_leader(struct ctl *ctl, const struct request *request, struct leader_answer *out)
{
	struct arena *a = arena_new();
	const char *cluster = ctl->settings.zookeeper.cluster;
	struct asking q = { .ctl = ctl,
			    .request = request,
			    .out = out,
			    .path = cluster_path(a, cluster, CLUSTER_REQUEST, NULL),
			    .plan_path = cluster_path(a, cluster, CLUSTER_PLAN, NULL) };
	int code;

	*out = (struct leader_answer){ .arena = a, .result = "" };
	code = run(&q);
	asking_fini(&q);
	if (code != CTL_OK)
		return code;
	out->result = out->plan.request.result;
	out->done = strcmp(out->result, "done") == 0;
	return out->done ? CTL_OK : CTL_BAD;
}

void leader_answer_fini(struct leader_answer *a)
{
	arena_free(a->arena);
}
