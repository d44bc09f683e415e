/*
 * The announcement: this host's nginx as an instance of a Curator service, for whatever
 * discovers services that way (Curator itself, Spring, or the "discover" of another tier).
 */
#ifndef ZKNGINX_ANNOUNCE_H
#define ZKNGINX_ANNOUNCE_H

#include <stdbool.h>
#include <zknginx/buf.h>

/*
 * Appends the JSON of the instance SERVICE_PATH/HOST. The address is "HOST:PORT", IPv6 in brackets;
 * `registered` is wall-clock time. False, and nothing appended, when the address is none or a
 * name is not UTF-8: then there is nothing to announce.
 */
bool announce_print(const char *service_path, const char *host, const char *address,
		    uint64_t registered, struct buf *out);

#endif
