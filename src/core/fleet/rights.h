/*
 * Rights: who may do what with each znode of ours, and what an ACL gives to every client.
 *
 * There are three kinds of clients: daemons (they write the cluster, and the config for a
 * rollback), operators (they write the config, and ask through the cluster), and the world
 * (everybody that reaches ZooKeeper). The table of rights.c is what znodes are created with, what
 * the daemon repairs, and what zknginx-znodes(5) documents.
 */
#ifndef ZKNGINX_CORE_RIGHTS_H
#define ZKNGINX_CORE_RIGHTS_H

#include <stdbool.h>
#include <zknginx/buf.h>

/* As in ZooKeeper's ACLs. CREATE and DELETE are about children. */
#define RIGHT_READ (1 << 0)
#define RIGHT_WRITE (1 << 1)
#define RIGHT_CREATE (1 << 2)
#define RIGHT_DELETE (1 << 3)
#define RIGHT_ADMIN (1 << 4)
#define RIGHT_ALL 31

/* One entry of an ACL: what a client with this identity may do. */
struct acl_entry {
	const char *scheme, *id; /* "world", "anyone" */
	int permissions;
};

struct rights {
	int operators, world;
	bool ours; /* only daemons create it and repair its ACL */
};

/* Of a znode in one of the two trees, or elsewhere (nobody but the creator has rights). */
struct rights rights_of(const char *path, const char *config, const char *cluster);

/* What the ACL gives to every client beyond reading: bits, 0 = nothing. */
int rights_open_to_world(const struct acl_entry *acl, size_t count);

/* "cdrwa", "rc", "-" */
void rights_print(int rights, struct buf *out);

/* A znode that every client may change, and what they may do. */
struct open_znode {
	const char *path;
	int rights;
};
/* "/nginx/config (cdrwa) and 3 other znodes"; nothing where there is none. */
void open_znodes_print(const struct open_znode *list, size_t count, struct buf *out);

/* "digest:operator:HASH", "x509:CN=web1" of the settings. False: it has not this form, or is no
 * identity (world, auth). *scheme is of `size` bytes. */
bool rights_split_identity(const char *text, size_t *size, const char **id);

#endif
