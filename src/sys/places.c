/*
 * The library disconnects a client that is silent, and the kernel one whose host is gone. A client
 * that sends a byte now and then is neither. So when all places are taken, the connection that has
 * sent no whole request for the longest time is shut down. Requests that wait and streams are
 * bounded by those who make them, far below the number of places.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "places.h"

#define LOST_TIMEOUT 20000 /* milliseconds */

void places_init(struct places *all, size_t count)
{
	*all = (struct places){ .count = count };
}

static struct place *place_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static int descriptor(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static struct place *free_place(struct places *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (!all->items[i].connection)
			return &all->items[i];
	}
	return NULL;
}

/* The library sees the end of the stream and closes the connection itself. */
static void shut_oldest(struct places *all)
{
	struct place *oldest = NULL;

	for (size_t i = 0; i < all->count; i++) {
		struct place *p = &all->items[i];

		if (p->connection && !p->kept && (!oldest || p->turn < oldest->turn))
			oldest = p;
	}
	if (!oldest)
		return;
	shutdown(descriptor(oldest->connection), SHUT_RDWR);
	oldest->turn = all->turn++; /* while it ends, the next one is another */
}

void places_on_connection(void *ctx, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct places *all = ctx;
	struct place *p = *state;
	unsigned lost = LOST_TIMEOUT;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (p)
			*p = (struct place){ 0 };
		all->ended++;
		return;
	}
	p = free_place(all);
	if (p)
		*p = (struct place){ .connection = c, .turn = all->turn++ };
	*state = p;
	/* a unix socket has no such option, and needs none */
	setsockopt(descriptor(c), IPPROTO_TCP, TCP_USER_TIMEOUT, &lost, sizeof(lost));
	if (!free_place(all))
		shut_oldest(all);
}

void places_renew(struct places *all, struct MHD_Connection *c)
{
	struct place *p = place_of(c);

	if (p)
		p->turn = all->turn++;
}

void places_keep(struct MHD_Connection *c, bool kept)
{
	struct place *p = place_of(c);

	if (p)
		p->kept = kept;
}
