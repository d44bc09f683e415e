/*
 * The address of a `listen`, as nginx itself reads it (ngx_parse_url() in
 * nginx/src/core/ngx_inet.c): more than an operator may write in a site, for snippets and
 * nginx.conf may say anything that nginx takes. What means one socket to nginx is one text here.
 */
#ifndef ZKNGINX_CORE_LISTEN_ADDRESS_H
#define ZKNGINX_CORE_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"

enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_UNIX };

struct listen_address {
	enum family family;      /* a host name counts as IPv4: what it resolves to is not known */
	char host[ADDRESS_SIZE]; /* "*", "127.0.0.1", "[::1]", "app.example.com", a socket's path */
	bool wildcard;           /* every address of the family */
	long first, last;        /* ports; 0 for a Unix socket */
};

/* default_port: where none is said; 0 = one has to be. False: nginx would not take it. */
bool listen_address_parse(const char *s, size_t size, long default_port,
			  struct listen_address *out);

/* "*:80", "127.0.0.1:80", "[::]:80", "unix:/run/x.sock" */
#define LISTEN_ADDRESS_SIZE (ADDRESS_SIZE + 8)
void listen_address_print(const struct listen_address *a, long port,
			  char out[static LISTEN_ADDRESS_SIZE]);

#endif
