/*
 * Who sent a datagram to the probe? Any process of the host can send one, so only those count that
 * come from a socket of a user that nginx's workers run as. (A process of that user can signal and
 * trace the workers, and needs no forged datagram.)
 *
 * The kernel's table of UDP sockets says which user has the socket with that address. It is read at
 * most some times a second, whatever arrives.
 */
#ifndef ZKNGINX_NGINX_PROBE_SENDER_H
#define ZKNGINX_NGINX_PROBE_SENDER_H

#include "probe_http.h"

/* Writes the users of nginx's workers, without repetition, and returns how many; 0: not known. */
struct probe_workers {
	size_t (*users)(void *ctx, uid_t *out, size_t room); /* NULL: every sender counts */
	void *ctx;
};

struct probe_senders;
/* All is borrowed. */
struct probe_senders *probe_senders_new(const struct probe_address *to,
					const struct probe_workers *workers);
void probe_senders_free(struct probe_senders *s);
/* True also when it cannot be known. */
bool probe_sender_counts(struct probe_senders *s, const struct probe_address *from);

#endif
