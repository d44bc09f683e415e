/*
 * Preview: a tree checked offline, without a daemon. It is composed as the daemon of this host
 * would compose it, rendered, compared with the live files, and tested with nginx -t.
 *
 * Nothing outside of the directory that is named, or of a temporary one, is written, and the state
 * directory's lock is not taken: a preview runs beside a daemon. Where the tree is from, and which
 * config this host may run, is not decided here (dry_run.h, preview_permit.h).
 */
#ifndef ZKNGINX_PREVIEW_H
#define ZKNGINX_PREVIEW_H

#include <systemd/sd-event.h>
#include <zknginx/bundle.h>
#include <zknginx/model.h>
#include <zknginx/problem.h>
#include <zknginx/settings.h>

#include "core/compose/compose.h"

struct sandbox;

/* --- the steps, for code that checks trees in its own way ------------------------------------ */

/* compose() with the root and the policy of the settings, without a guard. */
struct model *preview_compose_input(const struct settings *s, struct compose_input in,
				    struct problems *problems);
/*
 * What nginx.conf of this host claims, from its files. NULL: it is not known, as it cannot be read
 * or does not include the files of a daemon. The caller frees.
 */
struct host_claims *preview_host_claims(const struct settings *s);
/* sandbox: knows the nginx of this host; NULL: it is not asked. */
struct bundle *preview_render(const struct settings *s, const struct sandbox *sandbox,
			      const struct model *m);
/* Writes http.conf and stream.conf. */
int preview_write(const struct bundle *b, const char *directory, struct err *e);
/* The process to test like: the running master, whose file and namespace may differ from ours. 0:
 * nginx does not run. */
long preview_master(const struct nginx_settings *s);

/* --- whole previews -------------------------------------------------------------------------- */

/* Logs each problem, with its place in the znode. */
void preview_log_problems(const struct problems *problems);

/*
 * The pure path on a tree in its text form: the files go into `directory`, which is made if it is
 * missing. Problems are logged; what is not rendered is left out of the files. Returns the number
 * of problems, or -1.
 */
int preview_render_file(const struct settings *settings, const char *tree_file,
			const char *directory, struct err *e);

struct preview;
/* accepted: the znodes of what nginx runs; it and the settings outlive the preview. */
int preview_new(const struct settings *settings, const struct tree *accepted, struct preview **out,
		struct err *e);
/* Removes the candidate's files. */
void preview_free(struct preview *p);
DEFINE_CLEANUP(struct preview *, preview_free)

/* What operators have drained, in the trees that follow; borrowed. */
void preview_use_drains(struct preview *p, struct drains drains);
/* What this host would make of the tree. */
struct model *preview_compose(struct preview *p, const struct tree *tree,
			      struct problems *problems);
/* Renders the model, and shows on standard output what is different in the live files. */
int preview_show(struct preview *p, const struct model *m, struct err *e);
/* Tests with nginx -t what was shown, and logs the result; on_done follows, later, from the loop.
 */
int preview_test(struct preview *p, sd_event *loop, void (*on_done)(void *ctx, bool passed),
		 void *ctx, struct err *e);

#endif
