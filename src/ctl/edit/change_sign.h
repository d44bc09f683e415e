/* The signature of a change. */
#ifndef ZKNGINX_CTL_CHANGE_SIGN_H
#define ZKNGINX_CTL_CHANGE_SIGN_H

#include "change.h"

/* key: of --sign; NULL: none. Where the settings ask for signatures, an object is not changed
 * without one. An exit code. */
int change_open_signer(struct change *c, const char *key);
/* Signs what change_check() has made of this config. ERR_REFUSED: hosts would refuse it, because it
 * is another revision and has no signature. */
int change_sign(struct change *c, const struct tree *config, struct err *e);
/* Servers are no part of a revision: when only they change, the note stays, so that its signature
 * stays good. */
bool change_keeps_note(const struct change *c);

#endif
