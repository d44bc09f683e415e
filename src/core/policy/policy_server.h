/*
 * Whether the statements of one server are safe together.
 *
 * A path by itself is safe when no request makes it climb. Two things may still leave ".." at the
 * end of a URI, where it names a directory and serves no file: a capture that `$` or `.` ends
 * before a line feed (/old/..%0a), and a header X-Accel-Redirect of an upstream ("/..?"), which
 * nginx does not refuse. A statement that appends more to such a URI ("$uri/") must not receive it.
 * Statements come in any order, so they are noted, and compared at the end of a block.
 */
#ifndef ZKNGINX_CORE_POLICY_SERVER_H
#define ZKNGINX_CORE_POLICY_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"
#include "policy_uri.h"

enum block_kind {
	BLOCK_OTHER, /* "if" and what else is part of the block around it */
	BLOCK_SERVER,
	BLOCK_LOCATION,
	BLOCK_NAMED /* a location whose name begins with @: it takes the URI over as it is */
};

/* Those whose answers may have X-Accel-Redirect; PASS_FAMILIES: an upstream of another kind. */
enum pass_family { PASS_PROXY, PASS_GRPC, PASS_FASTCGI, PASS_UWSGI, PASS_FAMILIES };

enum said { UNSAID, SAID_NO, SAID_YES };

/* What was noted of a block. Numbers are lines of the snippet; 0: there is no such statement. */
struct uri_notes {
	unsigned line;       /* of the block */
	unsigned leaves;     /* makes a URI that may end in "..", for any location */
	unsigned stays;      /* … for the location that it is in */
	unsigned needs;      /* must not meet one */
	unsigned carries;    /* … nor one that another location left */
	unsigned climbs;     /* makes two ".." segments of one, and files are served by it */
	unsigned passes;     /* … but an upstream gets it, unless it is carried on */
	unsigned strays;     /* … which of the two shows at the end of the location */
	unsigned files;      /* try_files, or a test of $request_filename */
	unsigned carriers;   /* serves the URI that another location left */
	unsigned redirected; /* an upstream whose X-Accel-Redirect is followed */
	unsigned shallow;    /* a root whose parent is not within snippets.roots */
	unsigned pass[PASS_FAMILIES];
	enum said ignores[PASS_FAMILIES]; /* X-Accel-Redirect */
	bool has_root, has_pass, answers, uncovered, has_slash;
};

/* How a directive uses the URI that it makes. */
struct uri_use {
	struct uri_template template;
	unsigned line;
	bool stays;   /* the request stays in its location */
	bool carried; /* it comes from any location */
	bool outer;   /* it is in no server of the snippet, but for all */
};

enum uri_result {
	URI_GOOD,        /* by itself; the rest is in the notes */
	URI_CLIMBS,      /* a plain request may do it */
	URI_CLIMBS_ODDLY /* … or one with %0a or %3f */
};

/* When it is not good, *error has the piece that climbs. */
enum uri_result uri_use_check(const struct uri_use *use, struct uri_notes *notes,
			      struct uri_error *error);

void notes_files(struct uri_notes *n, unsigned line);
void notes_pass(struct uri_notes *n, enum pass_family family, unsigned line);
/* A file of the host with directives that are not known here: they may append to the URI. */
void notes_unknown(struct uri_notes *n, unsigned line);
void notes_root(struct uri_notes *n, const struct policy *p, const char *path, unsigned line);

/* Two statements that are not safe together. */
struct uri_conflict {
	unsigned line, other;
	const char *why;    /* NULL: there is none */
	const char *advice; /* what is expected instead */
};

/* The block ends: compares its notes, and adds the others to those of the block around it. */
struct uri_conflict notes_close(const struct uri_notes *n, enum block_kind kind,
				struct uri_notes *around);

#endif
