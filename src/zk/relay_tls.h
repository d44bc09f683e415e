/*
 * TLS towards the servers: whom to trust, and who we are. OpenSSL verifies.
 *
 * The files are read again when they have changed, for the next connection: a renewed certificate
 * needs no restart. While new files cannot be used, the old ones stay in force.
 */
#ifndef ZKNGINX_ZK_RELAY_TLS_H
#define ZKNGINX_ZK_RELAY_TLS_H

#include <stdbool.h>

#include <openssl/types.h>

#include <zknginx/err.h>
#include <zknginx/settings.h>

struct relay_tls;

/* NULL in *out: the settings name no authority, so there is no TLS. The error names the file. */
int relay_tls_new(const struct tls_settings *settings, struct relay_tls **out, struct err *e);
void relay_tls_free(struct relay_tls *t);
DEFINE_CLEANUP(struct relay_tls *, relay_tls_free)

/* A connection to `host` (a name or an address). *stale: new files could not be used; the caller
 * frees it, NULL otherwise. The caller frees the SSL. */
SSL *relay_tls_connection(struct relay_tls *t, const char *host, char **stale);
/* After a read that failed: did the server refuse this client? */
bool relay_tls_was_refused(void);
/* Why the handshake of this connection failed: the rest of a sentence that begins with the server.
 * The caller frees. */
char *relay_tls_error(const struct relay_tls *t, SSL *ssl, const char *host);

#endif
