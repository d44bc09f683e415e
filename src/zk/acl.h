/* The ACLs of what a session creates: of the settings, of the table of rights, and of grants. */
#ifndef ZKNGINX_ZK_ACL_H
#define ZKNGINX_ZK_ACL_H

#include <zknginx/settings.h>

#include "core/fleet/rights.h"

struct ACL_vector;

struct acl_book {
	bool restricted; /* with credentials; else everything is open */
	char *config, *cluster;
	struct acl_grant *grants;
	size_t count;
};

void acl_book_init(struct acl_book *b, const struct zookeeper_settings *s);
void acl_book_fini(struct acl_book *b);
/* See session_grant(). */
void acl_book_grant(struct acl_book *b, const char *root, const struct acl_entry *acl,
		    size_t count);

/* For a znode with these flags of session_create(); NULL: it is open. The caller frees. */
struct ACL_vector *acl_book_make(const struct acl_book *b, const char *path, int flags);
void acl_free(struct ACL_vector *acl);

#endif
