/*
 * What the daemon and the helper send each other: one message is one datagram of a SOCK_SEQPACKET
 * socket. Whoever receives one checks it; no pointer and no size in it is believed.
 */
#ifndef ZKNGINX_NGINX_HELPER_WIRE_H
#define ZKNGINX_NGINX_HELPER_WIRE_H

#include "enclosed.h"
#include "look.h"

#define HELPER_MESSAGE_MAX ((size_t)64 * 1024)
#define HELPER_FDS 5

enum helper_subject {
	HELPER_GREETING = 'G',
	HELPER_LOOK = 'L',
	HELPER_RUN = 'R',
	HELPER_ANSWER = 'A'
};

struct helper_message {
	size_t size;
	int fds[HELPER_FDS];
	size_t fd_count;
	char bytes[HELPER_MESSAGE_MAX]; /* the first one is the subject */
};

/* 0, or -1 with errno. Receiving: -1 with errno 0 at the end of the other process. */
int helper_send(int channel, const struct helper_message *m);
int helper_receive(int channel, struct helper_message *m);
/* Does the process at the other end belong to this user? */
bool helper_peer_is_own(int channel);
/* The descriptors that came with it. */
void helper_close_all(struct helper_message *m);

/* Of this program. It decides about the form of all messages. */
extern const char helper_build[];

/* The first message of a helper that was not forked by this daemon: its helper_build, and its
 * state directory. False: it does not fit. */
bool helper_put_greeting(struct helper_message *m, const char *build, const char *state);
/* The strings are those of the message. */
bool helper_get_greeting(const struct helper_message *m, const char **build, const char **state);
void helper_put_look(struct helper_message *m, const struct look *q);
bool helper_get_look(const struct helper_message *m, struct look *q);
void helper_put_answer(struct helper_message *m, const struct look_answer *a, int fd);
bool helper_get_answer(const struct helper_message *m, struct look_answer *a);
/* False: it does not fit. */
bool helper_put_run(struct helper_message *m, const struct enclosed *q,
		    const struct child_ends *ends);
/* The strings of *q are those of the message. */
bool helper_get_run(const struct helper_message *m, struct enclosed *q, struct child_ends *ends);

#endif
