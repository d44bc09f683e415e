/*
 * The daemon's side of the socket to the helper. A process has one helper or none, as it has its
 * privileges or not; so what the calls need is not passed around.
 */
#ifndef ZKNGINX_NGINX_HELPER_CHANNEL_H
#define ZKNGINX_NGINX_HELPER_CHANNEL_H

#include <zknginx/err.h>

#include "look.h"
#include "sys/child.h"

/* channel: the socket; -1: there is no helper. Before helper_channel_set(): none. */
void helper_channel_set(int channel);
int helper_channel(void);
bool helper_is_running(void);

/* As look(). *fd is only given for what cannot be used to write. */
void helper_look(const struct look *q, struct look_answer *a, int *fd);
/* A child_spec's launch; enclosed is a struct enclosed. */
int helper_launch(void *enclosed, const struct child_ends *ends, struct err *e);

#endif
