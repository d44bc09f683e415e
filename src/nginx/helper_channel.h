/*
 * The daemon's side of the socket to the helper. A process has one helper or none, as it has its
 * privileges or not; so what the calls need is not passed around.
 */
#ifndef ZKNGINX_NGINX_HELPER_CHANNEL_H
#define ZKNGINX_NGINX_HELPER_CHANNEL_H

#include <zknginx/err.h>

#include "look.h"
#include "sys/child.h"

/* channel: the socket; -1: this process does without a helper. Before helper_channel_set():
 * without. The socket of before is closed. */
void helper_channel_set(int channel);
int helper_channel(void);
/* Is a helper asked for what this process may not do itself? */
bool helper_is_used(void);
/* One is used, and has ended or does not answer. What it would do fails then. */
bool helper_is_lost(void);
/* An error if it is. */
int helper_check(struct err *e);

/* As look(). *fd is only given for what cannot be used to write. No answer (within the time-out of
 * the socket, if it has one): the helper is lost. */
void helper_look(const struct look *q, struct look_answer *a, int *fd);
/* A child_spec's launch; enclosed is a struct enclosed. */
int helper_launch(void *enclosed, const struct child_ends *ends, struct err *e);

#endif
