/*
 * The test process's own ZooKeeper client, on the library's synchronous calls. Each call is
 * repeated while there is no connection, so a test may kill the server and continue to write. What
 * calls return is in the connection's arena.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/arena.h>
#include <zknginx/err.h>

#include "core/fleet/rights.h"
#include "rig_zookeeper.h"

/* Known defects of the library: it leaks requests when it is closed, and formats a server's name
 * into one buffer for all threads. The runtime of the sanitizers calls these functions. */
#define EXPORT __attribute__((visibility("default")))
EXPORT const char *__lsan_default_suppressions(void);
EXPORT const char *__tsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libzookeeper_mt\n";
}

const char *__tsan_default_suppressions(void)
{
	return "race_top:vsprintf\nrace_top:__sprintf_chk\n";
}

#define SESSION_TIMEOUT_MS 20000
#define DATA_ROOM ((size_t)4 << 20)
#define IN_FLIGHT 1000

struct rig_zk {
	zhandle_t *handle;
	struct arena *arena;
	char *data; /* DATA_ROOM bytes */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	unsigned in_flight, failed; /* of the pipelined writes; under lock */
};

static void on_event(zhandle_t *handle UNUSED, int type UNUSED, int state UNUSED,
		     const char *path UNUSED, void *ctx UNUSED)
{
}

static void on_log(const char *message UNUSED)
{
}

static zhandle_t *open_handle(const char *hosts, const clientid_t *id)
{
	sigset_t all, old;
	zhandle_t *handle;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	handle = zookeeper_init2(hosts, on_event, SESSION_TIMEOUT_MS, id, NULL,
				 ZOO_NO_LOG_CLIENTENV, on_log);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!handle)
		die("zookeeper_init2(%s): %m", hosts);
	zoo_set_servers_resolution_delay(handle, -1);
	return handle;
}

struct rig_zk *rig_zk_connect(const char *hosts)
{
	struct rig_zk *c = xcalloc(1, sizeof(*c));

	c->arena = arena_new();
	c->data = xmalloc(DATA_ROOM);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->answered, NULL);
	c->handle = open_handle(hosts, NULL);
	eventually(NULL, zoo_state(c->handle) == ZOO_CONNECTED_STATE);
	return c;
}

void rig_zk_close(struct rig_zk *c)
{
	if (!c)
		return;
	zookeeper_close(c->handle);
	pthread_cond_destroy(&c->answered);
	pthread_mutex_destroy(&c->lock);
	arena_free(c->arena);
	free(c->data);
	free(c);
}

int64_t rig_zk_session(const struct rig_zk *c)
{
	return zoo_client_id(c->handle)->client_id;
}

/* java.util.Random, which makes the passwords of ZooKeeper's sessions. */
static void random_bytes(uint64_t seed, char *out, size_t size)
{
	uint64_t state = (seed ^ 0x5deece66d) & ((1ULL << 48) - 1);
	uint32_t word = 0;

	for (size_t i = 0; i < size; i++) {
		if (i % 4 == 0) {
			state = (state * 0x5deece66d + 0xb) & ((1ULL << 48) - 1);
			word = (uint32_t)(state >> 16);
		}
		out[i] = (char)word;
		word >>= 8;
	}
}

void rig_zk_steal(const char *hosts, uint64_t session)
{
	clientid_t id = { .client_id = (int64_t)session };
	zhandle_t *handle;

	random_bytes(session ^ 0xb3415c00, id.passwd, sizeof(id.passwd));
	handle = open_handle(hosts, &id);
	eventually(NULL, zoo_state(handle) == ZOO_CONNECTED_STATE);
	assert_int_equal(zoo_client_id(handle)->client_id, (int64_t)session);
	zookeeper_close(handle);
}

static bool is_passing(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT;
}

/* Repeats a call while there is no connection. */
#define persist(call)                                                                              \
	({                                                                                         \
		uint64_t give_up_ = rig_now() + RIG_PATIENCE;                                      \
		int rc_;                                                                           \
		while (is_passing(rc_ = (call)) && rig_now() < give_up_)                           \
			rig_pause(NULL);                                                           \
		rc_;                                                                               \
	})

static void check(int rc, const char *what, const char *path)
{
	if (rc != ZOK)
		fail_msg("%s %s: %s", what, path, zerror(rc));
}

struct auth_wait {
	pthread_mutex_t lock;
	bool done;
	int rc;
};

static void on_auth(int rc, const void *ctx)
{
	struct auth_wait *w = (struct auth_wait *)(uintptr_t)ctx;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->rc = rc;
	pthread_mutex_unlock(&w->lock);
}

static bool is_done(struct auth_wait *w)
{
	bool done;

	pthread_mutex_lock(&w->lock);
	done = w->done;
	pthread_mutex_unlock(&w->lock);
	return done;
}

void rig_zk_auth(struct rig_zk *c, const char *scheme, const char *credentials)
{
	struct auth_wait w = { .lock = PTHREAD_MUTEX_INITIALIZER };

	check(zoo_add_auth(c->handle, scheme, credentials, (int)strlen(credentials), on_auth, &w),
	      "auth", scheme);
	eventually(NULL, is_done(&w));
	check(w.rc, "auth", scheme);
}

/* The answer to an attempt may have been lost: then the next one finds it done. */
static int put(struct rig_zk *c, const char *path, const char *data, int size, int flags)
{
	unsigned attempts = 0;
	int rc = persist((attempts++, zoo_create(c->handle, path, data, size, &ZOO_OPEN_ACL_UNSAFE,
						 flags, NULL, 0)));

	return rc == ZNODEEXISTS && attempts > 1 ? ZOK : rc;
}

static int take_away(struct rig_zk *c, const char *path)
{
	unsigned attempts = 0;
	int rc = persist((attempts++, zoo_delete(c->handle, path, -1)));

	return rc == ZNONODE && attempts > 1 ? ZOK : rc;
}

static int size_of(const char *data)
{
	return data ? (int)strlen(data) : -1;
}

static void create_parents(struct rig_zk *c, const char *path)
{
	char *copy = arena_strdup(c->arena, path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = '\0';
		rc = put(c, copy, NULL, -1, 0);
		if (rc != ZNODEEXISTS)
			check(rc, "create", copy);
		*slash = '/';
	}
}

static void create(struct rig_zk *c, const char *path, const char *data, int size, int flags)
{
	int rc = put(c, path, data, size, flags);

	if (rc == ZNONODE) {
		create_parents(c, path);
		rc = put(c, path, data, size, flags);
	}
	check(rc, "create", path);
}

void rig_zk_create(struct rig_zk *c, const char *path, const char *data)
{
	create(c, path, data, size_of(data), 0);
}

void rig_zk_create_ephemeral(struct rig_zk *c, const char *path, const char *data)
{
	create(c, path, data, size_of(data), ZOO_EPHEMERAL);
}

#define MANY 200

void rig_zk_create_many(struct rig_zk *c, const struct rig_zk_new *list, size_t count)
{
	static zoo_op_result_t results[MANY];
	static zoo_op_t ops[MANY];

	for (size_t done = 0; done < count;) {
		int n = 0;

		for (; n < MANY && done < count; n++, done++)
			zoo_create_op_init(&ops[n], list[done].path, list[done].data,
					   size_of(list[done].data), &ZOO_OPEN_ACL_UNSAFE,
					   list[done].ephemeral ? ZOO_EPHEMERAL : 0, NULL, 0);
		check(persist(zoo_multi(c->handle, n, ops, results)), "create",
		      list[done - 1].path);
	}
}

void rig_zk_set(struct rig_zk *c, const char *path, const char *data)
{
	rig_zk_set_bytes(c, path, data, strlen(data));
}

void rig_zk_set_bytes(struct rig_zk *c, const char *path, const char *data, size_t size)
{
	int rc = persist(zoo_set(c->handle, path, data, (int)size, -1));

	/* with its data: nobody sees it without, or may delete it before it has them */
	if (rc == ZNONODE)
		create(c, path, data, (int)size, 0);
	else
		check(rc, "set", path);
}

void rig_zk_set_both(struct rig_zk *c, const char *path, const char *other, const char *data)
{
	int size = (int)strlen(data);
	zoo_op_result_t results[2];
	struct Stat stats[2];
	zoo_op_t ops[2];

	zoo_set_op_init(&ops[0], path, data, size, -1, &stats[0]);
	zoo_set_op_init(&ops[1], other, data, size, -1, &stats[1]);
	check(persist(zoo_multi(c->handle, 2, ops, results)), "set both", path);
}

void rig_zk_create_both(struct rig_zk *c, const char *parent, const char *child)
{
	const struct ACL_vector *open = &ZOO_OPEN_ACL_UNSAFE;
	zoo_op_result_t results[2];
	zoo_op_t ops[2];

	zoo_create_op_init(&ops[0], parent, "", 0, open, 0, NULL, 0);
	zoo_create_op_init(&ops[1], child, "", 0, open, 0, NULL, 0);
	check(persist(zoo_multi(c->handle, 2, ops, results)), "create both", child);
}

void rig_zk_delete(struct rig_zk *c, const char *path)
{
	check(take_away(c, path), "delete", path);
}

static void delete_below(struct rig_zk *c, const char *path)
{
	char **names = rig_zk_children(c, path);

	for (size_t i = 0; names[i]; i++)
		rig_zk_delete_all(c, arena_printf(c->arena, "%s/%s", path, names[i]));
}

/* Others may write meanwhile: a write in progress creates a znode that was not listed. */
void rig_zk_delete_all(struct rig_zk *c, const char *path)
{
	int rc;

	do {
		delete_below(c, path);
		rc = take_away(c, path);
	} while (rc == ZNOTEMPTY);
	if (rc != ZNONODE)
		check(rc, "delete", path);
}

static void delete_ops(struct rig_zk *c, const char *path, zoo_op_t *ops, size_t *count,
		       size_t room)
{
	char **names = rig_zk_children(c, path);

	for (size_t i = 0; names[i]; i++)
		delete_ops(c, arena_printf(c->arena, "%s/%s", path, names[i]), ops, count, room);
	assert_true(*count < room);
	zoo_delete_op_init(&ops[(*count)++], path, -1);
}

void rig_zk_delete_at_once(struct rig_zk *c, const char *path)
{
	zoo_op_t ops[64];
	zoo_op_result_t results[ARRAY_SIZE(ops)];
	size_t count = 0;

	delete_ops(c, path, ops, &count, ARRAY_SIZE(ops));
	check(persist(zoo_multi(c->handle, (int)count, ops, results)), "delete at once", path);
}

char *rig_zk_get(struct rig_zk *c, const char *path)
{
	int version;

	return rig_zk_get_version(c, path, &version);
}

char *rig_zk_get_version(struct rig_zk *c, const char *path, int *version)
{
	struct Stat stat;
	int size, rc;

	rc = persist((size = (int)DATA_ROOM, zoo_get(c->handle, path, 0, c->data, &size, &stat)));
	if (rc == ZNONODE)
		return NULL;
	check(rc, "get", path);
	*version = stat.version;
	return arena_copy(c->arena, c->data, size > 0 ? (size_t)size : 0);
}

static bool look(struct rig_zk *c, const char *path, struct Stat *stat)
{
	int rc = persist(zoo_exists(c->handle, path, 0, stat));

	if (rc != ZNONODE)
		check(rc, "exists", path);
	return rc == ZOK;
}

bool rig_zk_is(struct rig_zk *c, const char *path, const char *data)
{
	const char *found = rig_zk_get(c, path);

	return found && strcmp(found, data) == 0;
}

bool rig_zk_may_read(struct rig_zk *c, const char *path)
{
	char byte;
	int size;

	return persist((size = 1, zoo_get(c->handle, path, 0, &byte, &size, NULL))) != ZNOAUTH;
}

bool rig_zk_exists(struct rig_zk *c, const char *path)
{
	struct Stat stat;

	return look(c, path, &stat);
}

int64_t rig_zk_owner(struct rig_zk *c, const char *path)
{
	struct Stat stat;

	return look(c, path, &stat) ? stat.ephemeralOwner : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **rig_zk_children(struct rig_zk *c, const char *path)
{
	struct String_vector found = { 0 };
	int rc = persist(zoo_get_children(c->handle, path, 0, &found));
	char **names;

	if (rc != ZNONODE)
		check(rc, "children", path);
	names = arena_array(c->arena, char *, (size_t)found.count + 1);
	for (int i = 0; i < found.count; i++)
		names[i] = arena_strdup(c->arena, found.data[i]);
	qsort(names, (size_t)found.count, sizeof(*names), by_name);
	deallocate_String_vector(&found);
	return names;
}

void rig_zk_restrict(struct rig_zk *c, const char *path, bool restricted)
{
	const struct ACL_vector *acl = restricted ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE;

	check(persist(zoo_set_acl(c->handle, path, -1, acl)), "setacl", path);
}

void rig_zk_protect(struct rig_zk *c, const char *path)
{
	struct ACL list[] = { { ZOO_PERM_READ, ZOO_ANYONE_ID_UNSAFE },
			      { ZOO_PERM_ALL, ZOO_AUTH_IDS } };
	const struct ACL_vector acl = { ARRAY_SIZE(list), list };

	check(persist(zoo_set_acl(c->handle, path, -1, &acl)), "setacl", path);
}

const char *rig_zk_acl(struct rig_zk *c, const char *path)
{
	static char texts[4][1024];
	static unsigned turn;
	char *out = texts[turn++ % 4];
	struct ACL_vector acl = { 0 };
	struct Stat stat;
	size_t used = 0;

	out[0] = '\0';
	if (persist(zoo_get_acl(c->handle, path, &acl, &stat)) != ZOK)
		return out;
	for (int i = 0; i < acl.count; i++) {
		CLEANUP(buf_fini) struct buf rights = BUF_INIT;

		rights_print(acl.data[i].perms, &rights);
		used += (size_t)snprintf(out + used, sizeof(texts[0]) - used, "%s%s:%s=%s",
					 i ? " " : "", acl.data[i].id.scheme, acl.data[i].id.id,
					 buf_str(&rights));
	}
	deallocate_ACL_vector(&acl);
	return out;
}

void rig_zk_share(struct rig_zk *c, const char *path, const char *scheme, const char *id)
{
	struct ACL list[] = { { ZOO_PERM_ALL, ZOO_AUTH_IDS },
			      { ZOO_PERM_ALL,
				{ (char *)(uintptr_t)scheme, (char *)(uintptr_t)id } } };
	const struct ACL_vector acl = { ARRAY_SIZE(list), list };

	check(persist(zoo_set_acl(c->handle, path, -1, &acl)), "setacl", path);
}

int rig_zk_try_set(struct rig_zk *c, const char *path, const char *data)
{
	return persist(zoo_set(c->handle, path, data, (int)strlen(data), -1));
}

int rig_zk_try_create(struct rig_zk *c, const char *path, const char *data)
{
	return put(c, path, data, size_of(data), 0);
}

int rig_zk_try_delete(struct rig_zk *c, const char *path)
{
	return take_away(c, path);
}

static void answered(struct rig_zk *c, int rc)
{
	pthread_mutex_lock(&c->lock);
	c->in_flight--;
	c->failed += rc != ZOK;
	pthread_cond_signal(&c->answered);
	pthread_mutex_unlock(&c->lock);
}

static void on_created(int rc, const char *name UNUSED, const void *ctx)
{
	answered((struct rig_zk *)(uintptr_t)ctx, rc);
}

static void on_set(int rc, const struct Stat *stat UNUSED, const void *ctx)
{
	answered((struct rig_zk *)(uintptr_t)ctx, rc);
}

static void on_deleted(int rc, const void *ctx)
{
	answered((struct rig_zk *)(uintptr_t)ctx, rc);
}

static void wait_below(struct rig_zk *c, unsigned in_flight)
{
	pthread_mutex_lock(&c->lock);
	while (c->in_flight >= in_flight)
		pthread_cond_wait(&c->answered, &c->lock);
	c->in_flight++;
	pthread_mutex_unlock(&c->lock);
}

static void send_create(struct rig_zk *c, const char *path, const char *data, int flags)
{
	wait_below(c, IN_FLIGHT);
	check(zoo_acreate(c->handle, path, data, data ? (int)strlen(data) : -1,
			  &ZOO_OPEN_ACL_UNSAFE, flags, on_created, c),
	      "create", path);
}

void rig_zk_send_create(struct rig_zk *c, const char *path, const char *data)
{
	send_create(c, path, data, 0);
}

void rig_zk_send_create_ephemeral(struct rig_zk *c, const char *path, const char *data)
{
	send_create(c, path, data, ZOO_EPHEMERAL);
}

void rig_zk_send_set(struct rig_zk *c, const char *path, const char *data)
{
	wait_below(c, IN_FLIGHT);
	check(zoo_aset(c->handle, path, data, (int)strlen(data), -1, on_set, c), "set", path);
}

void rig_zk_send_delete(struct rig_zk *c, const char *path)
{
	wait_below(c, IN_FLIGHT);
	check(zoo_adelete(c->handle, path, -1, on_deleted, c), "delete", path);
}

unsigned rig_zk_drain(struct rig_zk *c)
{
	unsigned failed;

	wait_below(c, 1);
	pthread_mutex_lock(&c->lock);
	c->in_flight--;
	failed = c->failed;
	c->failed = 0;
	pthread_mutex_unlock(&c->lock);
	return failed;
}
