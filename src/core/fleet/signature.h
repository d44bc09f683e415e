/*
 * Signatures of revisions: the keys that are trusted, the text that is signed, and whether a config
 * may be applied. Pure.
 *
 * A signer signs the note of the config root (config_note.h): who, why, when, which revision, and a
 * serial that grows with every signature. The text is
 *
 *	zknginx-config-signature-1
 *	fleet LENGTH:TEXT		trust.fleet
 *	config LENGTH:TEXT		zookeeper.config
 *	revision LENGTH:TEXT		all 64 digits
 *	serial LENGTH:TEXT		decimal
 *	time LENGTH:TEXT		as in the note
 *	by LENGTH:TEXT
 *	note LENGTH:TEXT
 *
 * Each line ends with a line feed and has one blank; LENGTH is the number of bytes of TEXT, which
 * may have line feeds. So no two notes have the same text, and a signature for one fleet or one
 * config root is none for another. The signature is "ed25519 KEYID BASE64": KEYID is the beginning
 * of the SHA-256 of the public key, and says which key has signed.
 *
 * A trusted key is one line: "ed25519 BASE64 [NAME]". Without a name it is named by its id.
 */
#ifndef ZKNGINX_FLEET_SIGNATURE_H
#define ZKNGINX_FLEET_SIGNATURE_H

#include <zknginx/digest.h>
#include <zknginx/ed25519.h>

#include "config_note.h"

#define SIGNING_KEY_ID_SIZE 17 /* hex digits and a NUL */

struct signing_key {
	struct ed25519_key key;
	const char *name;             /* for people */
	char id[SIGNING_KEY_ID_SIZE]; /* of the signatures that it makes */
};

struct signing_keys {
	const struct signing_key *items;
	size_t count;
};

/* Into the arena. False: *why says what was expected. */
bool signing_key_parse(struct arena *a, const char *line, struct signing_key *out,
		       const char **why);
void signing_key_print(const struct signing_key *k, struct buf *out);
struct signing_key signing_key_of(const struct ed25519_key *key, const char *name);
/* Of lines that were all parsed before, which end with NULL. */
struct signing_keys signing_keys_parse(struct arena *a, const char *const *lines);
/* By id; NULL: it is not trusted. */
const struct signing_key *signing_keys_find(const struct signing_keys *keys, const char *id);

/* Which configs a signature is for. */
struct signature_scope {
	const char *fleet;  /* trust.fleet; "" */
	const char *config; /* zookeeper.config */
};

void signature_text(const struct signature_scope *scope, const struct config_note *n,
		    struct buf *out);
/* What the note has as `signature`. */
void signature_print(const struct signing_key *k, const struct ed25519_signature *s,
		     struct buf *out);

/* The last revision that a host has applied, and its serial; 0: none that was signed. */
struct signature_floor {
	unsigned long serial;
	char revision[DIGEST_HEX_SIZE];
};

#define SIGNATURE_RESULTS(X)                                                                       \
	X(GOOD, "good")                                                                            \
	X(UNSIGNED, "unsigned")       /* the root has no signature */                              \
	X(MALFORMED, "malformed")     /* … one that cannot be read */                            \
	X(UNKNOWN_KEY, "unknown-key") /* … of a key that is not trusted */                       \
	X(INVALID, "invalid")         /* the key did not sign this note for this fleet */          \
	X(CHANGED, "changed")         /* it is for another revision */                             \
	X(OLD, "old")                 /* the serial is below that of the floor */

enum signature_result {
#define X(name, text) SIGNATURE_##name,
	SIGNATURE_RESULTS(X)
#undef X
		SIGNATURE_RESULT_N
};

const char *signature_result_name(enum signature_result r);

struct signature_verdict {
	enum signature_result result;
	unsigned long serial;         /* as the note says; 0 = none */
	const char *key;              /* the name of the key; "" = it is not trusted */
	char id[SIGNING_KEY_ID_SIZE]; /* of the key; "" = the signature does not say */
	unsigned long least;          /* OLD: of the floor */
	const char *for_digits;       /* CHANGED: the revision that was signed */
};

struct signature_question {
	const struct signing_keys *keys;
	const struct signature_scope *scope;
	const struct config_note *note; /* of the root … */
	const char *revision;           /* … above this config */
	/* A revision that the host has not applied yet needs a higher serial; NULL: any serial */
	const struct signature_floor *floor;
};
/* The verdict borrows the strings of the question. */
struct signature_verdict signature_check(const struct signature_question *q);
/* "it has no signature", in the arena: why the config is not taken. */
const char *signature_explain(struct arena *a, const struct signature_verdict *v);

#endif
