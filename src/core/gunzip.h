/* gzip, for registrations that a client library compressed. */
#ifndef ZKNGINX_CORE_GUNZIP_H
#define ZKNGINX_CORE_GUNZIP_H

#include <stdbool.h>
#include <zknginx/arena.h>

/*
 * One gzip member (RFC 1952) of at most `most` bytes inflated: in the arena. NULL and
 * *why, the rest of a sentence, when it is broken or would be more.
 */
const char *gunzip(struct arena *a, const void *data, size_t size, size_t most, size_t *out_size,
		   const char **why);

#endif
