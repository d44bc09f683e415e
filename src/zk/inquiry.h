/*
 * An inquiry: what became of znodes that are not there. The server first catches up with the leader
 * of the ensemble. Then, for each path, it is asked for the znodes above, from "/" down: the last
 * one that exists shows the last transaction below it.
 */
#ifndef ZKNGINX_ZK_INQUIRY_H
#define ZKNGINX_ZK_INQUIRY_H

#include "session.h"

struct inquiry;

/* ok false: the connection was lost before all was answered. zxids: one a path; −1: it cannot be
 * read. The inquiry is over and frees itself. */
typedef void inquiry_done(void *ctx, bool ok, const int64_t *zxids);

/* `done` is called once, later. */
struct inquiry *inquiry_begin(struct session *s, const char *const *paths, size_t count,
			      inquiry_done *done, void *ctx);
/* `done` is not called any more. NULL: nothing is done. */
void inquiry_drop(struct inquiry *i);

#endif
