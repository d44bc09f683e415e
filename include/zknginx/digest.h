/* SHA-256, as one call or piece by piece. */
#ifndef ZKNGINX_DIGEST_H
#define ZKNGINX_DIGEST_H

#include <stdbool.h>
#include <zknginx/macros.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1)

struct digest {
	unsigned char bytes[DIGEST_SIZE];
};

struct digester;
struct digester *digester_new(void);
void digester_free(struct digester *d);
DEFINE_CLEANUP(struct digester *, digester_free)
void digester_add(struct digester *d, const void *bytes, size_t size);
/* Adds the length (8 bytes, little endian) before the bytes, so that two
 * fields cannot be mistaken for one. */
void digester_add_field(struct digester *d, const void *bytes, size_t size);
struct digest digester_finish(struct digester *d);

struct digest digest_of(const void *bytes, size_t size);
bool digest_equal(const struct digest *a, const struct digest *b);
/* Lower-case hex. */
void digest_hex(const struct digest *d, char hex[static DIGEST_HEX_SIZE]);
/* False unless s is exactly 64 hex digits. */
bool digest_parse(const char *s, struct digest *d);

#endif
