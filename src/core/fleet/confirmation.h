/*
 * The confirmation: cluster/confirmed, in which an operator accepts an older history of ZooKeeper.
 *
 * It is bound to what the operator saw: the root of the config, by the transaction and the time of
 * its creation, and the last transaction in it. The transaction that wrote the confirmation came
 * after that. A confirmation that a host knew before history went back, and one that speaks of
 * another root (restored from a copy, copied between ensembles), confirm nothing. Pure.
 */
#ifndef ZKNGINX_FLEET_CONFIRMATION_H
#define ZKNGINX_FLEET_CONFIRMATION_H

#include "watermark.h"

struct confirmation {
	const char *by;       /* "" = not given */
	uint64_t time;        /* microseconds since 1970 */
	int64_t czxid, ctime; /* of the config's root; 0: there was none */
	int64_t zxid;         /* the last transaction of that znode */
};

/* Into the arena; false: it is none (message in *why). */
bool confirmation_parse(struct arena *a, const char *data, size_t size, struct confirmation *out,
			const char **why);
/* JSON with sorted keys. */
void confirmation_print(const struct confirmation *c, struct buf *out);

/* Does the tree's confirmation accept `now`, which is made of that tree? `out` (all zero before) is
 * filled in where there is one that this host has not known; the znode's own transaction is in
 * *zxid (0: there is none). */
bool confirmation_covers(struct arena *a, const struct tree *t, const struct watermark_places *p,
			 const struct watermark *known, const struct watermark *now,
			 struct confirmation *out, int64_t *zxid);

#endif
