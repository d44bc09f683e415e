/*
 * Which path was nginx denied in the sandbox, and does the host's own configuration name it?
 */
#ifndef ZKNGINX_NGINX_SANDBOX_LEARN_H
#define ZKNGINX_NGINX_SANDBOX_LEARN_H

/*
 * From what nginx -t wrote: a path that it could not open for writing or make, that it
 * could have outside the sandbox, and that no word of the files in `staged` names
 * (relative names are below `prefix`). NULL: there is no such path. The caller frees.
 */
char *learn_denied(const char *text, const char *staged, const char *prefix);

#endif
