/*
 * The connections of an HTTP server, whose number is bounded. There is always a place for one that
 * sends its request at once.
 */
#ifndef ZKNGINX_SYS_PLACES_H
#define ZKNGINX_SYS_PLACES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <zknginx/macros.h>

#define PLACES_MOST 96

/* A connection, from the library's first word about it to its last one. */
struct place {
	struct MHD_Connection *connection; /* NULL: the place is free */
	uint64_t turn;                     /* of its last whole request, or of its beginning */
	bool kept;                         /* it waits for its answer, or is a stream */
};

struct places {
	struct place items[PLACES_MOST];
	size_t count; /* that there are */
	uint64_t turn;
	uint64_t ended; /* how many connections have ended */
};

/* count: of PLACES_MOST at most */
void places_init(struct places *all, size_t count);
/* For MHD_OPTION_NOTIFY_CONNECTION; ctx is a struct places. */
void places_on_connection(void *ctx, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code);
/* The connection has sent a whole request. */
void places_renew(struct places *all, struct MHD_Connection *c);
/* A connection that is kept is not shut down for others. */
void places_keep(struct MHD_Connection *c, bool kept);

#endif
