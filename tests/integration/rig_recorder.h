/*
 * Servers behind an nginx that record what they receive, byte for byte, and answer. They speak what
 * they are spoken to: HTTP/1, FastCGI, uwsgi, bytes over TCP, datagrams. They are threads of the
 * test, one for each connection.
 *
 * What a request asks for in its URI is answered: answer=STATUS, "big" (a body worth compressing),
 * "moved" (a redirect to itself), "cookie", "cors", "private" and "accel".
 */
#ifndef ZKNGINX_TESTS_RIG_RECORDER_H
#define ZKNGINX_TESTS_RIG_RECORDER_H

/* The port of 127.0.0.1, TCP and UDP, of the server with this name; the first call starts it. */
int recorder_port(const char *name);
/* From now on the record is empty, and answers are numbered from 1. */
void recorder_reset(void);
/* The record: each request after the name of its server. A request is in it before it is answered.
 * The header fields and parameters of a request are sorted by name. Valid until rig_clean(). */
char *recorder_text(void);

#endif
