/*
 * A whole host whose nginx has the modules, with N servers in upstreams of 50, and the upstream
 * "probe" with two servers of which one answers: the second one is a backup. Site "s" passes to it.
 * The two servers are of the same nginx, and answer "one" and "two".
 */
#ifndef ZKNGINX_TESTS_MODULE_HOST_H
#define ZKNGINX_TESTS_MODULE_HOST_H

#include "../integration/rig_host.h"
#include "nginx/master.h"

extern struct rig_host module_host;
extern int module_host_site; /* its port on 127.0.0.1 */

/* Returns when nginx has all, and the workers take servers without a reload. */
void module_host_start(int servers);
/* From now on, by its settings, it writes the files a minute after a change. */
void module_host_put_off_files(void);
/* … it reloads nginx for each change. */
void module_host_use_reload(void);
/* The znodes of the n-th of the two servers, and of the i-th of all others. */
const char *module_host_probed(int n);
char *module_host_server(int i);

/* Processor time of a process with all its threads, and of nginx's workers; ms. */
double module_host_cpu(pid_t pid);
double module_host_cpu_of_workers(const struct master *m);
/* The memory that a process has; the most that the daemon has had. */
double module_host_mb(pid_t pid);
double module_host_peak_mb(void);

#endif
