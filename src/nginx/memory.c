/* Workers that were forked a moment ago still have the master's title; they do not count yet. */
#include "memory.h"
#include "proc.h"

static unsigned long sum(const pid_t *pids, size_t count)
{
	unsigned long bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += proc_resident(pids[i]);
	return bytes;
}

struct nginx_memory nginx_memory(const struct master *m)
{
	struct workers w;
	size_t old;

	if (!m || !master_is_alive(m))
		return (struct nginx_memory){ 0 };
	master_workers(m, &w);
	old = w.leaving < MASTER_WORKERS_MAX ? w.leaving : MASTER_WORKERS_MAX;
	return (struct nginx_memory){ .master = proc_resident(m->pid),
				      .workers = sum(w.serving, w.serving_count),
				      .old_workers = sum(w.old, old) };
}
