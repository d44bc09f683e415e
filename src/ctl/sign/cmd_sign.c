/* sign and verify: the signature of the config as ZooKeeper has it. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/console/screen.h"
#include "ctl/history/archive.h"
#include "ctl/push/difference.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/config_read.h"
#include "ctl/znodes/note.h"
#include "signer.h"

struct seen {
	struct ctl *ctl;
	struct arena *arena;
	struct tree *config;
	const struct znode *root;
	struct config_note note;
	char revision[DIGEST_HEX_SIZE];
};

static int read_config(struct seen *s, struct ctl *ctl)
{
	struct digest digest;
	struct err e;

	*s = (struct seen){ .ctl = ctl, .arena = arena_new() };
	if (config_read(ctl, &s->config, &e) < 0)
		return ctl_fail(&e);
	s->root = tree_find(s->config, ctl->settings.zookeeper.config);
	config_note_of(s->arena, s->config, ctl->settings.zookeeper.config, &s->note);
	digest = tree_revision(s->config, ctl->settings.zookeeper.config);
	digest_hex(&digest, s->revision);
	return CTL_OK;
}

static void seen_fini(struct seen *s)
{
	tree_unref(s->config);
	arena_free(s->arena);
}

/* --- what is signed -------------------------------------------------------------------------- */

static const struct history_entry *last_signed(const struct archive *h)
{
	for (size_t i = h->count; i-- > 0;) {
		if (h->entries[i].serial)
			return &h->entries[i];
	}
	return NULL;
}

/* The newest entry of the history that a trusted key has signed (one reference); NULL: none. */
static struct tree *read_signed(struct seen *s, const char **name)
{
	CLEANUP(archive_fini) struct archive h = { 0 };
	CLEANUP(tree_unrefp) struct tree *config = NULL;
	const struct history_entry *x;
	struct signature_verdict v;
	struct config_note n;

	if (archive_read(&h, s->ctl, NULL) < 0 || !(x = last_signed(&h)) ||
	    archive_config(&h, x, &config, NULL) < 0)
		return NULL;
	config_note_of(s->arena, config, s->ctl->settings.zookeeper.config, &n);
	v = signer_verdict(s->ctl, s->arena, &n, x->revision);
	if (s->ctl->settings.trust.keys[0] && v.result != SIGNATURE_GOOD)
		return NULL;
	*name = arena_printf(s->arena, "%.12s (serial %lu)", x->revision, n.serial);
	return TAKE(config);
}

static void show(struct seen *s)
{
	struct policy policy = policy_from_settings(&s->ctl->settings);
	struct difference_names names = { .new = "to be signed" };
	CLEANUP(tree_unrefp) struct tree *before = read_signed(s, &names.old);
	const struct config_edit_input in = { .old = before,
					      .new = s->config,
					      .root = s->ctl->settings.zookeeper.config,
					      .policy = &policy,
					      .objects_only = true };
	struct config_edit edit;

	if (s->ctl->json)
		return;
	if (!before) {
		printf("The history has no signed revision to compare with: look at the config "
		       "with \"zknginxctl pull\" before you sign it.\n");
		return;
	}
	config_edit_make(&edit, s->arena, &in);
	difference_print(&s->ctl->screen, &edit, &names);
	if (!edit.count)
		printf("The objects are those of the revision that was signed last, %s.\n",
		       names.old);
}

/* --- sign ------------------------------------------------------------------------------------ */

static int confirm(const struct seen *s, const struct arguments *args)
{
	CLEANUP(freep)
	char *question = xasprintf("Sign revision %.12s of %s?", s->revision, s->root->path);

	return signer_confirm(s->ctl, args, question);
}

static int write_note(struct seen *s, const struct config_note *n)
{
	CLEANUP(client_freep) struct client *client = NULL;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct session_op op = { .kind = OP_SET,
				 .path = s->root->path,
				 .version = s->root->version };
	struct err e;
	int rc = 0;

	config_note_print(n, &text);
	op.data = buf_str(&text);
	op.size = text.size;
	if (client_open(s->ctl, &client, &e) < 0)
		return ctl_fail(&e);
	if (client_multi(client, &op, 1, NULL, &rc, &e) == 0)
		return CTL_OK;
	if (!client_is_conflict(rc))
		return ctl_fail(&e);
	ctl_say("another client has changed the config meanwhile: nothing was signed; look at it "
		"and try again");
	return CTL_BAD;
}

static void print_signed(const struct seen *s, const struct config_note *n)
{
	json_t *j;

	if (!s->ctl->json) {
		printf("signed: revision %.12s of %s, serial %lu, by %s\n", s->revision,
		       s->root->path, n->serial, n->by);
		return;
	}
	j = json_object();
	json_put_text(j, "by", n->by);
	json_put_text(j, "revision", n->revision);
	json_put_number(j, "serial", n->serial);
	json_put_text(j, "time", n->time);
	ctl_print_json(j);
}

static int check_signable(const struct seen *s)
{
	if (s->note.unfinished) {
		ctl_say("a push to %s is unfinished, so the config is incomplete: nothing was "
			"signed",
			s->root->path);
		return CTL_BAD;
	}
	if (config_has_objects(s->config, s->root->path))
		return CTL_OK;
	ctl_say("%s has no object: nothing was signed", s->root->path);
	return CTL_BAD;
}

static int sign_config(struct seen *s, struct signer *signer, const struct arguments *args)
{
	CLEANUP(freep) char *user = ctl_user();
	const char *by = arguments_value(args, "by") ?: user;
	const char *message = arguments_value(args, "message");
	struct config_note n = s->note;
	struct err e;
	int code;

	if (!note_fits("by", by) || !note_fits("message", message ?: ""))
		return CTL_USAGE;
	n.by = by;
	n.note = message ?: n.note;
	show(s);
	code = confirm(s, args);
	if (code != CTL_OK)
		return code;
	if (signer_sign(signer, s->arena, s->root, s->revision, &n, &e) < 0)
		return ctl_fail(&e);
	code = write_note(s, &n);
	if (code == CTL_OK)
		print_signed(s, &n);
	return code;
}

static bool take_serial(struct signer *signer, const struct arguments *args)
{
	const char *text = arguments_value(args, "serial");
	char *end;
	unsigned long n;

	if (!text)
		return true;
	n = strtoul(text, &end, 10);
	if (!n || *end || *text == '-' || n > SERIAL_MAX) {
		ctl_usage("--serial \"%s\": expected a number from 1 to %lu", text, SERIAL_MAX);
		return false;
	}
	signer_use_serial(signer, n);
	return true;
}

static int sign(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(signer_freep) struct signer *signer = NULL;
	CLEANUP(seen_fini) struct seen s = { 0 };
	int code =
		signer_open(ctl, arguments_at(args, 0) ?: arguments_value(args, "sign"), &signer);

	if (code != CTL_OK)
		return code;
	if (!signer)
		return ctl_usage("the key is missing: expected sign KEY");
	if (!take_serial(signer, args))
		return CTL_USAGE;
	code = read_config(&s, ctl);
	if (code == CTL_OK)
		code = check_signable(&s);
	return code == CTL_OK ? sign_config(&s, signer, args) : code;
}

/* --- verify ---------------------------------------------------------------------------------- */

static void print_verdict(const struct seen *s, const struct signature_verdict *v)
{
	json_t *j;

	if (!s->ctl->json && v->result == SIGNATURE_GOOD)
		printf("revision %.12s of %s is signed by \"%s\", serial %lu, at %s\n", s->revision,
		       s->root->path, v->key, v->serial, s->note.time);
	else if (!s->ctl->json)
		ctl_say("revision %.12s of %s is not trusted: %s", s->revision, s->root->path,
			signature_explain(s->arena, v));
	if (!s->ctl->json)
		return;
	j = json_object();
	json_put_text(j, "by", s->note.by);
	json_put(j, "good", json_boolean(v->result == SIGNATURE_GOOD));
	json_put_text(j, "key", *v->key ? v->key : v->id);
	json_put_text(j, "revision", s->revision);
	json_put_number(j, "serial", v->serial);
	json_put_text(j, "state", signature_result_name(v->result));
	json_put_text(j, "time", s->note.time);
	json_put_text(j, "why", v->result == SIGNATURE_GOOD ? "" : signature_explain(s->arena, v));
	ctl_print_json(j);
}

static int verify(struct ctl *ctl, const struct arguments *args UNUSED)
{
	CLEANUP(seen_fini) struct seen s = { 0 };
	struct signature_verdict v;
	int code;

	if (!ctl->settings.trust.keys[0])
		return ctl_usage("%s has no trust.keys, so no signature can be checked",
				 ctl->settings_path);
	code = read_config(&s, ctl);
	if (code != CTL_OK)
		return code;
	v = signer_verdict(ctl, s.arena, &s.note, s.revision);
	print_verdict(&s, &v);
	return v.result == SIGNATURE_GOOD ? CTL_OK : CTL_BAD;
}

/* --------------------------------------------------------------------------------------------- */

static const struct command_option sign_options[] = {
	SIGN_OPTION,
	{ "serial", 0, "NUMBER", WORD_NONE, "the serial (default one more than the last)" },
	{ "by", 0, "WHO", WORD_NONE, "who signs, for the history (default USER@HOST)" },
	{ "message", 'm', "TEXT", WORD_NONE,
	  "why, for the history (default the note that is there)" },
	{ "yes", 'y', NULL, WORD_NONE, "do not ask" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_sign = {
	.name = "sign",
	.synopsis = "KEY",
	.summary = "sign the config that ZooKeeper has",
	.help = "Shows what has changed since the last signed revision of the history, asks, and\n"
		"writes the signature into the data of zookeeper.config. KEY is a file of keygen, "
		"or\n"
		"cmd:PROGRAM ARGUMENT …: a program that reads the bytes to sign on standard input "
		"and\n"
		"prints the signature as base64.\n"
		"\n"
		"Exit status: 0 signed, 1 refused or changed meanwhile, 2 nobody to ask, 3 cannot\n"
		"tell.",
	.example = "  zknginxctl sign alice.key -m 'checked by alice'",
	.most = 1,
	.words = { WORD_FILE },
	.options = sign_options,
	.run = sign,
};

const struct command command_verify = {
	.name = "verify",
	.synopsis = "",
	.summary = "check the signature of the config that ZooKeeper has",
	.help = "Checks it with trust.keys of the settings, as the hosts do. Which serial a host "
		"has\n"
		"applied last is known to that host alone (status).\n"
		"\n"
		"Exit status: 0 good, 1 not, 2 no keys in the settings, 3 cannot tell.",
	.example = "  zknginxctl verify",
	.run = verify,
};
