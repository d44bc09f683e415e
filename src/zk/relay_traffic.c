/* Written by the relay's thread, read by any. */
#include <stdatomic.h>

#include "relay_traffic.h"

static struct {
	atomic_ullong received, sent;
} traffic;

void relay_traffic_count(struct stream *server)
{
	atomic_fetch_add_explicit(&traffic.received, server->received, memory_order_relaxed);
	atomic_fetch_add_explicit(&traffic.sent, server->written, memory_order_relaxed);
	server->received = server->written = 0;
}

void relay_traffic(unsigned long *received, unsigned long *sent)
{
	*received = (unsigned long)atomic_load_explicit(&traffic.received, memory_order_relaxed);
	*sent = (unsigned long)atomic_load_explicit(&traffic.sent, memory_order_relaxed);
}
