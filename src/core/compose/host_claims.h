/*
 * What nginx.conf of this host, with all that it includes, takes for itself: addresses, server
 * names, upstreams, zones. It is the administrator's, so no znode may have it as well.
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
 * The first file is nginx.conf; the others are read where an `include` names them (relative to
 * nginx.conf's directory), and nowhere else. Nothing of the files is kept.
 */
struct host_claims *host_claims_read(const struct host_file *files, size_t count);
void host_claims_free(struct host_claims *h);
DEFINE_CLEANUP(struct host_claims *, host_claims_free)

/* For compose: what is claimed, each with the file and the line. */
const struct claims *host_claims_list(const struct host_claims *h);

#endif
