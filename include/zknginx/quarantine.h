/*
 * Quarantine: znodes whose bytes nginx has refused.
 *
 * An entry names the znode and the digest of the refused bytes; a znode with
 * other bytes is not affected. Each refusal doubles the time until the entry is
 * let go for another try (the cause may be on the host: a missing certificate).
 * A suspect is an entry that nobody proved guilty: it is held back while the
 * culprit is searched by halves. Pure: time is an argument.
 */
#ifndef ZKNGINX_QUARANTINE_H
#define ZKNGINX_QUARANTINE_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

struct quarantine;

struct quarantine *quarantine_new(void);
void quarantine_free(struct quarantine *q);
DEFINE_CLEANUP(struct quarantine *, quarantine_free)

/* nginx refused this znode; message in its own words. */
void quarantine_add(struct quarantine *q, const struct znode *z, enum problem_kind kind,
		    const char *message, uint64_t now);
/* Hold back without blame, while halves are tried. */
void quarantine_suspect(struct quarantine *q, const struct znode *z);
/* The culprit is found, or there is none: let all suspects go. */
void quarantine_acquit(struct quarantine *q);
/* Let half of the suspects (at least one) have another try; false when there were none. */
bool quarantine_release_half(struct quarantine *q);
/* The reason when exactly these bytes are in quarantine, else NULL. */
struct quarantined {
	enum problem_kind kind;
	const char *message;
	bool suspect;
};
const struct quarantined *quarantine_find(const struct quarantine *q, const struct znode *z);
/* Let go of entries whose time has come, and of those whose bytes are in neither tree any more. */
void quarantine_expire(struct quarantine *q, const struct tree *tree, const struct tree *accepted,
		       uint64_t now);
/* When the next entry is due for another try, or NEVER. */
uint64_t quarantine_due(const struct quarantine *q);
/* Let go of everything (the operator asked for it: SIGHUP). */
void quarantine_clear(struct quarantine *q);
size_t quarantine_count(const struct quarantine *q);

#endif
