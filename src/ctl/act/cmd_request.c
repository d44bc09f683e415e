/* pause, resume, promote, abort, rollback: requests to the leader. */
#include <stdlib.h>
#include <string.h>

#include "ask_leader.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/history/archive.h"
#include "ctl/push/follow.h"
#include "ctl/sign/signer.h"
#include "rollback_sign.h"

#define BY_MOST 128 /* as the leader reads it */

/* --- the answer ------------------------------------------------------------------------------ */

static void print_json(const struct request *request, const struct leader_answer *a)
{
	const struct plan *p = &a->plan;
	json_t *j = json_pack("{s:s, s:b, s:b, s:s, s:i}", "action",
			      request_action_name(request->action), "done", a->done, "paused",
			      p->paused, "phase", plan_phase_name(p->phase), "hosts",
			      (int)p->host_count);

	json_put_text(j, "by", request->by);
	json_put_text(j, "result", a->result);
	json_put_text(j, "accepted", p->accepted.revision);
	json_put_text(j, "target", p->target.revision);
	ctl_print_json(j);
}

/* "revision 0123456789ab is canary on 1 host (paused)" */
static void print_plan(const struct ctl *ctl, const struct plan *p)
{
	const struct screen *s = &ctl->screen;

	if (*p->target.revision)
		screen_print(s, COLOR_NONE, "revision %.12s: %s, on %zu host%s", p->target.revision,
			     plan_phase_name(p->phase), p->host_count, PLURAL(p->host_count));
	else if (*p->accepted.revision)
		screen_print(s, COLOR_NONE, "no rollout is in progress; revision %.12s is accepted",
			     p->accepted.revision);
	else
		screen_print(s, COLOR_NONE, "no rollout is in progress");
	if (p->paused)
		screen_print(s, COLOR_WARNING, " (paused)");
	fputc('\n', s->out);
}

static void print_done(const struct ctl *ctl, const struct request *request, const struct plan *p,
		       const char *done)
{
	screen_print(&ctl->screen, COLOR_GOOD, "%s", done);
	if (request->action == REQUEST_ROLLBACK)
		screen_print(&ctl->screen, COLOR_NONE,
			     ": the config of revision %.12s is the newest config again; ",
			     request->revision);
	else
		fputs(": ", ctl->screen.out);
	print_plan(ctl, p);
}

/* Where the answer is no, say what would help. */
static const char *hint(const struct request *request, const char *result)
{
	if (request->action == REQUEST_ROLLBACK && strstr(result, "the history has no such"))
		return "; \"zknginxctl history\" lists them";
	if (request->action == REQUEST_PROMOTE && strstr(result, "verdict"))
		return "; \"zknginxctl status\" shows which host is waited for";
	return "";
}

/* by: the user, whom the fleet's records name. */
static int run(struct ctl *ctl, struct request *request, const char *done)
{
	CLEANUP(freep) char *user = ctl_user();
	struct leader_answer a;
	int code;

	if (strlen(user) > BY_MOST)
		user[BY_MOST] = '\0';
	request->by = user;
	if (!request->revision)
		request->revision = "";
	code = ask_leader(ctl, request, &a);
	if (*a.result && ctl->json)
		print_json(request, &a);
	else if (a.done)
		print_done(ctl, request, &a.plan, done);
	if (*a.result && !a.done) {
		ctl_say("%s: the leader answers \"%s\"%s", request_action_name(request->action),
			a.result, hint(request, a.result));
	}
	leader_answer_fini(&a);
	return code;
}

static int check_revision(const char *s, const char *expected)
{
	return revision_is_prefix(s)
		       ? CTL_OK
		       : ctl_usage("\"%s\" is not a revision: expected 6 to 64 hexadecimal "
				   "digits%s, as \"zknginxctl history\" shows them",
				   s, expected);
}

/* The target that the request is about, where it is named. */
static int take_revision(const struct arguments *args, struct request *request)
{
	request->revision = arguments_at(args, 0);
	return request->revision ? check_revision(request->revision, "") : CTL_OK;
}

/* --- the commands ---------------------------------------------------------------------------- */

static int run_about_target(struct ctl *ctl, const struct arguments *args,
			    enum request_action action, bool all, const char *done)
{
	struct request r = { .action = action, .all = all };
	int code = take_revision(args, &r);

	return code == CTL_OK ? run(ctl, &r, done) : code;
}

static int pause_rollout(struct ctl *ctl, const struct arguments *args)
{
	return run_about_target(ctl, args, REQUEST_PAUSE, false, "paused");
}

static int resume(struct ctl *ctl, const struct arguments *args)
{
	return run_about_target(ctl, args, REQUEST_RESUME, false, "resumed");
}

static int promote(struct ctl *ctl, const struct arguments *args)
{
	return run_about_target(ctl, args, REQUEST_PROMOTE, arguments_has(args, "all"), "promoted");
}

static int abort_rollout(struct ctl *ctl, const struct arguments *args)
{
	return run_about_target(ctl, args, REQUEST_ABORT, false, "aborted");
}

/* *revision: what the leader is asked for. Digits alone may be the number of an entry; every other
 * word is left to the leader. CTL_OK: go on. */
static int resolve(struct ctl *ctl, struct archive *a, const char *word, const char **revision)
{
	const struct history_entry *h;
	struct err e;

	*revision = word;
	if (!*word || strspn(word, "0123456789") != strlen(word))
		return check_revision(word, ", or a number");
	if (archive_read(a, ctl, &e) < 0)
		return ctl_fail(&e);
	if (archive_find(a, word, &h, &e) == 0) {
		*revision = h->revision;
		return CTL_OK;
	}
	return revision_is_prefix(word) ? CTL_OK : ctl_usage("%s", e.text);
}

static int rollback(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(follow_freep) struct follow *f = NULL;
	CLEANUP(archive_fini) struct archive a = { 0 };
	struct request r = { .action = REQUEST_ROLLBACK };
	struct err e;
	int code = rollback_sign(ctl, args, arguments_at(args, 0), &a, &r);

	if (code == CTL_OK && !r.root)
		code = resolve(ctl, &a, arguments_at(args, 0), &r.revision);
	if (code != CTL_OK)
		return code;
	if (arguments_has(args, "follow") && !ctl->json && follow_new(ctl, &f, &e) < 0)
		return ctl_fail(&e);
	code = run(ctl, &r, "written");
	return f && code == CTL_OK ? follow_run_revision(f, r.revision, NEVER) : code;
}

#define ABOUT_TARGET                                                                               \
	"With REVISION (at least its first six digits), the request is refused if another\n"       \
	"revision is on its way."

const struct command command_pause = {
	.name = "pause",
	.synopsis = "[REVISION]",
	.summary = "stop the rollout before its next step",
	.help = "No step begins, and no revision is accepted, until \"resume\". Hosts that have "
		"the\n"
		"new revision keep it. A failure still halts the rollout.\n\n" ABOUT_TARGET,
	.example = "  zknginxctl pause",
	.most = 1,
	.words = { WORD_REVISION },
	.run = pause_rollout,
};

const struct command command_resume = {
	.name = "resume",
	.synopsis = "[REVISION]",
	.summary = "continue a paused, halted or reverted rollout",
	.help = "A halted or reverted revision is tried again, from its first "
		"step.\n\n" ABOUT_TARGET,
	.example = "  zknginxctl resume",
	.most = 1,
	.words = { WORD_REVISION },
	.run = resume,
};

static const struct command_option promote_options[] = {
	{ "all", 'a', NULL, WORD_NONE, "every host at once, not only the next batch" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_promote = {
	.name = "promote",
	.synopsis = "[REVISION]",
	.summary = "begin the next step of the rollout now",
	.help = "The rest of the bake time is skipped. Every host that has the revision must have "
		"a\n"
		"good verdict on it.\n\n" ABOUT_TARGET,
	.example = "  zknginxctl promote --all",
	.most = 1,
	.words = { WORD_REVISION },
	.options = promote_options,
	.run = promote,
};

const struct command command_abort = {
	.name = "abort",
	.synopsis = "[REVISION]",
	.summary = "withdraw the revision that is being rolled out",
	.help = "Every host returns to the accepted revision. The config in ZooKeeper is not "
		"changed:\n\"rollback\" does that.\n\n" ABOUT_TARGET,
	.example = "  zknginxctl abort",
	.most = 1,
	.words = { WORD_REVISION },
	.run = abort_rollout,
};

static const struct command_option rollback_options[] = {
	{ "follow", 0, NULL, WORD_NONE, "then follow the rollout, as push does" },
	SIGN_OPTION,
	{ "yes", 'y', NULL, WORD_NONE, "with --sign: do not ask" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_rollback = {
	.name = "rollback",
	.synopsis = "REV",
	.summary = "write the config of an old revision back into ZooKeeper",
	.help = "The leader writes it. Then it is the newest revision, and is rolled out like any\n"
		"other. Servers that are registered now stay. An unfinished push ends. REV is the\n"
		"beginning of a revision (six digits at least) or a number of `history`.",
	.example = "  zknginxctl history\n  zknginxctl rollback 0123abcd",
	.least = 1,
	.most = 1,
	.words = { WORD_REVISION },
	.options = rollback_options,
	.run = rollback,
};
