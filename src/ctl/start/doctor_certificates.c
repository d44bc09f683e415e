/* The certificates and keys of the sites, read as nginx reads them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "doctor.h"
#include "sys/disk.h"

#define WARN_DAYS 14

DEFINE_CLEANUP(BIO *, BIO_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)

static const char *const renew = "Renew the certificate, then reload nginx";

/* A key with a password is one that nginx cannot load at a reload. */
static int no_password(char *buffer UNUSED, int size UNUSED, int writing UNUSED, void *ctx UNUSED)
{
	return -1;
}

/* False: the error was reported. */
static bool read_file(struct doctor *d, const struct site *site, const char *path, struct buf *out)
{
	struct err e;

	if (disk_read_path(path, out, &e) == 0)
		return true;
	if (geteuid() != 0 && e.sys == EACCES)
		doctor_skip(d, "needs root: %s of the site %s", path, site->name);
	else
		doctor_error(d, "Put the file in place; the master reads it as root",
			     "the site %s: %s", site->name, e.text);
	return false;
}

/* Reports a certificate that is not valid now. Days is how long it still is. */
static bool check_time(struct doctor *d, const struct site *site, const X509 *x, int *days)
{
	int seconds = 0;

	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
		doctor_error(d, "Check the clock of this host, or the certificate",
			     "%s of the site %s is not valid yet", site->certificate, site->name);
		return false;
	}
	if (!ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(x)))
		return true;
	if (*days < 0 || seconds < 0) {
		doctor_error(d, renew, "%s of the site %s expired %d days ago", site->certificate,
			     site->name, -*days);
		return false;
	}
	if (*days < WARN_DAYS) {
		doctor_warn(d, renew, "%s of the site %s expires in %d days", site->certificate,
			    site->name, *days);
		return false;
	}
	return true;
}

static bool check_names(struct doctor *d, const struct site *site, X509 *x)
{
	for (size_t i = 0; i < site->server_name_count; i++) {
		const char *name = site->server_names[i];

		if (strpbrk(name, "*~") || !strchr(name, '.') || *name == '.')
			continue;
		if (X509_check_host(x, name, 0, 0, NULL) == 1)
			continue;
		doctor_warn(d, "Use a certificate with all server_names of the site",
			    "%s of the site %s is not for %s", site->certificate, site->name, name);
		return false;
	}
	return true;
}

static bool check_key(struct doctor *d, const struct site *site, X509 *x)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(BIO_freep) BIO *bio = NULL;
	CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = NULL;

	if (!read_file(d, site, site->key, &text))
		return false;
	bio = BIO_new_mem_buf(buf_str(&text), (int)text.size);
	key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (text.size)
		explicit_bzero(text.data, text.size);
	if (!key) {
		doctor_error(d, "The file has one key in PEM, without a password",
			     "%s of the site %s is not a private key that can be read", site->key,
			     site->name);
		return false;
	}
	if (X509_check_private_key(x, key) == 1)
		return true;
	doctor_error(d, "Name the key with which the certificate was requested",
		     "%s is not the key of %s (the site %s)", site->key, site->certificate,
		     site->name);
	return false;
}

/* True: nothing was reported; *days is how long the certificate is still valid. */
static bool check_site(struct doctor *d, const struct site *site, int *days)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(BIO_freep) BIO *bio = NULL;
	CLEANUP(X509_freep) X509 *x = NULL;

	if (!read_file(d, site, site->certificate, &text))
		return false;
	bio = BIO_new_mem_buf(buf_str(&text), (int)text.size);
	x = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
	if (!x) {
		doctor_error(d, "The file has the certificate in PEM, then its chain",
			     "%s of the site %s is not a certificate", site->certificate,
			     site->name);
		return false;
	}
	if (site->key && !check_key(d, site, x))
		return false;
	return check_time(d, site, x, days) && check_names(d, site, x);
}

void doctor_check_certificates(struct doctor *d)
{
	size_t good = 0, all = 0;
	int soonest = -1;

	for (size_t i = 0; i < d->model->site_count; i++) {
		int days = 0;

		if (!d->model->sites[i].certificate)
			continue;
		all++;
		if (!check_site(d, &d->model->sites[i], &days))
			continue;
		good++;
		if (soonest < 0 || days < soonest)
			soonest = days;
	}
	ERR_clear_error();
	if (!all)
		doctor_ok(d, "no site has a certificate");
	else if (good)
		doctor_ok(d,
			  "%zu certificate%s valid, with the right key; the next one to expire "
			  "does so in %d days",
			  good, good == 1 ? " is" : "s are", soonest);
}
