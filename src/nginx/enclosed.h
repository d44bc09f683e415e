/*
 * A run of nginx in a private mount namespace: from what has to be run to what the child executes.
 * The daemon only describes a run; the helper (helper.h) prepares it, from files and processes that
 * it looks at itself.
 */
#ifndef ZKNGINX_NGINX_ENCLOSED_H
#define ZKNGINX_NGINX_ENCLOSED_H

#include "sandbox_master.h"
#include "sandbox_namespace.h"
#include "sys/child.h"

enum enclosed_kind {
	ENCLOSED_TEST,    /* nginx -T */
	ENCLOSED_VERSION, /* nginx -V */
	ENCLOSED_PROBE,   /* nothing: does this host allow it? */
	ENCLOSED_N
};

enum cover_kind {
	COVER_DIRECTORY, /* its entries stay visible */
	COVER_PARENT,    /* the directory of a file, which is hidden */
	COVER_LOGS,      /* only its directories stay visible, unless it holds configuration */
	COVER_CACHE,     /* only its directories stay visible */
	COVER_N
};

#define COVERS_MAX 64

struct enclosed {
	enum enclosed_kind kind;
	bool of_disk;          /* the binary on disk is run, whatever the master runs */
	bool has_error_option; /* nginx takes -e */
	long master;           /* whose executable and mount namespace to use; 0: none */
	const char *binary;    /* all paths are absolute; "" where the kind has no use for them */
	const char *config;
	const char *prefix; /* nginx's own directory */
	const char *staged, *live;
	struct {
		enum cover_kind kind;
		const char *path;
	} covers[COVERS_MAX];
	size_t cover_count;
};

/* The directory of an absolute path. */
const char *enclosed_parent(struct arena *a, const char *path);
void enclosed_cover(struct enclosed *q, enum cover_kind kind, const char *path);
/* The directory of a log. One such as /dev/stderr can be opened without a cover. */
void enclosed_cover_log(struct enclosed *q, struct arena *a, const char *log);

/* What the child needs between fork and exec. */
struct enclosed_child {
	struct sandbox_master master;
	struct mounts mounts;
	struct enclosure in;
	char *arguments[8];
	struct child_spec spec; /* path, exec_fd, argv, envp, prepare */
};

/* q and the arena outlive *out. */
int enclosed_prepare(const struct enclosed *q, struct arena *a, struct enclosed_child *out,
		     struct err *e);
void enclosed_fini(struct enclosed_child *c);

/* Not enclosed: q->config is a copy that names the staged files, and master is open. */
void enclosed_on_copy(const struct enclosed *q, const struct sandbox_master *master,
		      struct enclosed_child *out);

/* Does this host allow it? Tried in a child, with a cover over `directory` ("" = none). */
int enclosed_probe(const char *directory, struct err *e);

#endif
