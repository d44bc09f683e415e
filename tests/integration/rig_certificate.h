/* Certificates for the tests, made with OpenSSL, with any time of expiry. */
#ifndef ZKNGINX_TESTS_RIG_CERTIFICATE_H
#define ZKNGINX_TESTS_RIG_CERTIFICATE_H

/* A new key, and a self-signed certificate of it for this host name, which expires after so many
 * days from now (negative: before now). */
void rig_certificate(const char *certificate, const char *key, const char *name, int days);

#endif
