/*
 * A process that systemd starts as a service of its own: its socket, and its watchdog. Without
 * systemd there is no watchdog, and what is told goes nowhere.
 */
#ifndef ZKNGINX_SYS_SERVICE_H
#define ZKNGINX_SYS_SERVICE_H

#include <zknginx/err.h>

/* The one listening SOCK_SEQPACKET socket that systemd has passed; -1: there is none. */
int service_socket(void);
void service_is_ready(void);
/* For poll(): how long it may wait until service_is_alive() has to be called again; -1: for ever.
 */
int service_patience(void);
/* It may be called more often: the watchdog only hears of it when it is time. */
void service_is_alive(void);

#endif
