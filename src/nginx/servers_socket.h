/*
 * The socket that workers of nginx connect to: RUNTIME_DIRECTORY/nginx.sock, where
 * RUNTIME_DIRECTORY is what systemd sets, and /run/zknginxd without it.
 *
 * A lock beside it belongs to the daemon that listens: so a socket that an ended daemon left is
 * replaced, and the socket of a daemon that runs is not.
 */
#ifndef ZKNGINX_NGINX_SERVERS_SOCKET_H
#define ZKNGINX_NGINX_SERVERS_SOCKET_H

#include <zknginx/err.h>

struct servers_socket {
	int listener, lock; /* -1: none */
	char *path;
};

#define SERVERS_SOCKET_CLOSED ((struct servers_socket){ .listener = -1, .lock = -1 })

/* ERR_UNAVAILABLE: another daemon has it. */
int servers_socket_open(struct servers_socket *s, struct err *e);
/* Removes the socket. */
void servers_socket_close(struct servers_socket *s);

#endif
