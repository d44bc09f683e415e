/* Configuration files of nginx as text. */
#ifndef ZKNGINX_NGINX_TEXT_H
#define ZKNGINX_NGINX_TEXT_H

#include <zknginx/buf.h>
#include <zknginx/err.h>

/* Only a regular file, all of it: opening a FIFO would wait for ever. */
int nginx_text_read(const char *path, struct buf *out, struct err *e);
/* All occurrences. */
char *nginx_text_replace(const char *text, const char *from, const char *to);

/* What nginx -t wrote, without the warning that the sandbox causes, and without the notice that
 * there is no module for this nginx. */
void nginx_text_put_errors(const char *text, struct buf *out);

#endif
