/* The paths of the page's server, and what each is answered with. */
#ifndef ZKNGINX_CTL_UI_ROUTES_H
#define ZKNGINX_CTL_UI_ROUTES_H

#include "live.h"
#include "stream.h"
#include "task.h"

struct routes {
	struct live *live;
	struct streams *streams;
	struct tasks *tasks;
	const char *token; /* of the actions; NULL: the page is read-only */
};

/* For web_new(); ctx is a struct routes. */
void routes_answer(void *ctx, struct web_request *r);
/* Appends the event with the whole state; ctx is a struct routes. */
void routes_whole(void *ctx, struct buf *out);

#endif
