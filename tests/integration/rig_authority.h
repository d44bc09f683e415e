/*
 * Certificates for the tests, made with openssl(1): an authority, and what it signs. Files are PEM
 * below rig_directory(): NAME.crt, NAME.key, and NAME.p12 (password "changeit") for Java.
 */
#ifndef ZKNGINX_TESTS_RIG_AUTHORITY_H
#define ZKNGINX_TESTS_RIG_AUTHORITY_H

#include "rig.h"

/* An authority of this name. */
void rig_authority(const char *name);
/* A certificate for these names ("DNS:localhost,IP:127.0.0.1"; the first is its subject), signed by
 * the authority; days < 0: it has expired. Replaces the files of an earlier one. */
void rig_authority_sign(const char *name, const char *authority, const char *names, int days);
/* NAME.p12 with only the certificate, as a trust store; for an authority. */
void rig_trust_store(const char *authority);
/* Run openssl with these words; fails the test when it fails. */
void rig_openssl(const char *command_line, ...) PRINTF(1, 2);

#endif
