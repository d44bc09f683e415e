/* Times in znodes: RFC 3339, in UTC. */
#ifndef ZKNGINX_CORE_UTC_H
#define ZKNGINX_CORE_UTC_H

#include <zknginx/buf.h>

/* "2026-11-22T15:04:05Z" in microseconds since 1970; 0: it is none. */
uint64_t utc_parse(const char *text);
/* The same text of a time; utc_parse() reads it as that time. */
void utc_print(uint64_t when, struct buf *out);

#endif
