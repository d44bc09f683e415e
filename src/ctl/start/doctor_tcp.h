/* One connection to one server, to see whether it accepts any. */
#ifndef ZKNGINX_CTL_DOCTOR_TCP_H
#define ZKNGINX_CTL_DOCTOR_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <zknginx/err.h>

/* server: "HOST:PORT" or "[ADDRESS]:PORT". *is_here: the server is on this host. */
int doctor_tcp_try(const char *server, uint64_t timeout, bool *is_here, struct err *e);

#endif
