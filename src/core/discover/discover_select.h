/* What an upstream takes of an endpoint: does it match, which port, which parameters. */
#ifndef ZKNGINX_CORE_DISCOVER_SELECT_H
#define ZKNGINX_CORE_DISCOVER_SELECT_H

#include "discover.h"

enum selection {
	SELECTED,
	SELECT_OTHER,    /* the operator's choices leave it out */
	SELECT_PROTOCOL, /* it speaks another protocol than the upstream */
	SELECT_BAD,      /* it should be in, and cannot */
};

/* Judges labels, endpoint and protocol; e->host and the ports become those that were chosen. */
enum selection discover_select(struct arena *a, const struct upstream *u, const struct discover *d,
			       struct endpoint *e, const char **why);

/*
 * The server of a selected endpoint, but for source and discover. False: it has no port of
 * that kind, or it is a backup where the balance takes none.
 */
bool discover_server(struct arena *a, const struct upstream *u, const struct endpoint *e, bool tls,
		     struct server *out, const char **why);

#endif
