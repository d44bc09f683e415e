/* The page: src/ctl/ui/page.html, as the build makes an array of it. */
#ifndef ZKNGINX_CTL_UI_PAGE_H
#define ZKNGINX_CTL_UI_PAGE_H

#include <zknginx/buf.h>

extern const unsigned char page_html[];
extern const size_t page_html_size;

/* The Content-Security-Policy that lets the page run its own script and style, which it names by
 * their hashes, and nothing else. */
void page_policy(struct buf *out);

#endif
