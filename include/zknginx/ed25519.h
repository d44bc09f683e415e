/* Ed25519: is this signature of these bytes by this key? The private key is elsewhere. */
#ifndef ZKNGINX_ED25519_H
#define ZKNGINX_ED25519_H

#include <stdbool.h>
#include <stddef.h>

#define ED25519_KEY_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

/* A public key, and a signature, as RFC 8032 writes them. */
struct ed25519_key {
	unsigned char bytes[ED25519_KEY_SIZE];
};
struct ed25519_signature {
	unsigned char bytes[ED25519_SIGNATURE_SIZE];
};

/* False also for bytes that are no key. */
bool ed25519_verify(const struct ed25519_key *key, const struct ed25519_signature *signature,
		    const void *text, size_t size);

#endif
