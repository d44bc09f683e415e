/*
 * A helper with a unit of its own, zknginxd-helper.service: systemd listens for it, and starts it
 * when the daemon connects. It serves this daemon until that disconnects, and ends; for the next
 * daemon there is a new process. So it never differs from the daemon in its version for long, and
 * never holds what another daemon has asked for.
 */
#ifndef ZKNGINX_NGINX_HELPER_UNIT_H
#define ZKNGINX_NGINX_HELPER_UNIT_H

#include <zknginx/err.h>
#include <zknginx/settings.h>

/* Waits for a daemon at the socket that systemd has passed. It must be a process of this user;
 * others are disconnected. Comes before everything that may fail: a client that nobody accepts
 * would make systemd start the helper again and again. *channel: its socket. */
int helper_unit_accept(int *channel, struct err *e);
/* Returns only if it cannot begin. */
int helper_unit_serve(int channel, const struct settings *settings, struct err *e);

#endif
