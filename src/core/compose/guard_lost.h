/* Lost servers: the memory of guard_servers.c. */
#ifndef ZKNGINX_CORE_GUARD_LOST_H
#define ZKNGINX_CORE_GUARD_LOST_H

#include <zknginx/model.h>

struct lost {
	struct arena *arena;  /* of the server */
	struct server server; /* as it was; bringing it back computes its `params` again */
	uint64_t when;
	uint64_t back; /* when it returned and waits for readmission; 0 = still away */
	bool served;   /* brought back by the guard: when it returns it is used at once */
	bool let_go;   /* its loss was accepted: it is not counted and not brought back */
	bool unwanted; /* the operator let it go: the upstream no longer has the discover that found
			  it, or the settings no longer admit its address */
};

#define DISCOVERS_MAX 32 /* more than one upstream has, because its discovers may change */

struct losses {
	struct lost *items; /* sorted by address */
	size_t count, room;
	/* The discovers that found lost servers, once each. */
	struct arena *policies;
	struct discover *discovers[DISCOVERS_MAX];
	size_t discover_count;
};

void losses_fini(struct losses *l);
/* Index of the first at or after address. */
size_t losses_find(const struct losses *l, const char *address, bool *found);
/*
 * Adds the servers that `served` has and `u` has not; those that are in the list stay as they are.
 * Sets *last_deletion to now when one is a persistent znode.
 */
void losses_notice(struct losses *l, const struct upstream *served, const struct upstream *u,
		   uint64_t now, uint64_t *last_deletion);
/*
 * losses_drop() frees one item, which the caller removes from the list. losses_cut() sets the
 * number of items that are left.
 */
void losses_drop(struct lost *l);
void losses_cut(struct losses *l, size_t count);

#endif
