/*
 * Requests from lines of text, and their answers as text that can be compared. A line is one of
 *
 *	common URL			a list of requests, for this host
 *	tls PORT NAME			handshakes: versions, ALPN, ciphers, sessions
 *	tls PORT NAME say TEXT		TEXT through TLS, and what comes back
 *	tcp ADDRESS PORT TEXT		TEXT from this address, and what comes back
 *	udp PORT TEXT
 *	PARAMETERS			of curl
 *
 * or begins with #. PORT, and the port of a URL, is one of real life: requests_port() says which
 *one of this machine stands for it.
 */
#ifndef ZKNGINX_TESTS_RIG_REQUESTS_H
#define ZKNGINX_TESTS_RIG_REQUESTS_H

#include <stddef.h>

#include <zknginx/buf.h>

/* The port of 127.0.0.1 that stands for this one, always the same. */
int requests_port(const char *name, size_t size);
/* Sends them, and appends the answers. curl's files are in the directory. Returns their number. */
size_t requests_send(const char *lines, const char *directory, struct buf *out);
/*
 * The text without what two equal answers need not have in common: dates, times that count from
 * now, identifiers, and the order of header fields. Valid until rig_clean().
 */
char *requests_settled(const char *text);

#endif
