/* The helper's life. */
#ifndef ZKNGINX_NGINX_HELPER_SERVE_H
#define ZKNGINX_NGINX_HELPER_SERVE_H

#include <stdbool.h>

#include <zknginx/settings.h>

/* Does the daemon get descriptors of executables? Where tests are not enclosed, it runs them
 * itself. To be asked while this process has its privileges. */
bool helper_lends(const struct nginx_settings *nginx);
/* state: the state directory. */
void helper_serve(int channel, const char *state, bool lends) __attribute__((noreturn));

#endif
