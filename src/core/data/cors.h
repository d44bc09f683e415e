/* The variable of a list of origins. */
#ifndef ZKNGINX_DATA_CORS_H
#define ZKNGINX_DATA_CORS_H

#include <zknginx/site.h>

#define PREFLIGHT "$zknginx_preflight"

/* "zknginx_cors_12345678": the request's origin where it is one of the list. */
#define CORS_VARIABLE_SIZE 24
void cors_variable(const struct cors *cors, char name[static CORS_VARIABLE_SIZE]);

#endif
