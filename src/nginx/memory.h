/* The memory of nginx's processes. */
#ifndef ZKNGINX_NGINX_MEMORY_H
#define ZKNGINX_NGINX_MEMORY_H

#include "master.h"

/* Resident bytes, added up; shared pages count once for each process. */
struct nginx_memory {
	unsigned long master, workers, old_workers;
};
/* m: NULL: there is none. */
struct nginx_memory nginx_memory(const struct master *m);

#endif
