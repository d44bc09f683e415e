/* SHA-256 by OpenSSL's libcrypto, which every nginx host has. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>

struct digester {
	EVP_MD_CTX *evp;
};

/* Found once: to find it takes longer than the digest of a short text. Two threads may both find
 * it; either result is good, and stays. */
static const EVP_MD *sha256(void)
{
	static const EVP_MD *found;
	const EVP_MD *now = __atomic_load_n(&found, __ATOMIC_ACQUIRE);

	if (!now) {
		now = EVP_MD_fetch(NULL, "SHA256", NULL);
		__atomic_store_n(&found, now, __ATOMIC_RELEASE);
	}
	return now;
}

struct digester *digester_new(void)
{
	struct digester *d = xcalloc(1, sizeof(*d));

	d->evp = EVP_MD_CTX_new();
	if (!d->evp || !sha256() || !EVP_DigestInit_ex(d->evp, sha256(), NULL))
		die("libcrypto has no SHA-256");
	return d;
}

void digester_free(struct digester *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->evp);
	free(d);
}

void digester_add(struct digester *d, const void *bytes, size_t size)
{
	if (!EVP_DigestUpdate(d->evp, bytes, size))
		die("libcrypto: SHA-256 failed");
}

void digester_add_field(struct digester *d, const void *bytes, size_t size)
{
	unsigned char length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)((uint64_t)size >> (8 * i));
	digester_add(d, length, sizeof(length));
	digester_add(d, bytes, size);
}

struct digest digester_finish(struct digester *d)
{
	struct digest out;

	if (!EVP_DigestFinal_ex(d->evp, out.bytes, NULL))
		die("libcrypto: SHA-256 failed");
	return out;
}

struct digest digest_of(const void *bytes, size_t size)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	digester_add(d, bytes, size);
	return digester_finish(d);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

void digest_hex(const struct digest *d, char hex[static DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = digits[d->bytes[i] >> 4];
		hex[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	hex[DIGEST_HEX_SIZE - 1] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_parse(const char *s, struct digest *d)
{
	if (strlen(s) != DIGEST_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = nibble(s[2 * i]), low = nibble(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		d->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
