/*
 * A connection to a server that is checked. Nothing here waits: the caller has an epoll descriptor,
 * whose events carry the connection, and calls check_connection_go() when there is one.
 *
 * A connection on which an HTTP check was good is used again, so a check costs a request and not a
 * connection; but not more than CHECK_USES_MOST times, so that a server that accepts no connections
 * any more is found.
 */
#ifndef ZKNGINX_HOST_CHECK_CONNECTION_H
#define ZKNGINX_HOST_CHECK_CONNECTION_H

#include <openssl/types.h>

#include "core/check/check_targets.h"

#define CHECK_USES_MOST 30
#define CHECK_ANSWER_MOST 16384 /* bytes that are read of an answer */

enum check_step {
	CHECK_STEP_WAITS, /* for the next event, or the deadline */
	CHECK_STEP_ENDS,  /* the result is set */
	CHECK_STEP_STALE, /* the server had closed this kept connection: a new one has to be made */
};

/* For all connections with TLS. */
SSL_CTX *check_connection_tls_new(void);
void check_connection_tls_free(SSL_CTX *tls);

struct check_connection;

/* tls: for servers with TLS. NULL and a result: no connection can be made. The target stays the
 * caller's, and has to live as long. */
struct check_connection *check_connection_new(struct check_target *t, int epoll, SSL_CTX *tls,
					      struct check_result *r);
/* Closes it at once, with a reset: neither side keeps a trace of it. */
void check_connection_free(struct check_connection *c);

struct check_target *check_connection_target(const struct check_connection *c);
/* A check begins. */
enum check_step check_connection_begin(struct check_connection *c, struct check_result *r);
/* There is an event. */
enum check_step check_connection_go(struct check_connection *c, struct check_result *r);
/* After an end: may it be used for the next check? */
bool check_connection_is_kept(const struct check_connection *c);

#endif
