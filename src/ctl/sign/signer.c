/* Serials that no trusted key has signed do not count: they would use up the numbers. */
#include <stdlib.h>
#include <string.h>

#include "core/text/utc.h"
#include "ctl/history/archive.h"
#include "private_key.h"
#include "signer.h"
#include "sys/timing.h"

#define FETCHES_MOST 8 /* entries of the history that are looked into */

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
static unsigned long serial_of(const struct signer *s, struct arena *a, const struct znode *root,
			       const char *revision)
{
	struct config_note n;
	struct signature_verdict v;

	config_note_parse(a, root ? root->data : "", root ? root->size : 0, &n);
	if (!s->ctl->settings.trust.keys[0])
		return n.serial;
	v = signer_verdict(s->ctl, a, &n, revision);
	return v.result == SIGNATURE_GOOD || v.result == SIGNATURE_CHANGED ? n.serial : 0;
}

static const struct history_entry *highest_below(const struct archive *h, unsigned long limit)
{
	const struct history_entry *found = NULL;

	for (size_t i = 0; i < h->count; i++) {
		const struct history_entry *x = &h->entries[i];

		if (x->serial < limit && (!found || x->serial > found->serial))
			found = x;
	}
	return found;
}

/* What an entry says of its serial is written by any client; its config has the signature. */
static int last_of_history(const struct signer *s, struct arena *a, unsigned long known,
			   unsigned long *last, struct err *e)
{
	CLEANUP(archive_fini) struct archive h = { 0 };
	const struct history_entry *x;
	unsigned long limit = SERIAL_MAX;

	*last = known;
	if (archive_read(&h, s->ctl, e) < 0)
		return -1;
	for (unsigned i = 0; i < FETCHES_MOST && (x = highest_below(&h, limit)); i++) {
		CLEANUP(tree_unrefp) struct tree *config = NULL;
		unsigned long serial = 0;

		if (x->serial <= known)
			return 0;
		if (archive_config(&h, x, &config, NULL) == 0)
			serial = serial_of(s, a,
					   tree_find(config, s->ctl->settings.zookeeper.config),
					   x->revision);
		if (serial > *last)
			*last = serial;
		if (serial == x->serial)
			return 0;
		limit = x->serial;
	}
	return 0;
}

static int choose_serial(const struct signer *s, struct arena *a, const struct znode *root,
			 unsigned long *serial, struct err *e)
{
	unsigned long last = serial_of(s, a, root, "");

	if (s->serial) {
		*serial = s->serial;
		return 0;
	}
	if (last_of_history(s, a, last, &last, e) < 0)
		return -1;
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
