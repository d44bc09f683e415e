/*
 * The sandbox of `nginx -t`: a private mount namespace in which the staged generation is mounted at
 * the path of the live one. The root is read-only; log, run, temp and cache directories are empty
 * tmpfs; the process is nobody with CAP_DAC_READ_SEARCH and CAP_NET_BIND_SERVICE alone.
 *
 * Where namespaces are refused (a container without CAP_SYS_ADMIN) the fallback tests a copy of
 * nginx.conf, beside the original, whose include names the staged files. The status says which of
 * the two is in use.
 *
 * nginx.conf may write logs to a directory that is not known beforehand. nginx is denied such a
 * file; then its directory is covered too, and nginx is run again. A directory that the candidate
 * itself names is never covered.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_H
#define ZKNGINX_NGINX_SANDBOX_H

#include <zknginx/err.h>
#include <zknginx/settings.h>

#include "core/compose/host_claims.h"
#include "core/render/render.h"
#include "sys/child.h"

struct sandbox;

/* Tries what this host allows. `settings->sandbox` may force one kind (ERR_UNAVAILABLE if this host
 * does not allow it). */
int sandbox_new(const struct nginx_settings *settings, const char *live, const char *cache,
		struct sandbox **out, struct err *e);
/* Its tests run the binary that is on disk, even while a master runs another one. version: what its
 * `nginx -V` wrote; "" = unknown. */
int sandbox_new_of_disk(const struct nginx_settings *settings, const char *live, const char *cache,
			const char *version, struct sandbox **out, struct err *e);
void sandbox_free(struct sandbox *s);
DEFINE_CLEANUP(struct sandbox *, sandbox_free)
const char *sandbox_kind(const struct sandbox *s); /* "namespace", "fallback" */

/* The nginx that runs may be another one than before: read its version again. master: as in
 * sandbox_test(). */
void sandbox_meet(struct sandbox *s, long master);
/* What render needs to know about this nginx, from `nginx -V` and nginx.conf. The
 * string lives as long as the sandbox. */
void sandbox_render_options(const struct sandbox *s, struct render_options *out);

struct sandbox_result {
	bool passed;
	bool timed_out;
	bool failed; /* nginx could not be run, so the candidate is not tested; text says why */
	bool http_included, stream_included; /* nginx read our http.conf, stream.conf */
	const char *files;            /* passed: the other files that it read, one per line */
	const struct host_file *host; /* … and their text, nginx.conf first; a very
					 long one is left out */
	size_t host_count;
	const char *text; /* what nginx said; paths as under the live directory */
};

/*
 * Run `nginx -T` with `staged` in place of the live directory. master: the pid
 * whose executable and mount namespace to use, or 0 for settings->binary.
 * One at a time.
 */
int sandbox_test(struct sandbox *s, sd_event *loop, const char *staged, long master,
		 void (*done)(void *ctx, const struct sandbox_result *r), void *ctx, struct err *e);
/* From now on a test is killed after `timeout` microseconds or the setting, whichever is less. 0:
 * only the setting counts. */
void sandbox_limit(struct sandbox *s, uint64_t timeout);
/* Kill a running test; done is not called. */
void sandbox_cancel(struct sandbox *s);

#endif
