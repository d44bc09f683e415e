/* The state of a host: one word for what its parts report. */
#ifndef ZKNGINX_CORE_STATE_H
#define ZKNGINX_CORE_STATE_H

#include <zknginx/status.h>

struct status_facts {
	bool connected; /* to ZooKeeper */
	bool has_tree;  /* a whole tree was read since the start */
	bool busy;      /* a run is due, or its outcome */
	bool rejected;  /* nginx refused the configuration as a whole */
	bool excluded;  /* nginx.conf does not include the generated files */
	bool partial;   /* … not all of them */
	bool running;   /* nginx */
	bool held;      /* a guard keeps what ZooKeeper has lost */
	bool pending;   /* nginx runs a part of the newest configuration */
	size_t problems;
};

enum status_state status_choose(const struct status_facts *f);

/*
 * Is this host's nginx fit to be sent requests? It runs, handles signals, has workers, includes the
 * generated files, and has a generation. ZooKeeper may be away, and a change may be refused: nginx
 * keeps serving what it had. NULL: it is; else a sentence.
 */
const char *status_not_ready(const struct status *s);

#endif
