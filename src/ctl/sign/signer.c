/* A serial that no trusted key has signed counts only if it is near: else one write of another
 * client would use up the numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/utc.h"
#include "ctl/history/archive.h"
#include "private_key.h"
#include "signer.h"
#include "sys/timing.h"

#define LEAP_MOST 1000000UL

struct signer {
	struct ctl *ctl;
	struct private_key *key;
	unsigned long serial; /* 0: the next one */
};

bool signer_is_required(const struct ctl *ctl)
{
	return ctl->settings.trust.require != TRUST_OFF;
}

int signer_refuse_unsigned(const struct ctl *ctl, struct err *e)
{
	return err_set(
		e, ERR_REFUSED,
		"the hosts would not apply a config without a signature (trust.require is "
		"\"%s\"), so nothing was changed: sign it with --sign KEY (--force writes it "
		"unsigned; \"zknginxctl sign\" signs it later)",
		trust_mode_name(ctl->settings.trust.require));
}

static struct signature_scope scope_of(const struct ctl *ctl)
{
	return (struct signature_scope){ .fleet = ctl->settings.trust.fleet,
					 .config = ctl->settings.zookeeper.config };
}

struct signature_verdict signer_verdict(const struct ctl *ctl, struct arena *a,
					const struct config_note *n, const char *revision)
{
	struct signing_keys keys = signing_keys_parse(a, ctl->settings.trust.keys);
	const struct signature_scope scope = scope_of(ctl);

	return signature_check(&(struct signature_question){
		.keys = &keys, .scope = &scope, .note = n, .revision = revision });
}

/* --- lifetime -------------------------------------------------------------------------------- */

/* A key that the settings do not trust signs for nobody. */
static int check_trusted(const struct ctl *ctl, const struct private_key *k, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct signing_keys keys = signing_keys_parse(a, ctl->settings.trust.keys);
	struct ed25519_key public;
	struct signing_key own;

	if (!private_key_public(k, &public)) {
		if (keys.count)
			return 0;
		return err_set(
			e, ERR_REFUSED,
			"--sign: the key of a command has to be in trust.keys of the settings");
	}
	own = signing_key_of(&public, "");
	if (!keys.count || signing_keys_find(&keys, own.id))
		return 0;
	return err_set(
		e, ERR_REFUSED,
		"--sign: the key %s is not in trust.keys of %s, so hosts with these settings "
		"would refuse what it signs",
		own.id, ctl->settings_path);
}

int signer_open(struct ctl *ctl, const char *key, struct signer **out)
{
	CLEANUP(signer_freep) struct signer *s = NULL;
	struct err e;

	*out = NULL;
	if (!key)
		return CTL_OK;
	s = xcalloc(1, sizeof(*s));
	s->ctl = ctl;
	if (private_key_open(key, &s->key, &e) < 0 || check_trusted(ctl, s->key, &e) < 0) {
		ctl_say("%s", e.text);
		return e.code == ERR_REFUSED ? CTL_BAD : CTL_USAGE;
	}
	*out = TAKE(s);
	return CTL_OK;
}

void signer_free(struct signer *s)
{
	if (!s)
		return;
	private_key_free(s->key);
	free(s);
}

void signer_use_serial(struct signer *s, unsigned long serial)
{
	s->serial = serial;
}

/* --- the serial ------------------------------------------------------------------------------ */

/* 0: no trusted key has signed it. */
static unsigned long verified(const struct signer *s, struct arena *a, const struct config_note *n)
{
	struct signature_verdict v = signer_verdict(s->ctl, a, n, n->revision);

	return v.result == SIGNATURE_GOOD ? n->serial : 0;
}

/* A key that is not trusted any more has signed with it, or any client has written it. */
static unsigned long claimed(const struct archive *h, unsigned long serial, unsigned long known)
{
	const unsigned long limit = known + LEAP_MOST;
	unsigned long last = known;

	if (serial > last && serial <= limit)
		last = serial;
	for (size_t i = 0; i < h->count; i++) {
		unsigned long x = h->entries[i].serial;

		if (x > last && x <= limit)
			last = x;
	}
	return last;
}

static int choose_serial(const struct signer *s, struct arena *a, const struct znode *root,
			 unsigned long *serial, struct err *e)
{
	CLEANUP(archive_fini) struct archive h = { 0 };
	struct config_note n;
	unsigned long last;

	*serial = s->serial;
	if (s->serial)
		return 0;
	config_note_parse(a, root ? root->data : "", root ? root->size : 0, &n);
	if (archive_read(&h, s->ctl, e) < 0)
		return -1;
	last = claimed(&h, n.serial, verified(s, a, &n));
	if (last >= SERIAL_MAX)
		return err_set(e, ERR_REFUSED, "the last serial, %lu, is the highest there is",
			       last);
	*serial = last + 1;
	return 0;
}

/* --- signing --------------------------------------------------------------------------------- */

/* A command does not say which key it has. */
static const struct signing_key *find_key(const struct signing_keys *keys, const struct buf *text,
					  const struct ed25519_signature *signature)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (ed25519_verify(&keys->items[i].key, signature, buf_str(text), text->size))
			return &keys->items[i];
	}
	return NULL;
}

static int sign_text(const struct signer *s, struct arena *a, struct config_note *n, struct err *e)
{
	struct signing_keys keys = signing_keys_parse(a, s->ctl->settings.trust.keys);
	const struct signature_scope scope = scope_of(s->ctl);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct ed25519_signature signature;
	const struct signing_key *k;
	struct ed25519_key public;
	struct signing_key own;

	signature_text(&scope, n, &text);
	if (private_key_sign(s->key, buf_str(&text), text.size, &signature, e) < 0)
		return -1;
	k = find_key(&keys, &text, &signature);
	if (!k && private_key_public(s->key, &public)) {
		own = signing_key_of(&public, "");
		k = &own;
	}
	if (!k)
		return err_set(e, ERR_REFUSED,
			       "--sign: the signature is of no key in trust.keys of the settings");
	signature_print(k, &signature, &line);
	n->signature = arena_strdup(a, buf_str(&line));
	return 0;
}

int signer_sign(struct signer *s, struct arena *a, const struct znode *root, const char *revision,
		struct config_note *n, struct err *e)
{
	CLEANUP(buf_fini) struct buf time = BUF_INIT;

	if (choose_serial(s, a, root, &n->serial, e) < 0)
		return -1;
	utc_print(timing_wall(), &time);
	n->time = arena_strdup(a, buf_str(&time));
	n->revision = arena_strdup(a, revision);
	return sign_text(s, a, n, e);
}

int signer_confirm(const struct ctl *ctl, const struct arguments *args, const char *question)
{
	/* The question follows what was shown to be signed. */
	fflush(stdout);
	if (arguments_has(args, "yes"))
		return CTL_OK;
	if (!can_ask() || ctl->json) {
		ctl_say("nothing was signed: there is no terminal to ask, or --json is given; "
			"--yes signs without a question");
		return CTL_USAGE;
	}
	if (ask(question))
		return CTL_OK;
	ctl_say("nothing was signed");
	return CTL_BAD;
}
