/*
 * The ground: what nginx runs now, tested by itself.
 *
 * If it does not pass any more, something outside of ZooKeeper has changed: nginx.conf, a
 * certificate, a name that does not resolve, nginx's binary. No change can be deployed then, and no
 * znode is to blame. This is what is known of it, and when it is tested again: after a pause that
 * doubles up to half a minute.
 */
#ifndef ZKNGINX_AGENT_GROUND_H
#define ZKNGINX_AGENT_GROUND_H

#include <stdbool.h>
#include <stdint.h>

struct ground {
	char *message; /* nginx's, about what it runs; NULL: as far as is known it passes */
	bool traced;   /* the accepted znodes that the message is about are known */
	uint64_t pause;
	uint64_t due; /* of the next test */
};

/* It did not pass; the message is taken over. */
void ground_fail(struct ground *g, char *message);
/* It passes. */
void ground_pass(struct ground *g);
void ground_fini(struct ground *g);

#endif
