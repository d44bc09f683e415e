/*
 * Which config the daemon of this host may run, for --dry-run, which is no member of the fleet and
 * keeps nothing. The plan is read from the tree, what the host runs from its state directory, and a
 * config that is neither there nor the newest from the history in ZooKeeper.
 */
#ifndef ZKNGINX_PREVIEW_PERMIT_H
#define ZKNGINX_PREVIEW_PERMIT_H

#include <systemd/sd-event.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

struct preview_permit;
/* on_fetched: the config that preview_permit_tree() waited for is there, or cannot be had.
 * accepted: the znodes of what nginx runs; it and the settings outlive this. */
struct preview_permit *preview_permit_new(sd_event *loop, const struct settings *settings,
					  struct tree *accepted, void (*on_fetched)(void *ctx),
					  void *ctx);
void preview_permit_free(struct preview_permit *p);

/* What the host may run of the newest tree (one reference), with a log line that says why. NULL:
 * the config is being fetched; on_fetched() follows. */
struct tree *preview_permit_tree(struct preview_permit *p, struct tree *newest);

#endif
