/*
 * The host's own configuration files, nginx.conf and what it includes, as the last nginx -T
 * that passed has listed them: has one of them been changed since they were tested?
 *
 * What is seen is a change of a file: edited, replaced, removed, come back. A file that is
 * new in an included directory is not seen; it cannot take our include line away.
 */
#ifndef ZKNGINX_NGINX_CONFFILES_H
#define ZKNGINX_NGINX_CONFFILES_H

#include <stdbool.h>
#include <stdint.h>

struct conffiles;

struct conffiles *conffiles_new(void);
void conffiles_free(struct conffiles *c);

/* A test begins: what is changed from now on may not be in it. */
void conffiles_begin(struct conffiles *c);
/* The test has read these (one a line), and whatever is below `ours`, which is left out.
 * NULL: it has not passed; the files are those of the last one that did. */
void conffiles_tested(struct conffiles *c, const char *files, const char *ours);

/* Is there a change that no test has seen? Said once a change, when it has stood for that long
 * (CLOCK_MONOTONIC), or when the files have not come to rest for half a minute. A look at some
 * hundred files: a longer list takes several calls. */
bool conffiles_have_changed(struct conffiles *c, uint64_t now, uint64_t stands);
/* No change is known that has not been tested. */
bool conffiles_are_tested(const struct conffiles *c);

#endif
