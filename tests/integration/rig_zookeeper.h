/*
 * A real, standalone ZooKeeper server on loopback, and a small synchronous client
 * that writes znodes from the test process.
 *
 * The server's ticks are one second, so sessions last two seconds at least. It
 * keeps its data over kill and restart. Every call fails the test when it does
 * not succeed, unless its comment says otherwise.
 */
#ifndef ZKNGINX_TESTS_RIG_ZOOKEEPER_H
#define ZKNGINX_TESTS_RIG_ZOOKEEPER_H

#include "rig.h"

struct rig_zookeeper;

struct rig_zookeeper_options {
	const char *heap;       /* "-Xmx256m" where NULL */
	const char *const *jvm; /* more arguments of java, NULL-terminated; may be NULL */
	const char *settings;   /* more lines of the server's configuration; may be NULL */
	int port;               /* 0: a free one */
	int id;                 /* of an ensemble's server; the settings name all. It is not waited
				   for: alone it does not serve */
	const char *class_path; /* more jars, "a.jar:b.jar"; may be NULL */
};

/* Starts a server and waits until it serves. options may be NULL. */
struct rig_zookeeper *rig_zookeeper_start(const struct rig_zookeeper_options *options);
/* Waits until it serves: each server of an ensemble, after the last has started. */
void rig_zookeeper_await(const struct rig_zookeeper *z);
/* SIGKILL; the data stays. Does nothing when the server is down already. */
void rig_zookeeper_kill(struct rig_zookeeper *z);
/* After kill: same port, same data; waits until it serves. */
void rig_zookeeper_restart(struct rig_zookeeper *z);
/* Between kill and restart: it comes back with no data at all. */
void rig_zookeeper_wipe(struct rig_zookeeper *z);
/* A copy of its data, as of now, under this name. */
void rig_zookeeper_copy(struct rig_zookeeper *z, const char *name);
/* Kills it; it comes back with the data of that copy. Does not restart it. */
void rig_zookeeper_restore(struct rig_zookeeper *z, const char *name);
/* SIGSTOP and SIGCONT. */
void rig_zookeeper_pause(struct rig_zookeeper *z);
void rig_zookeeper_resume(struct rig_zookeeper *z);
/* Kills the server and frees z. */
void rig_zookeeper_stop(struct rig_zookeeper *z);
int rig_zookeeper_port(const struct rig_zookeeper *z);
pid_t rig_zookeeper_pid(const struct rig_zookeeper *z);
/* "127.0.0.1:PORT", for zookeeper.hosts. */
const char *rig_zookeeper_hosts(const struct rig_zookeeper *z);
/* The answer to a four-letter word ("wchs", "cons", …), valid until the next call; "" when none. */
const char *rig_zookeeper_ask(const struct rig_zookeeper *z, const char *word);

/* Has the server a connection of this session? When not, it has read all that came on it. */
bool rig_zookeeper_serves(const struct rig_zookeeper *z, int64_t session);

/* A client connection with a session of its own. */
struct rig_zk;

/* Waits until connected. hosts may end in a chroot. */
struct rig_zk *rig_zk_connect(const char *hosts);
/* Ends the session: its ephemerals vanish at once. */
void rig_zk_close(struct rig_zk *c);
int64_t rig_zk_session(const struct rig_zk *c);
/* As an attacker does without credentials: take over the session of another client, whose number is
 * all that has to be known, and close it. */
void rig_zk_steal(const char *hosts, uint64_t session);
/* "digest", "user:password" */
void rig_zk_auth(struct rig_zk *c, const char *scheme, const char *credentials);

/* Missing parents are created, empty and persistent. data may be NULL. */
void rig_zk_create(struct rig_zk *c, const char *path, const char *data);
void rig_zk_create_ephemeral(struct rig_zk *c, const char *path, const char *data);
struct rig_zk_new {
	const char *path, *data;
	bool ephemeral;
};
/* All of them, whose parents are there or stand before them, in large transactions. */
void rig_zk_create_many(struct rig_zk *c, const struct rig_zk_new *list, size_t count);
/* Creates the znode when it is missing. */
void rig_zk_set(struct rig_zk *c, const char *path, const char *data);
void rig_zk_set_bytes(struct rig_zk *c, const char *path, const char *data, size_t size);
/* Both znodes, which exist, in one transaction. */
void rig_zk_set_both(struct rig_zk *c, const char *path, const char *other, const char *data);
/* A znode and one below it, empty, in one transaction. */
void rig_zk_create_both(struct rig_zk *c, const char *parent, const char *child);
void rig_zk_delete(struct rig_zk *c, const char *path);
/* The znode and everything below it; a missing znode is no error. */
void rig_zk_delete_all(struct rig_zk *c, const char *path);
/* The same of a few znodes in one transaction: nobody sees a part. */
void rig_zk_delete_at_once(struct rig_zk *c, const char *path);
/* The data as a string, valid until c is closed; NULL when there is no such znode. */
char *rig_zk_get(struct rig_zk *c, const char *path);
/* … and the version that it has. */
char *rig_zk_get_version(struct rig_zk *c, const char *path, int *version);
bool rig_zk_exists(struct rig_zk *c, const char *path);
/* Does its ACL let this client read it? */
bool rig_zk_may_read(struct rig_zk *c, const char *path);
/* Is there such a znode, with exactly this data? */
bool rig_zk_is(struct rig_zk *c, const char *path, const char *data);
/* Session that owns the ephemeral; 0 when there is none or it is persistent. */
int64_t rig_zk_owner(struct rig_zk *c, const char *path);
/* The names below path, sorted, NULL-terminated, valid until c is closed. */
char **rig_zk_children(struct rig_zk *c, const char *path);
/* Only the authenticated creator may do anything (true), or everybody everything (false). */
void rig_zk_restrict(struct rig_zk *c, const char *path, bool restricted);
/* Its ACL as text, "digest:user:HASH=cdrwa world:anyone=r"; "" when it cannot be read. Valid for a
 * few calls. */
const char *rig_zk_acl(struct rig_zk *c, const char *path);
/* Gives it the ACL {this identity: all rights} and {the session's own: all rights}. */
void rig_zk_share(struct rig_zk *c, const char *path, const char *scheme, const char *id);
/* The results of attempts that may be refused: 0, or ZooKeeper's error. */
int rig_zk_try_set(struct rig_zk *c, const char *path, const char *data);
int rig_zk_try_create(struct rig_zk *c, const char *path, const char *data);
int rig_zk_try_delete(struct rig_zk *c, const char *path);
/* Everybody may read, only the authenticated creator may write. */
void rig_zk_protect(struct rig_zk *c, const char *path);

/*
 * Pipelined writes, for many writes at once: each returns at once (it waits while very many are
 * unanswered). Their results are not checked one by one: rig_zk_drain() waits for the last and
 * returns the number of failures.
 */
void rig_zk_send_create(struct rig_zk *c, const char *path, const char *data);
void rig_zk_send_create_ephemeral(struct rig_zk *c, const char *path, const char *data);
void rig_zk_send_set(struct rig_zk *c, const char *path, const char *data);
void rig_zk_send_delete(struct rig_zk *c, const char *path);
unsigned rig_zk_drain(struct rig_zk *c);

#endif
