/*
 * The host's own configuration files, nginx.conf and what it includes, as the last nginx -T that
 * passed has listed them: was one of them changed since they were tested?
 *
 * A change is: a file was edited, replaced, removed, or is there again. A new file in an included
 * directory is not noticed; it cannot remove our include line.
 */
#ifndef ZKNGINX_NGINX_CONFFILES_H
#define ZKNGINX_NGINX_CONFFILES_H

#include <stdbool.h>
#include <stdint.h>

struct conffiles;

struct conffiles *conffiles_new(void);
void conffiles_free(struct conffiles *c);

/* A test begins: it may not have read what is changed from now on. */
void conffiles_begin(struct conffiles *c);
/* The test has read these files (one per line); those below `ours` are left out. NULL: it has not
 * passed; the files are still those of the last test that did. */
void conffiles_tested(struct conffiles *c, const char *files, const char *ours);

/* Is there a change that no test has read? True once per change, when no other one has followed for
 * `rest` microseconds, or when the files have kept changing for half a minute. One call looks at
 * some hundred files: a longer list takes several calls. */
bool conffiles_have_changed(struct conffiles *c, uint64_t now, uint64_t rest);
/* No change is known that has not been tested. */
bool conffiles_are_tested(const struct conffiles *c);

#endif
