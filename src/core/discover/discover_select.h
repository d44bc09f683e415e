/* What an upstream uses of an endpoint: whether it matches, which port, which parameters. */
#ifndef ZKNGINX_CORE_DISCOVER_SELECT_H
#define ZKNGINX_CORE_DISCOVER_SELECT_H

#include "discover.h"

enum selection {
	SELECTED,
	SELECT_OTHER,    /* the operator's choices exclude it */
	SELECT_PROTOCOL, /* it speaks another protocol than the upstream */
	SELECT_BAD,      /* it is chosen but cannot be used */
};

/*
 * Checks labels, endpoint and protocol. Sets e->host and the ports to those that were chosen. *why
 * is set with SELECT_BAD.
 */
enum selection discover_select(struct arena *a, const struct upstream *u, const struct discover *d,
			       struct endpoint *e, const char **why);

/* Why it is not selected (SELECT_OTHER, SELECT_PROTOCOL): the rest of a sentence, in the arena. */
const char *discover_why_not(struct arena *a, const struct discover *d, const struct endpoint *e,
			     enum selection selection);

/*
 * The server of a selected endpoint; the caller sets source and discover. False and *why: it has no
 * port of that kind, or it is a backup where the balance allows none.
 */
bool discover_server(struct arena *a, const struct upstream *u, const struct endpoint *e, bool tls,
		     struct server *out, const char **why);

#endif
