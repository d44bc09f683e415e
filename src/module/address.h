/* The address of a server that comes. */
#ifndef ZKNGINX_MODULE_ADDRESS_H
#define ZKNGINX_MODULE_ADDRESS_H

#include <stdbool.h>

#include "flavour.h"

/* Is the address one that this nginx reads as it reads "server ADDRESS;"? */
bool address_parse(struct module_text name, ngx_pool_t *pool, ngx_addr_t *out);

#endif
