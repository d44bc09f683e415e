/*
 * Which requests are answered. The page has no login, so it trusts the address alone; a browser on
 * this host runs scripts of other sites, and these must neither read the page nor act by it.
 */
#ifndef ZKNGINX_CTL_UI_ADMISSION_H
#define ZKNGINX_CTL_UI_ADMISSION_H

#include "web.h"

#define TOKEN_SIZE 33 /* 32 hexadecimal digits */

/* False: the request was refused (and answered). */

/* Every request: its Host is a numeric address or "localhost". A name could have been made to lead
 * to this host a moment ago (DNS rebinding). */
bool admission_of_host(struct web_request *r);
/* Data: the request comes from the page itself, or from no page at all. */
bool admission_of_data(struct web_request *r);
/* An action: from the page itself, as JSON, with the token. token NULL: there are no actions. */
bool admission_of_action(struct web_request *r, const char *token);

#endif
