/*
 * The connections of the page's server. There is always a place for one that sends its request at
 * once.
 */
#ifndef ZKNGINX_CTL_UI_PLACES_H
#define ZKNGINX_CTL_UI_PLACES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <zknginx/macros.h>

#define PLACES 96

/* A connection, from the library's first word about it to its last one. */
struct place {
	struct MHD_Connection *connection; /* NULL: the place is free */
	uint64_t turn;                     /* of its beginning: the oldest has the lowest */
	bool kept;                         /* it waits for its answer, or is a stream */
};

struct places {
	struct place items[PLACES];
	uint64_t turn;
	uint64_t ended; /* how many connections have ended */
};

/* For MHD_OPTION_NOTIFY_CONNECTION; ctx is a struct places. */
void places_on_connection(void *ctx, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code);
/* A connection that is kept is not shut down for others. */
void places_keep(struct MHD_Connection *c, bool kept);

#endif
