/*
 * The signer: signs the note of the config's root, for the commands with --sign.
 *
 * The serial is one more than the highest in the root or in the history. One that is more than a
 * million above what a trusted key has signed in the root is ignored.
 */
#ifndef ZKNGINX_CTL_SIGNER_H
#define ZKNGINX_CTL_SIGNER_H

#include "core/fleet/signature.h"
#include "ctl/console/command.h"

struct signer;

#define SIGN_OPTION                                                                                \
	{                                                                                          \
		"sign", 0, "KEY", WORD_FILE, "sign the config: a key file, or cmd:PROGRAM"         \
	}

/* The key of --sign; *out is NULL where none is given. An exit code. */
int signer_open(struct ctl *ctl, const char *key, struct signer **out);
void signer_free(struct signer *s);
DEFINE_CLEANUP(struct signer *, signer_free)

/* Fills in revision, serial, time and signature; the strings are in the arena. root: the config's
 * root as it is now; NULL: there is none. ERR_REFUSED: hosts with these settings would refuse it.
 */
int signer_sign(struct signer *s, struct arena *a, const struct znode *root, const char *revision,
		struct config_note *n, struct err *e);
/* This serial in place of the next one. */
void signer_use_serial(struct signer *s, unsigned long serial);

/* Asks whether what was shown is to be signed, unless --yes was given. An exit code; unless it is
 * CTL_OK, a message says that nothing was signed. */
int signer_confirm(const struct ctl *ctl, const struct arguments *args, const char *question);

/* What these settings say of the note of a config. */
struct signature_verdict signer_verdict(const struct ctl *ctl, struct arena *a,
					const struct config_note *n, const char *revision);
/* Do the settings ask for signatures? */
bool signer_is_required(const struct ctl *ctl);
/* "hosts would refuse it …; --sign KEY": ERR_REFUSED. */
int signer_refuse_unsigned(const struct ctl *ctl, struct err *e);

#endif
