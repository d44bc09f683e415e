/*
 * An answer of ZooKeeper that is awaited, and that nobody may want any more when it comes: the
 * leader resigns and is freed while requests are on their way, and the session still answers them.
 */
#ifndef ZKNGINX_LEADER_ANSWER_H
#define ZKNGINX_LEADER_ANSWER_H

#include "zk/session.h"

struct answer;

/* Pass answer_take and this to the session; `done` is called once, unless the answer is dropped. */
struct answer *answer_new(session_done *done, void *ctx);
/* Nobody waits for it; NULL is allowed. */
void answer_drop(struct answer *a);
/* The session_done of the request; ctx is the answer, which is freed. */
void answer_take(void *answer, const struct session_reply *r);

#endif
