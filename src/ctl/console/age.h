/* How long ago something was, in one word. */
#ifndef ZKNGINX_CTL_AGE_H
#define ZKNGINX_CTL_AGE_H

#include <stdint.h>

/* "12s", "5m", "3h", "2d"; "-" where since is 0. A time that is ahead is 0s: clocks differ. */
#define AGE_SIZE 24
const char *age_print(uint64_t now, uint64_t since, char out[static AGE_SIZE]);

#endif
