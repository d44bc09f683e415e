/* What one configuration of nginx says of its upstreams with a zone, by name. */
#ifndef ZKNGINX_NGINX_SERVERS_TABLE_H
#define ZKNGINX_NGINX_SERVERS_TABLE_H

#include <zknginx/arena.h>

#include "core/wire/module_wire.h"

struct servers_entry {
	struct module_upstream said; /* its digest is that after the last change */
	bool changed;                /* since then the order is not known */
	bool compared;               /* with a model … */
	bool agrees;                 /* … and has the servers of that */
};

struct servers_table {
	struct arena *arena; /* the names; NULL: the table is empty */
	struct servers_entry *items;
	size_t count, room;
	size_t found; /* where one was found last: mostly the next one is asked for then */
};

void servers_table_add(struct servers_table *t, const struct module_upstream *u);
/* After the last one; from then on it can be searched. */
void servers_table_sort(struct servers_table *t);
/* NULL: there is none. */
struct servers_entry *servers_table_find(struct servers_table *t, const char *name);
/* The same, for names that are asked for in their order; *at: 0 at first. */
struct servers_entry *servers_table_next(const struct servers_table *t, const char *name,
					 size_t *at);
void servers_table_fini(struct servers_table *t);

#endif
