/*
 * A session: one ZooKeeper handle, which reaches the servers through a relay (relay.h). All threads
 * of the daemon are here.
 *
 * libzookeeper_mt runs two threads a handle. Their callbacks copy the reply into
 * a queue and write an eventfd, nothing more; everything declared here is called
 * on the loop thread and calls back on the loop thread. Every request is answered
 * exactly once, also when the handle dies first (the library may forget it then;
 * SESSION_GONE). At most SESSION_WINDOW requests are in flight, the rest wait here.
 *
 * A session is connected once a server has granted it something sane and has answered a
 * first request in it. When it expires, cannot authenticate, or nothing healthy answers, the
 * handle is closed (off the loop) and a new one is opened, with a jittered, growing pause of
 * three seconds at most; epoch counts the handles. Host names are resolved off the loop, for the
 * relay; the library sees one address, that of the relay.
 */
#ifndef ZKNGINX_ZK_SESSION_H
#define ZKNGINX_ZK_SESSION_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>
#include <zknginx/numbers.h>
#include <zknginx/settings.h>

#include "core/fleet/rights.h"

#define SESSION_WINDOW 1000
/*
 * Two results say nothing of the request, only of the connection; a write may have been done or
 * not. ZCONNECTIONLOSS: the link was lost (or was too slow), the session still exists.
 * SESSION_GONE: the session is over. A request that was never sent gets it as well, and its owner
 * decides whether to ask the next session.
 */
#define SESSION_GONE (-1000)
/* The results that files outside of src/zk distinguish; the values are those of zookeeper.h. */
#define SESSION_OK 0
#define SESSION_NO_NODE (-101)
#define SESSION_NO_AUTH (-102)
#define SESSION_BAD_VERSION (-103)
#define SESSION_NODE_EXISTS (-110)
#define SESSION_NOT_EMPTY (-111)

enum session_state {
	/* no server, not authenticated, or no first answer yet; leadership is suspended */
	SESSION_CONNECTING,
	SESSION_CONNECTED, /* requests flow */
	/* a session that was connected is over; a new handle follows by itself */
	SESSION_EXPIRED,
};
const char *session_state_name(enum session_state s);
/* A result of a request in words. */
const char *session_result(int rc);
/* Does the result say nothing of the request, only of the connection? */
bool session_result_is_lost(int rc);

struct session;

struct session_ops {
	/* Every change; a CONNECTED may follow a CONNECTED (the link was replaced). */
	void (*on_state)(void *ctx, enum session_state state);
	/* A watch of this session fired; type as in zookeeper.h (ZOO_CHANGED_EVENT, …). May be
	 * NULL. */
	void (*on_watch)(void *ctx, int type, const char *path);
	/* No reply or event is queued, and nothing is in flight. May be NULL. */
	void (*on_idle)(void *ctx);
	/* session_slow() or session_distrust() says something else. May be NULL. */
	void (*on_link)(void *ctx);
};

/* `name` is for log lines ("control", "mirror", "leader"). Connects by itself. Settings are copied.
 */
int session_new(sd_event *loop, const char *name, const struct zookeeper_settings *settings,
		const struct session_ops *ops, void *ctx, struct session **out, struct err *e);
/*
 * Closes the handle, which ends its ephemerals; waits at most `patience` for that. Open requests
 * are answered with SESSION_GONE, nothing else is called back; what is requested meanwhile is
 * dropped. Not from within a callback of this session.
 */
void session_free(struct session *s, uint64_t patience);

enum session_state session_state(const struct session *s);
int64_t session_id(const struct session *s);         /* 0 while there is none */
const char *session_server(const struct session *s); /* "127.0.0.1:2181", "" while there is none */
uint64_t session_since(const struct session *s);     /* when `state` began, CLOCK_MONOTONIC */
unsigned long session_reconnects(const struct session *s);
unsigned long session_expirations(const struct session *s); /* ends of connected sessions */
/* How long the answered syncs took; lives as long as the session. */
const struct histogram *session_beats(const struct session *s);
/* Bytes from and to ZooKeeper, of all sessions of this process. */
void session_traffic(unsigned long *received, unsigned long *sent);
unsigned long session_requests(const struct session *s); /* of the callers, sent so far */
/*
 * When the last sync that was answered was sent (CLOCK_MONOTONIC; 0: none yet): the leader of the
 * ensemble heard from us then or later. Answers of a single server do not count. While connected it
 * is never older than a third of the timeout. Leadership must end 2/3 of session_timeout() after
 * it.
 */
uint64_t session_last_reply(const struct session *s);
uint64_t session_timeout(const struct session *s); /* as negotiated; microseconds */
/* When a session was last ended before its timeout: another client closed it, or the server did not
 * know it (CLOCK_MONOTONIC; 0: never). */
uint64_t session_cut_short(const struct session *s);
/* The server that was last refused because of what it sent, and why, "127.0.0.1:2181 sent …" ("":
 * none so far), and when. */
const char *session_distrust(const struct session *s, uint64_t *when);
/* The last server, and why the session that it granted could not be used, "127.0.0.1:2181 granted a
 * session and then closed the connection"; "" once a session could be used. */
const char *session_unanswered(const struct session *s);
/* A large answer that arrives slowly: how much of it is here, said every two seconds; "" when there
 * is none. */
const char *session_slow(const struct session *s);
unsigned session_epoch(const struct session *s);
/* Close this handle and open another, soon (a mirror past its watch limit does so). */
void session_renew(struct session *s);

/* What a server says of a znode (struct Stat of zookeeper.h). */
struct session_stat {
	int64_t czxid, mzxid, pzxid, owner;
	int64_t mtime; /* when the data was written, by the server's clock; ms since 1970 */
	int64_t ctime; /* … and when the znode was created */
	int32_t version, cversion, child_count;
};

struct session_reply {
	int rc; /* ZOK, ZNONODE, …, or SESSION_GONE */
	const char *path;
	const char *data; /* get: size bytes; NULL for a znode without data */
	size_t size;
	const struct session_stat *stat; /* get, exists, children, set, get_acl; NULL unless rc is
					    ZOK */
	const char *const *children;     /* children: child_count names */
	size_t child_count;
	const char *created; /* create: the path as created */
	const int *op_rcs;   /* multi: a result an operation */
	size_t op_count;
	const struct acl_entry *acl; /* get_acl: acl_count entries */
	size_t acl_count;
};
typedef void session_done(void *ctx, const struct session_reply *r);

/*
 * Each queues a request; `done` is called exactly once, later, never from within the call. A path
 * that is no znode's path, and more than SESSION_REQUEST_LIMIT, are ZBADARGUMENTS. `done` may be
 * NULL.
 */
void session_get(struct session *s, const char *path, bool watch, session_done *done, void *ctx);
void session_children(struct session *s, const char *path, bool watch, session_done *done,
		      void *ctx);
void session_exists(struct session *s, const char *path, bool watch, session_done *done, void *ctx);
void session_get_acl(struct session *s, const char *path, session_done *done, void *ctx);
/* The server catches up with the leader of the ensemble: what is read after the answer is what the
 * ensemble had when this was asked, or newer. */
void session_sync(struct session *s, session_done *done, void *ctx);
/* Gives a znode the ACL that it would be created with. */
void session_set_acl(struct session *s, const char *path, session_done *done, void *ctx);
/* flags as zoo_create's: ZOO_EPHEMERAL (below for callers outside of src/zk), ZOO_SEQUENCE. Data is
 * copied. The ACL is open without credentials. With them, the creator and the daemons of the
 * settings have all rights, and others have those of core/fleet/rights.h; these flags open it in
 * spite of credentials: */
#define SESSION_EPHEMERAL (1 << 0)
#define SESSION_READABLE (1 << 16) /* every client may read the znode */
#define SESSION_OPEN (1 << 17)     /* every client may do anything with it */
void session_create(struct session *s, const char *path, const char *data, size_t size, int flags,
		    session_done *done, void *ctx);
void session_set(struct session *s, const char *path, const char *data, size_t size, int version,
		 session_done *done, void *ctx);
void session_delete(struct session *s, const char *path, int version, session_done *done,
		    void *ctx);

/* One operation of a transaction. */
struct session_op {
	enum { OP_CREATE, OP_SET, OP_DELETE, OP_CHECK } kind;
	const char *path, *data;
	size_t size;
	int flags, version;
};
void session_multi(struct session *s, const struct session_op *ops, size_t count,
		   session_done *done, void *ctx);

/* Does it have credentials, so that what it creates is not open? */
bool session_is_restricted(const struct session *s);
/* What is created at or below root from now on has these entries, too; copied. World's, and those
 * whose identity the server masks, are left out. */
void session_grant(struct session *s, const char *root, const struct acl_entry *acl, size_t count);

/* Bytes of data and paths that fit into one request of a default server (jute.maxbuffer). */
#define SESSION_REQUEST_LIMIT 1000000

#endif
