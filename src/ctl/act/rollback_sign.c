/* An entry of the history is what its writer says, so what is signed is shown first. */
#include <stdlib.h>
#include <string.h>

#include "ctl/push/difference.h"
#include "ctl/sign/signer.h"
#include "ctl/znodes/config_read.h"
#include "rollback_sign.h"

#define NOTE_MOST 128

struct rollback {
	struct ctl *ctl;
	const struct arguments *args;
	struct archive *archive;
	const struct history_entry *entry;
	struct tree *now, *old;
};

static void rollback_fini(struct rollback *r)
{
	tree_unref(r->now);
	tree_unref(r->old);
}

static int read_both(struct rollback *r, const char *word)
{
	struct err e;

	if (archive_read(r->archive, r->ctl, &e) < 0 ||
	    archive_find(r->archive, word, &r->entry, &e) < 0 ||
	    archive_config(r->archive, r->entry, &r->old, &e) < 0 ||
	    config_read(r->ctl, &r->now, &e) < 0)
		return ctl_fail(&e);
	return CTL_OK;
}

static void show(const struct rollback *r)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct policy policy = policy_from_settings(&r->ctl->settings);
	const struct difference_names names = { "zookeeper",
						arena_printf(a, "%.12s", r->entry->revision) };
	const struct config_edit_input in = { .old = r->now,
					      .new = r->old,
					      .root = r->ctl->settings.zookeeper.config,
					      .policy = &policy,
					      .objects_only = true };
	struct config_edit edit;

	config_edit_make(&edit, a, &in);
	if (!r->ctl->json)
		difference_print(&r->ctl->screen, &edit, &names);
	fflush(stdout);
}

static int confirm(const struct rollback *r)
{
	CLEANUP(freep)
	char *question = xasprintf("Sign revision %.12s as the config again?", r->entry->revision);

	return signer_confirm(r->ctl, r->args, question);
}

static int sign(struct rollback *r, struct signer *signer, struct request *request)
{
	struct arena *a = r->archive->arena;
	CLEANUP(freep) char *user = ctl_user();
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct config_note n = config_note_empty();
	struct err e;

	n.by = arena_printf(a, "%.*s", NOTE_MOST, user);
	n.note = arena_printf(a, "rollback to %.12s", r->entry->revision);
	if (signer_sign(signer, a, tree_find(r->now, r->ctl->settings.zookeeper.config),
			r->entry->revision, &n, &e) < 0)
		return ctl_fail(&e);
	config_note_print(&n, &text);
	request->root = arena_strdup(a, buf_str(&text));
	request->revision = r->entry->revision;
	return CTL_OK;
}

static int refuse_unsigned(const struct ctl *ctl)
{
	ctl_say("the hosts would not apply a rollback without a new signature (trust.require is "
		"\"%s\"): sign it with --sign KEY",
		trust_mode_name(ctl->settings.trust.require));
	return CTL_BAD;
}

int rollback_sign(struct ctl *ctl, const struct arguments *args, const char *word,
		  struct archive *a, struct request *request)
{
	CLEANUP(signer_freep) struct signer *signer = NULL;
	CLEANUP(rollback_fini)
	struct rollback r = { .ctl = ctl, .args = args, .archive = a };
	int code = signer_open(ctl, arguments_value(args, "sign"), &signer);

	if (code != CTL_OK || !signer)
		return code == CTL_OK && signer_is_required(ctl) ? refuse_unsigned(ctl) : code;
	code = read_both(&r, word);
	if (code != CTL_OK || !r.entry)
		return code;
	show(&r);
	code = confirm(&r);
	return code == CTL_OK ? sign(&r, signer, request) : code;
}
