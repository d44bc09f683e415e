/* Addresses: the forms that operators write, and the one form that nginx is given. */
#ifndef ZKNGINX_CORE_ADDRESS_H
#define ZKNGINX_CORE_ADDRESS_H

#include <stdbool.h>
#include <zknginx/macros.h>

#define ADDRESS_SIZE 264 /* a name of 253 bytes, a colon, five digits, a NUL */

/*
 * "HOST:PORT" of a server: strict IPv4, IPv6 in brackets or with the port after its last colon, or
 * a host name. Fills in `out` with the canonical form and returns NULL; or returns the rest of a
 * sentence that says what is wrong ("has no port").
 */
const char *address_parse_server(const char *s, char out[static ADDRESS_SIZE]);

/* As above for a `listen`: "80", "*:80", "127.0.0.1:80", "[::]:80"; no names. */
const char *address_parse_listen(const char *s, char out[static ADDRESS_SIZE]);

/*
 * A host alone, of size bytes: strict IPv4, IPv6 with or without brackets, or a name. As
 * above; what comes out is lower case, and IPv6 in brackets. A name may end in a dot.
 */
const char *address_parse_host(const char *s, size_t size, char out[static ADDRESS_SIZE]);

/* A port from 1 to 65535 in plain digits, of size bytes; 0: it is not valid. */
long address_parse_port(const char *s, size_t size);

/* "10.0.0.53", "10.0.0.53:5353", "[::1]", "[::1]:53": Is it an address, and not a host name? */
bool address_is_numeric(const char *s);

/* Labels of letters, digits, `-` and `_`, at most 63 bytes each and 253 in all; no dot at the end.
 */
bool host_name_is_valid(const char *s, size_t size);

#endif
