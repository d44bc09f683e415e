/*
 * The manifest of a generation: the digests of its files, and which znode each part came from. It
 * is JSON, so that a person can read it beside the files.
 */
#ifndef ZKNGINX_NGINX_MANIFEST_H
#define ZKNGINX_NGINX_MANIFEST_H

#include <zknginx/bundle.h>
#include <zknginx/err.h>

#define MANIFEST_NAME "manifest.json"

struct manifest {
	unsigned long generation;
	char revision[DIGEST_HEX_SIZE]; /* hex, or "" */
	struct digest digest;           /* of the bundle */
	struct digest files[BUNDLE_FILE_N];
};

/* Without the digests of its files, which take a while for large ones. */
struct manifest manifest_of(const struct bundle *b, unsigned long generation, const char *revision);
void manifest_add_digests(struct manifest *m, const struct bundle *b);
/* Was it made of a bundle with the same bytes? */
bool manifest_is_of(const struct manifest *m, const struct bundle *b);
/* Text for the file, with the sources of the bundle. `wall`: seconds since the epoch. */
void manifest_print(const struct manifest *m, const struct bundle *b, int64_t wall,
		    struct buf *out);
/* ERR_INPUT when a field that is needed is missing; ERR_REFUSED when its format is not known.
 * Unknown fields are ignored. */
int manifest_parse(const char *text, size_t size, struct manifest *m, struct err *e);

#endif
