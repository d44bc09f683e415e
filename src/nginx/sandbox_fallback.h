/*
 * Without namespaces: a copy of nginx.conf, beside it, that includes the staged files
 * in place of the live ones.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_FALLBACK_H
#define ZKNGINX_NGINX_SANDBOX_FALLBACK_H

#include <zknginx/err.h>

struct fallback;

/* config: nginx.conf. Error: a file could not be read, or its copy not be written. */
int fallback_new(const char *config, const char *live, const char *staged, struct fallback **out,
		 struct err *e);
/* Removes the copies. */
void fallback_free(struct fallback *f);
DEFINE_CLEANUP(struct fallback *, fallback_free)

const char *fallback_config(const struct fallback *f);
/* nginx's output with the names of the original files. The caller frees. */
char *fallback_translate(const struct fallback *f, const char *text);

/* Remove the copies that killed daemons have left beside nginx.conf. */
void fallback_sweep(const char *config);

#endif
