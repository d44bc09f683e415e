/*
 * What nginx.conf of this host, with all files that it includes, claims: addresses, server names,
 * upstreams, zones. It belongs to the host's administrator, so no znode may claim the same.
 */
#ifndef ZKNGINX_HOST_CLAIMS_H
#define ZKNGINX_HOST_CLAIMS_H

#include <stddef.h>
#include <zknginx/macros.h>

/* A file of the host's own configuration, as nginx read it. */
struct host_file {
	const char *path; /* absolute */
	const char *text;
	size_t size;
};

struct host_claims;

/*
 * The first file is nginx.conf. The others are read only where an `include` names them, relative to
 * nginx.conf's directory. The files are copied as far as needed. The caller frees the result.
 */
struct host_claims *host_claims_read(const struct host_file *files, size_t count);
void host_claims_free(struct host_claims *h);
DEFINE_CLEANUP(struct host_claims *, host_claims_free)

/* All claims, each with its file and line. Borrowed until host_claims_free(). */
const struct claims *host_claims_list(const struct host_claims *h);

#endif
