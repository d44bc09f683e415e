/*
 * What `nginx -V` says: the version, and the compiled-in paths, which are used where nginx.conf
 * does not say otherwise.
 */
#ifndef ZKNGINX_NGINX_VERSION_H
#define ZKNGINX_NGINX_VERSION_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/err.h>

#include "fingerprint.h"

enum nginx_path {
	NGINX_PREFIX,
	NGINX_PID,
	NGINX_ERROR_LOG, /* "stderr", "syslog:…" are left as they are */
	NGINX_HTTP_LOG,
	NGINX_BODY_TEMP,
	NGINX_PROXY_TEMP,
	NGINX_FASTCGI_TEMP,
	NGINX_UWSGI_TEMP,
	NGINX_SCGI_TEMP,
	NGINX_PATH_N
};

struct nginx_version {
	unsigned number;                 /* 1.22.1 is 1022001 */
	const char *paths[NGINX_PATH_N]; /* absolute, but for special logs */
	bool has_quic;
	bool has_stub_status;    /* true also when unknown */
	bool lacks_zones[2];     /* by protocol: an upstream cannot have a zone */
	struct fingerprint file; /* whose answer it is; set by nginx_version_meet() */
};

struct child_ends;

/* Which file is asked, and how. */
struct nginx_program {
	const char *binary;
	int executable;          /* an open file to run in its place; -1: none */
	const struct stat *file; /* of that one; NULL: the file is `binary` */
	/* As in struct child_spec; NULL: this process runs it. */
	int (*launch)(void *ctx, const struct child_ends *ends, struct err *e);
	void *launch_ctx;
};

/* Runs it, for a few milliseconds. When it cannot be run (logged): nginx_version_guess(). */
void nginx_version_ask(struct arena *a, const struct nginx_program *program,
		       struct nginx_version *v);
/* The same, unless this file was asked already, or is missing and another one was. *v begins as all
 * zero. */
void nginx_version_meet(struct arena *a, const struct nginx_program *program,
			struct nginx_version *v);
/* The version and the paths of Debian's nginx. */
void nginx_version_guess(struct nginx_version *v);
/* The same from the text of `nginx -V`. False: it is not such a text. */
bool nginx_version_parse(struct arena *a, const char *text, struct nginx_version *v);
/* Does it take `-e FILE` (1.19.5)? */
bool nginx_version_has_error_option(const struct nginx_version *v);

#endif
