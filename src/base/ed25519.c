/* Ed25519 by OpenSSL's libcrypto. Nothing here is secret. */
#include <openssl/evp.h>

#include <zknginx/ed25519.h>
#include <zknginx/err.h>

static bool verify(EVP_PKEY *key, const struct ed25519_signature *signature, const void *text,
		   size_t size)
{
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	bool ok;

	if (!evp)
		die("libcrypto: no memory");
	ok = EVP_DigestVerifyInit(evp, NULL, NULL, NULL, key) == 1 &&
	     EVP_DigestVerify(evp, signature->bytes, sizeof(signature->bytes), text, size) == 1;
	EVP_MD_CTX_free(evp);
	return ok;
}

bool ed25519_verify(const struct ed25519_key *key, const struct ed25519_signature *signature,
		    const void *text, size_t size)
{
	EVP_PKEY *k =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, sizeof(key->bytes));
	bool ok = k && verify(k, signature, text, size);

	EVP_PKEY_free(k);
	return ok;
}
