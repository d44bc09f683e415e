/*
 * The program on disk, compared with the one that runs: the binary, and the modules and shared
 * libraries that the master has mapped. A start of nginx would load the files on disk; a reload
 * goes on with the binary that runs.
 */
#ifndef ZKNGINX_NGINX_PROGRAM_H
#define ZKNGINX_NGINX_PROGRAM_H

#include <zknginx/digest.h>

#include "master.h"

struct program {
	bool differs;        /* a file was replaced, changed or removed since the master started */
	bool lacks_binary;   /* … and this one is missing */
	struct digest files; /* of their fingerprints: another one after each change */
};

/* binary: its path. What may not be read of the master is left out. */
void program_look(const struct master *m, const char *binary, struct program *out);

/* Does a package manager hold its lock now? It may be in the middle of replacing nginx. */
bool program_is_being_installed(void);

#endif
