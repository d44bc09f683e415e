/*
 * Render: model → bundle. What comes out is what a careful nginx administrator
 * would write by hand: indented, in a stable order, each block headed by the
 * path of its znode. The same model always gives the same bytes.
 */
#ifndef ZKNGINX_RENDER_H
#define ZKNGINX_RENDER_H

#include <zknginx/bundle.h>
#include <zknginx/model.h>

/* Directories from the settings: absolute, and valid as nginx parameters (emit.h). */
struct render_options {
	const char *log_directory;   /* access_log NAME → LOG_DIRECTORY/NAME.access.log */
	const char *cache_directory; /* a cache zone's files: CACHE_DIRECTORY/ZONE */
};

/* One reference for the caller. */
struct bundle *render(const struct model *m, const struct render_options *options);

#endif
