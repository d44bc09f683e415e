/*
 * The canvas: text that is replaced in place. On a terminal it is the alternate screen, which is
 * left as it was found; text that does not fit is cut, and what is typed is not shown. Elsewhere
 * one block follows the other, and equal blocks are one.
 *
 * Signals: SIGINT, SIGTERM, SIGHUP and the key q end it; SIGWINCH redraws; SIGTSTP stops the
 * program with the terminal as it was before.
 */
#ifndef ZKNGINX_CTL_CANVAS_H
#define ZKNGINX_CTL_CANVAS_H

#include "ctl.h"

struct canvas;

/* Before anything that starts a thread. ctl outlives it. */
struct canvas *canvas_new(struct ctl *ctl);
void canvas_free(struct canvas *c);
DEFINE_CLEANUP(struct canvas *, canvas_free)

/* Replaces what is shown. */
void canvas_show(struct canvas *c, const char *text);
/* The operator wants no more. */
bool canvas_is_over(const struct canvas *c);
/* Has the terminal changed? Once true, it is false until the next change. */
bool canvas_take_redraw(struct canvas *c);
bool canvas_wants_redraw(const struct canvas *c);

#endif
