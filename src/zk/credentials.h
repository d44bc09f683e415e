/* The secret of zookeeper.auth_file: one line, "digest user:password". */
#ifndef ZKNGINX_ZK_CREDENTIALS_H
#define ZKNGINX_ZK_CREDENTIALS_H

#include <zknginx/err.h>

struct credentials {
	char *scheme, *secret;
};

/* ERR_INPUT unless the file belongs to us or root and only its owner may read it. */
int credentials_read(const char *path, struct credentials *out, struct err *e);
/* Overwrites the secret. */
void credentials_fini(struct credentials *c);

#endif
