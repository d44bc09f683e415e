/*
 * Preview: which config the daemon of this host may run, for --dry-run, which is no member of the
 * fleet and keeps nothing. The plan is read from the tree, what the host runs from its state
 * directory, and a config that is neither there nor the newest from the history.
 */
#ifndef ZKNGINX_PREVIEW_H
#define ZKNGINX_PREVIEW_H

#include <systemd/sd-event.h>

#include "host/settings.h"

struct preview;
/* again: what preview_tree() waited for is there, or is not to be had. accepted: what nginx runs;
 * both settings and tree outlive the preview. */
struct preview *preview_new(sd_event *loop, const struct settings *settings, struct tree *accepted,
			    void (*again)(void *ctx), void *ctx);
void preview_free(struct preview *p);

/* What the host may run of the newest tree (one reference), with a log line that says why. NULL:
 * the config is being fetched; `again` follows. */
struct tree *preview_tree(struct preview *p, struct tree *newest);

#endif
