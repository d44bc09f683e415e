/* An answer belongs to the request: it is freed when the request is answered, wanted or not. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "leader_answer.h"

struct answer {
	session_done *done; /* NULL: dropped */
	void *ctx;
};

struct answer *answer_new(session_done *done, void *ctx)
{
	struct answer *a = xcalloc(1, sizeof(*a));

	*a = (struct answer){ done, ctx };
	return a;
}

void answer_drop(struct answer *a)
{
	if (a)
		a->done = NULL;
}

void answer_take(void *answer, const struct session_reply *r)
{
	struct answer a = *(struct answer *)answer;

	free(answer);
	if (a.done)
		a.done(a.ctx, r);
}
