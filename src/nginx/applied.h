/*
 * applied.json: which generation which nginx master runs, and when the live one was published. It
 * saves reloads after a restart of the daemon.
 */
#ifndef ZKNGINX_NGINX_APPLIED_H
#define ZKNGINX_NGINX_APPLIED_H

#include "sys/disk.h"

/* Which generation which master is known to run. */
struct applied {
	unsigned long generation;
	long pid;            /* of the master; 0: none is known to run it */
	uint64_t start_time; /* of the master, in clock ticks since boot */
};

struct applied_record {
	char boot[64]; /* id of this boot: of another one, only the numbers of generations count */
	struct applied applied;
	unsigned long published;
	uint64_t published_at; /* clock ticks since boot; 0 = before this boot */
	bool has_applied, has_published;
};

/* `root`: the state directory. A file that cannot be read, or whose format
 * is not known, is as none. */
void applied_load(struct applied_record *r, struct place root);
int applied_save(const struct applied_record *r, struct place root, struct err *e);
/* Remove the temporary file that a crash left. */
void applied_sweep(struct place root);

/* Generation n was published now. */
void applied_publish(struct applied_record *r, unsigned long n);
/* It is not certain any more what the master runs, nor that a master that runs now was started with
 * what was published: only one that starts after this is. */
void applied_doubt(struct applied_record *r);

#endif
