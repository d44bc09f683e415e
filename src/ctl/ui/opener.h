/* The page, opened in the desktop's browser by xdg-open(1). */
#ifndef ZKNGINX_CTL_UI_OPENER_H
#define ZKNGINX_CTL_UI_OPENER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct opener {
	struct child *child; /* NULL: it has ended */
	char *file;          /* that leads to a secret URL; NULL: there is none */
};

/* Says so when no browser is opened. A URL that is secret is in no command line: every user of the
 * machine can read those. */
void opener_start(struct opener *o, sd_event *loop, const char *url, bool secret);
/* The browser stays. */
void opener_fini(struct opener *o);

#endif
