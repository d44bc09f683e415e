/*
 * The installed nginx, and a newer one where the machine has it: from 1.25.1 on nginx takes other
 * text (`http2 on;`), which an older one refuses.
 *
 * NGINX_NEWER in the environment names the newer one: a binary, with its modules in the directory
 * of the installed ones, or the root directory of a system that has nginx installed, such as one
 * that debootstrap made. Without it, the installed nginx counts if it is new enough.
 */
#ifndef ZKNGINX_TESTS_RIG_NEWER_H
#define ZKNGINX_TESTS_RIG_NEWER_H

#include <stdbool.h>

#define RIG_NEWER_LEAST 1025001

struct rig_program {
	char *words[5]; /* how it is started, perhaps by a loader of its own; ends with NULL */
	char *stream_module;
	unsigned version; /* 1.26.3 is 1026003 */
};

/* The nginx that is installed. */
struct rig_program rig_installed_nginx(void);
/* False: there is none, for the reason in *why. */
bool rig_newer_nginx(struct rig_program *out, const char **why);

#endif
