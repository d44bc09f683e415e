/* push: the files of a directory become the config of ZooKeeper. */
#include <stdlib.h>
#include <string.h>

#include "author.h"
#include "core/text/utc.h"
#include "ctl/commands.h"
#include "ctl/znodes/note.h"
#include "difference.h"
#include "host/settings_value.h"
#include "pushing.h"

#define NAMED 20 /* conflicts that a message names */

static bool has(const struct pushing *p, const char *option)
{
	return arguments_has(p->args, option);
}

/* --- the command line ------------------------------------------------------------------------ */

static bool read_prune(struct pushing *p)
{
	const char *prune = arguments_value(p->args, "prune") ?: "true";

	p->keep = strcmp(prune, "false") == 0;
	if (p->keep || strcmp(prune, "true") == 0)
		return true;
	ctl_usage("--prune \"%s\": not true or false", prune);
	return false;
}

static bool read_limit(struct pushing *p)
{
	const char *limit = arguments_value(p->args, "follow-for");

	p->limit = NEVER;
	if (!limit || (duration_parse(limit, &p->limit) && p->limit))
		return true;
	ctl_usage("--follow-for \"%s\": not a time such as 30s or 10m", limit);
	return false;
}

static bool read_options(struct pushing *p)
{
	CLEANUP(freep) char *user = ctl_user();

	p->path = directory_name(p->arena, arguments_at(p->args, 0));
	p->by = arguments_value(p->args, "by") ?: arena_strdup(p->arena, user);
	p->note = arguments_value(p->args, "message") ?: author_commit(p->arena, p->path);
	return read_prune(p) && read_limit(p) && note_fits("by", p->by) &&
	       note_fits("message", p->note);
}

/* --- before the write ------------------------------------------------------------------------ */

static const char *file_of(void *ctx, const char *znode)
{
	struct pushing *p = ctx;

	return tree_find(p->state.directory->tree, znode)
		       ? directory_file(p->state.directory, znode)
		       : NULL;
}

static void say_list(const char *const *paths, size_t count, const char *what)
{
	for (size_t i = 0; i < count && i < NAMED; i++)
		ctl_say("%s %s", paths[i], what);
	if (count > NAMED)
		ctl_say("… and %zu more %s", count - NAMED, what);
}

static void say_unfinished(const struct pushing *p)
{
	const struct config_push *push = &p->state.note.push;
	CLEANUP(buf_fini) struct buf time = BUF_INIT;
	const char *removed = config_push_removal(push);

	if (!p->state.note.unfinished)
		return;
	utc_print(push->time, &time);
	ctl_say("%s%s by %s that began at %s is unfinished: %s",
		removed ? "the removal of " : "a push", removed ?: "",
		*push->by ? push->by : "an unknown client", buf_str(&time),
		removed ? "this push replaces it"
		: push_state_continues(&p->state)
			? "this push completes it"
			: "it was one of another config. This push replaces it");
}

static void show(struct pushing *p)
{
	const struct difference_names names = { "zookeeper", p->path };
	const struct config_edit *e = &p->state.edit;

	say_unfinished(p);
	say_list(e->shadowed, e->shadowed_count,
		 "is registered by an application; its file has no effect");
	if (p->ctl->json)
		return;
	difference_print(&p->ctl->screen, e, &names);
	fflush(stdout);
	findings_print(&p->findings, stderr);
}

static int refuse(struct pushing *p, const char *why)
{
	p->refused = why;
	ctl_say("%s", why);
	return CTL_BAD;
}

/* Is there data in the root that the note would replace? */
static bool root_is_foreign(const struct pushing *p)
{
	CLEANUP(freep)
	char *note = note_print(tree_find(p->state.before, p->state.in.root), p->by, p->note, NULL);

	return !note;
}

/* CTL_OK: it may be written. */
static int check(struct pushing *p)
{
	const struct config_edit *e = &p->state.edit;
	struct err why;

	if (push_check_signature(p, &why) < 0)
		return refuse(p, arena_strdup(p->arena, why.text));
	if (root_is_foreign(p) && !has(p, "force"))
		return refuse(p,
			      arena_printf(p->arena,
					   "refused: the data of %s is no JSON object, and would "
					   "be replaced by who pushed and why; --force replaces it",
					   p->state.in.root));
	if (p->findings.errors && !has(p, "force"))
		return refuse(p, "refused: the daemons would not take all of it (see above); "
				 "--force writes it all the same");
	if (e->registered_count && !has(p, "force")) {
		say_list(e->registered, e->registered_count, "is registered by an application");
		return refuse(p, "refused: an upstream with registered servers would be deleted; "
				 "--force deletes these servers too");
	}
	if (e->objects_deleted * 2 > e->objects && !has(p, "yes-delete"))
		return refuse(p, arena_printf(p->arena,
					      "refused: %zu of %zu objects would be deleted; "
					      "--yes-delete allows that",
					      e->objects_deleted, e->objects));
	return CTL_OK;
}

static int confirm(struct pushing *p)
{
	CLEANUP(freep)
	char *question = xasprintf("Write this to %s (%s)?", p->state.in.root,
				   difference_summary(p->arena, &p->state.edit));

	if (has(p, "yes"))
		return CTL_OK;
	if (!can_ask() || p->ctl->json) {
		refuse(p, "nothing was written: there is no terminal to ask, or --json is given; "
			  "--yes writes without a question");
		return CTL_USAGE;
	}
	if (ask(question))
		return CTL_OK;
	return refuse(p, "nothing was written");
}

/* --- the write -------------------------------------------------------------------------------- */

static int explain_failure(struct pushing *p, const struct err *e)
{
	const struct write_outcome *o = &p->outcome;

	if (!o->is_conflict) {
		p->refused = arena_strdup(p->arena, e->text);
		ctl_say("%s%s", push_written_text(p),
			o->written ? "; the same push completes it" : "");
		return ctl_fail(e);
	}
	say_list(o->conflicts, o->conflict_count, "has changed since this difference was made");
	return refuse(p, arena_printf(p->arena,
				      "refused: %s changed the config since. %s. Push again to see "
				      "what is different now",
				      push_rival_text(p), push_written_text(p)));
}

static int write_it(struct pushing *p)
{
	struct write_job job = { .ctl = p->ctl,
				 .before = p->state.before,
				 .root = p->state.in.root,
				 .by = p->by,
				 .note = p->note,
				 .id = p->state.id,
				 .is_result = push_state_is_result,
				 .ctx = &p->state };
	struct history_op *ops;
	struct err e;

	job.count = config_edit_ops(&p->state.edit, p->arena, &ops);
	job.ops = ops;

	if (push_sign(p, &job, &e) < 0)
		return ctl_fail(&e);
	if (!has(p, "no-wait") && follow_new(p->ctl, &p->follow, &e) < 0)
		return ctl_fail(&e);
	if (marked_write(&job, p->arena, &p->outcome, &e) < 0)
		return explain_failure(p, &e);
	p->written = true;
	push_say_written(p);
	fflush(stdout);
	return CTL_OK;
}

static int follow_it(struct pushing *p)
{
	const struct push_state *s = &p->state;

	if (!p->follow) {
		if (!p->ctl->json)
			screen_print(&p->ctl->screen, COLOR_NONE,
				     "\"zknginxctl status --wait\" waits until it has landed\n");
		return CTL_OK;
	}
	if (strcmp(s->revision, s->revision_before) == 0 && !s->note.unfinished && !p->signer) {
		if (!p->ctl->json)
			screen_print(&p->ctl->screen, COLOR_NONE,
				     "only servers have changed: every host takes them at once\n");
		return CTL_OK;
	}
	p->followed = true;
	return follow_run(p->follow, p->outcome.version, p->limit);
}

/* --------------------------------------------------------------------------------------------- */

static int push_changes(struct pushing *p)
{
	int code;

	if (!p->state.edit.count && !p->state.note.unfinished &&
	    (!p->signer || push_is_signed(p))) {
		if (!p->ctl->json)
			screen_print(&p->ctl->screen, COLOR_NONE, "%s: no change\n", p->path);
		return CTL_OK;
	}
	show(p);
	code = check(p);
	if (code == CTL_OK && has(p, "dry-run"))
		return CTL_BAD;
	if (code == CTL_OK)
		code = confirm(p);
	if (code == CTL_OK)
		code = write_it(p);
	return code == CTL_OK ? follow_it(p) : code;
}

static int push(struct pushing *p)
{
	struct err e;
	int code;

	if (!read_options(p))
		return CTL_USAGE;
	code = signer_open(p->ctl, arguments_value(p->args, "sign"), &p->signer);
	if (code != CTL_OK)
		return code;
	if (push_state_read(&p->state, p->ctl, p->path, p->keep, &e) < 0)
		return ctl_fail(&e);
	difference_say_unnamed(&p->state.edit);
	findings_add(&p->findings, &p->state.problems, p->state.after, file_of, p);
	code = push_changes(p);
	if (p->ctl->json)
		push_print_json(p);
	return code;
}

static void pushing_fini(struct pushing *p)
{
	findings_fini(&p->findings);
	if (p->state.arena)
		push_state_fini(&p->state);
	follow_free(p->follow);
	signer_free(p->signer);
	arena_free(p->arena);
}

static int run_push(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(pushing_fini)
	struct pushing p = { .ctl = ctl, .args = args, .arena = arena_new(), .refused = "" };

	findings_init(&p.findings);
	return push(&p);
}

static const struct command_option push_options[] = {
	{ "yes", 'y', NULL, WORD_NONE, "do not ask" },
	{ "dry-run", 'n', NULL, WORD_NONE, "stop after the difference: 0 there is none, 1 some" },
	{ "by", 0, "WHO", WORD_NONE, "who pushes, for the history (default USER@HOST)" },
	{ "message", 'm', "TEXT", WORD_NONE, "why, for the history (default the git commit)" },
	{ "prune", 0, "true|false", WORD_NONE, "false: delete nothing" },
	{ "yes-delete", 0, NULL, WORD_NONE, "allow that most objects are deleted" },
	{ "force", 'f', NULL, WORD_NONE, "write what the daemons would refuse" },
	SIGN_OPTION,
	{ "no-wait", 0, NULL, WORD_NONE, "do not follow the rollout" },
	{ "follow-for", 0, "TIME", WORD_NONE, "follow the rollout at most so long" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_push = {
	.name = "push",
	.synopsis = "DIR",
	.summary = "make a directory the config of ZooKeeper, and follow the rollout",
	.help = "Checks the directory as the daemons would, shows what would change, asks, and\n"
		"writes it in one transaction, or in as few as possible. A znode that somebody\n"
		"else changes meanwhile is never overwritten. Servers that applications have\n"
		"registered are not touched. Then follows the rollout, host by host.\n"
		"\n"
		"Exit status: 0 landed, or no change; 1 refused, halted or reverted; 2 nobody to\n"
		"ask; 3 cannot tell; 130 Ctrl-C while following: the rollout goes on.",
	.example = "  zknginxctl push conf\n"
		   "  zknginxctl push --yes -m \"ticket 4711\" conf",
	.least = 1,
	.most = 1,
	.words = { WORD_DIRECTORY },
	.options = push_options,
	.run = run_push,
};
