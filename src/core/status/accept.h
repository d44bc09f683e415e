/* Which format of the metrics a client asks for, in the header "Accept" of its request. */
#ifndef ZKNGINX_CORE_ACCEPT_H
#define ZKNGINX_CORE_ACCEPT_H

#include <stdbool.h>

/* It lists OpenMetrics 1.0.0, and prefers nothing else to it that /metrics has. NULL: no header. */
bool accepts_openmetrics(const char *accept);

#endif
