/* Strict: a decoded text that is not printed as the same text is refused. */
#include <openssl/evp.h>
#include <string.h>

#include <zknginx/err.h>

#include "base64.h"

#define TEXT_SIZE(size) (((size) + 2) / 3 * 4)

void base64_print(const void *bytes, size_t size, struct buf *out)
{
	CLEANUP(freep) unsigned char *text = xcalloc(TEXT_SIZE(size) + 1, 1);

	EVP_EncodeBlock(text, bytes, (int)size);
	buf_puts(out, (const char *)text);
}

bool base64_parse(const char *text, void *bytes, size_t size)
{
	const size_t length = TEXT_SIZE(size);
	CLEANUP(freep) unsigned char *decoded = xcalloc(length + 1, 1);
	CLEANUP(buf_fini) struct buf again = BUF_INIT;

	if (strlen(text) != length ||
	    EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)length) < (int)size)
		return false;
	base64_print(decoded, size, &again);
	if (strcmp(buf_str(&again), text) != 0)
		return false;
	memcpy(bytes, decoded, size);
	return true;
}
