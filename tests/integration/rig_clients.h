/*
 * Clients of nginx that send one request after the other, each in a process of its own, and count
 * which ones fail. A request without any answer while a worker is killed counts apart: it would
 * have failed with any nginx.
 */
#ifndef ZKNGINX_TESTS_RIG_CLIENTS_H
#define ZKNGINX_TESTS_RIG_CLIENTS_H

#include <stdbool.h>

struct rig_clients;

/* Send a request; is its answer right? *head: the whole answer, "" where there was none. Called in
 * the process of client `number`. */
typedef bool (*rig_client_ask)(unsigned number, const char **head);

struct rig_clients *rig_clients_start(unsigned count, rig_client_ask ask);
/* Around the time from before a worker is killed until another one has its place. */
void rig_clients_begin_kill(struct rig_clients *c);
void rig_clients_end_kill(struct rig_clients *c);
/* The test fails if a request did. */
void rig_clients_check(const struct rig_clients *c);
/* End them, and say what they did. */
void rig_clients_stop(struct rig_clients *c);

#endif
