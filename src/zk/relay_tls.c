/* Certificates and their verification. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "relay_tls.h"

#define FILES 3

struct relay_tls {
	char *files[FILES]; /* authority, certificate, key; "" = none */
	char *server_name;  /* "" = the host of zookeeper.hosts */
	bool verify_name;
	SSL_CTX *context;
	struct stat seen[FILES]; /* the files that were last tried, good or not */
};

/* --- the files -------------------------------------------------------------------------------- */

/* OpenSSL's own words of the first error in the queue, which is emptied. */
static const char *openssl_error(void)
{
	unsigned long code = ERR_get_error();
	const char *text = ERR_reason_error_string(code);

	ERR_clear_error();
	return text ?: code ? strerror(ERR_GET_REASON(code)) : "unknown error";
}

static int check_key_file(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "zookeeper.tls.key: %s", path);
	if (st.st_mode & 077)
		return err_set(e, ERR_INPUT,
			       "zookeeper.tls.key: %s has mode %04o; it is a private key, so no "
			       "other user may read it (chmod 600)",
			       path, (unsigned)st.st_mode & 07777);
	return 0;
}

static int load_own(SSL_CTX *context, const char *certificate, const char *key, struct err *e)
{
	if (!*certificate)
		return 0;
	if (check_key_file(key, e) < 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return err_set(e, ERR_INPUT, "zookeeper.tls.certificate: %s: %s", certificate,
			       openssl_error());
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return err_set(e, ERR_INPUT, "zookeeper.tls.key: %s: %s", key, openssl_error());
	return 0;
}

/* A key with a passphrase is refused: nobody could type it. */
static int no_passphrase(char *buf UNUSED, int size UNUSED, int writing UNUSED, void *ctx UNUSED)
{
	return -1;
}

static SSL_CTX *load(const struct relay_tls *t, struct err *e)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		die("OpenSSL: %s", openssl_error());
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (SSL_CTX_load_verify_file(context, t->files[0]) != 1)
		err_set(e, ERR_INPUT, "zookeeper.tls.ca: %s: %s", t->files[0], openssl_error());
	else if (load_own(context, t->files[1], t->files[2], e) == 0)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* Has a file another content than when it was last read? */
static bool look(struct relay_tls *t)
{
	bool changed = false;

	for (size_t i = 0; i < FILES; i++) {
		struct stat now = { 0 }, *seen = &t->seen[i];

		if (*t->files[i] && stat(t->files[i], &now) < 0)
			now = (struct stat){ 0 };
		if (now.st_ino != seen->st_ino || now.st_dev != seen->st_dev ||
		    now.st_size != seen->st_size || now.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec)
			changed = true;
		*seen = now;
	}
	return changed;
}

int relay_tls_new(const struct tls_settings *s, struct relay_tls **out, struct err *e)
{
	CLEANUP(relay_tls_freep) struct relay_tls *t = NULL;

	*out = NULL;
	if (!s->ca || !*s->ca)
		return 0;
	t = xcalloc(1, sizeof(*t));
	t->files[0] = xstrdup(s->ca);
	t->files[1] = xstrdup(s->certificate);
	t->files[2] = xstrdup(s->key);
	t->server_name = xstrdup(s->server_name);
	t->verify_name = s->verify == TLS_VERIFY_FULL;
	look(t);
	t->context = load(t, e);
	if (!t->context)
		return -1;
	*out = TAKE(t);
	return 0;
}

void relay_tls_free(struct relay_tls *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < FILES; i++)
		free(t->files[i]);
	free(t->server_name);
	SSL_CTX_free(t->context);
	free(t);
}

/* --- connections ------------------------------------------------------------------------------ */

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static const char *expected_name(const struct relay_tls *t, const char *host)
{
	return *t->server_name ? t->server_name : host;
}

static void expect(const struct relay_tls *t, SSL *ssl, const char *host)
{
	const char *name = expected_name(t, host);

	if (!is_address(name))
		SSL_set_tlsext_host_name(ssl, name);
	if (!t->verify_name)
		return;
	if (is_address(name))
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	else
		SSL_set1_host(ssl, name);
}

SSL *relay_tls_connection(struct relay_tls *t, const char *host, char **stale)
{
	struct err e;
	SSL *ssl;

	*stale = NULL;
	if (look(t)) {
		SSL_CTX *context = load(t, &e);

		if (context) {
			SSL_CTX_free(t->context);
			t->context = context;
		} else {
			*stale = xstrdup(e.text);
		}
	}
	ssl = SSL_new(t->context);
	if (!ssl)
		die("OpenSSL: %s", openssl_error());
	expect(t, ssl, host);
	return ssl;
}

static char *certificate_error(const struct relay_tls *t, SSL *ssl, long result, const char *host)
{
	switch (result) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return xasprintf("has a certificate that is not for %s", expected_name(t, host));
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return xstrdup("has a certificate that has expired");
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return xstrdup("has a certificate that is not valid yet (is this host's clock "
			       "right?)");
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return xasprintf("has a certificate of an authority that is not in %s",
				 t->files[0]);
	default:
		(void)ssl;
		return xasprintf("has a certificate that is not valid: %s",
				 X509_verify_cert_error_string(result));
	}
}

/* An alert of the server: with TLS 1.3 a client learns after its handshake that it was refused. */
bool relay_tls_was_refused(void)
{
	unsigned long code = ERR_peek_error();

	return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
}

char *relay_tls_error(const struct relay_tls *t, SSL *ssl, const char *host)
{
	unsigned long code = ERR_peek_error();
	long result = SSL_get_verify_result(ssl);
	char *text;

	if (result != X509_V_OK)
		text = certificate_error(t, ssl, result, host);
	else if (code == 0 || ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ||
		 ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		text = xstrdup("does not speak TLS on this port, or closed the connection (is it "
			       "the port for plain text?)");
	else if (!*t->files[1] && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET)
		text = xasprintf("refused the connection: %s (does it want a client certificate, "
				 "zookeeper.tls.certificate?)",
				 ERR_reason_error_string(code) ?: "unknown alert");
	else
		text = xasprintf("failed in the TLS handshake: %s",
				 ERR_reason_error_string(code) ?: "unknown error");
	ERR_clear_error();
	return text;
}
