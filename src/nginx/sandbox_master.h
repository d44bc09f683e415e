/* What a test takes over from the nginx master, so that it runs as the master would. */
#ifndef ZKNGINX_NGINX_SANDBOX_MASTER_H
#define ZKNGINX_NGINX_SANDBOX_MASTER_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct sandbox_master {
	bool is_seen;        /* its executable could be looked at: */
	struct stat program; /* … the file */
	int executable;      /* … also one that a package upgrade has deleted; -1: not for us */
	int mount_namespace; /* -1: it is our own, or not for us */
	struct rlimit files; /* how many it may open; rlim_cur 0: unknown */
};

/* pid: of the master; 0: there is none. */
void sandbox_master_open(struct sandbox_master *m, long pid);
void sandbox_master_close(struct sandbox_master *m);

#endif
