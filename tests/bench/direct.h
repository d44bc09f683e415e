/* See direct.c. */
#ifndef ZKNGINX_TESTS_DIRECT_H
#define ZKNGINX_TESTS_DIRECT_H

#include <stdbool.h>

/* Sessions that are opened from now on reach the server directly, or through the relay. */
void direct_set(bool on);

#endif
