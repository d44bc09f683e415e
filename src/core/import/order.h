/*
 * What depends on the order of servers in FILE, which is another one in http.conf: the default
 * server of an address, and which of several regular expressions of server names matches first.
 */
#ifndef ZKNGINX_CORE_IMPORT_ORDER_H
#define ZKNGINX_CORE_IMPORT_ORDER_H

#include "piece.h"

/* The first server of each address that has several, none of them with default_server, gets it. */
void order_mark_defaults(struct arena *a, struct pieces *ps);

/* Servers with regular expressions stay together, in one snippet or in nginx.conf. */
void order_join_regexes(struct pieces *ps);

#endif
