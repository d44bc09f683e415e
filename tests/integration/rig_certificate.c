/* See rig_certificate.h. */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "rig.h"
#include "rig_certificate.h"

#define DAY (24L * 60 * 60)

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		fail_msg("cannot write %s", path);
	return f;
}

void rig_certificate(const char *certificate, const char *key, const char *name, int days)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	FILE *f;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -400 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), days * DAY + DAY / 2);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(x, subject);
	X509_set_pubkey(x, pair);
	assert_true(X509_sign(x, pair, EVP_sha256()) > 0);
	f = create(certificate);
	PEM_write_X509(f, x);
	fclose(f);
	f = create(key);
	PEM_write_PrivateKey(f, pair, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(pair);
}
