/* The secret of zookeeper.auth_file: one line, "digest user:password". */
#ifndef ZKNGINX_ZK_CREDENTIALS_H
#define ZKNGINX_ZK_CREDENTIALS_H

#include <zknginx/err.h>

struct credentials {
	char *scheme, *secret;
};

/* Refused unless the file is ours or root's and readable by its owner alone. */
int credentials_read(const char *path, struct credentials *out, struct err *e);
/* Wipes. */
void credentials_fini(struct credentials *c);

#endif
