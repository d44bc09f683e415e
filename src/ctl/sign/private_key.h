/*
 * The private key of a signer: a file, or a command that has the key.
 *
 * A file is PEM (PKCS#8), without a passphrase; only its owner may be able to read it. A command,
 * "cmd:PROGRAM ARGUMENT …", is run without a shell: it reads the bytes to sign on standard input
 * and prints the signature as base64.
 */
#ifndef ZKNGINX_CTL_PRIVATE_KEY_H
#define ZKNGINX_CTL_PRIVATE_KEY_H

#include <zknginx/buf.h>
#include <zknginx/ed25519.h>
#include <zknginx/err.h>

struct private_key;
/* ERR_REFUSED: other users can read the file. ERR_INPUT: it is no Ed25519 key. */
int private_key_open(const char *name, struct private_key **out, struct err *e);
void private_key_free(struct private_key *k);
DEFINE_CLEANUP(struct private_key *, private_key_free)

/* False: only the command knows it. */
bool private_key_public(const struct private_key *k, struct ed25519_key *out);
int private_key_sign(const struct private_key *k, const void *text, size_t size,
		     struct ed25519_signature *out, struct err *e);

/* A new key as PEM. */
int private_key_generate(struct buf *pem, struct ed25519_key *public, struct err *e);

#endif
