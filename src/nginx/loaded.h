/*
 * Does nginx run the live generation? The answer is recorded in the state directory, so a restart
 * of the daemon needs no reload.
 *
 * While a live file is changed by another program, or nginx.conf does not include the live files,
 * any reload by anybody takes nginx away from the live generation. So the record is withdrawn at
 * once (loaded_doubt), and restored when all is well again and the workers are still the same: then
 * nobody has reloaded nginx, and the daemon need not either.
 */
#ifndef ZKNGINX_NGINX_LOADED_H
#define ZKNGINX_NGINX_LOADED_H

#include "master.h"
#include "stage.h"

struct loaded {
	struct stage *stage;
	struct workers sane;  /* when it was last certain what they run */
	struct workers known; /* when it was last known that nginx runs a generation of ours */
	bool has_doubted;     /* … `doubted` was recorded as running when the doubt began */
	unsigned long doubted;
};

/*
 * m: the master, NULL when there is none or it must not be signalled. reading: how long, in
 * microseconds, nginx may take to read its configuration: a master that was started by as much
 * after the publication has read the live generation. Whether it has workers is not asked.
 */
bool loaded_has_live(const struct loaded *l, const struct master *m, uint64_t reading);
bool loaded_began_with_live(const struct loaded *l, const struct master *m, uint64_t reading);

/* The master is known to run this generation. */
void loaded_record(struct loaded *l, const struct master *m, unsigned long generation);
/* It is certain at this moment that these workers run what they should. */
void loaded_remember_sane_workers(struct loaded *l, const struct master *m,
				  const struct workers *w);
/* Are these still the workers of the last time when nginx was known to run a generation? Then
 * nobody has reloaded it since. */
bool loaded_has_known_workers(const struct loaded *l, const struct workers *now);
/* From now on a reload by anybody would not load the live generation. */
void loaded_doubt(struct loaded *l, const struct master *m);
/* That is over. */
void loaded_trust(struct loaded *l, const struct master *m);

#endif
