/* The helper's life. */
#ifndef ZKNGINX_NGINX_HELPER_SERVE_H
#define ZKNGINX_NGINX_HELPER_SERVE_H

#include <stdbool.h>

/* state: the state directory. lends: the daemon gets descriptors of executables. */
void helper_serve(int channel, const char *state, bool lends) __attribute__((noreturn));

#endif
