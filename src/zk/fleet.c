/*
 * This host's place in the fleet: its member znode, what depends on that, and what is reported when
 * another host has the name.
 *
 * Everything depends on the member znode. While it is ours this host is in force: it writes its
 * report, announces its service and stands for election. It stays in force while the link is lost
 * or the member has to be created again. It is no longer in force when the session ends, or when
 * another session holds the name; then the service is withdrawn and the candidate, too. The rule
 * for the report is stricter, because two hosts would overwrite each other's: it is only written
 * while the member znode is known to be ours.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "core/data/layout.h"
#include "ephemeral.h"
#include "fleet.h"
#include "persistent.h"

#define PATIENCE (5 * USEC_PER_SEC)
#define REPORT_GAP USEC_PER_SEC

struct fleet {
	struct session *session;
	void (*on_state)(void *ctx);
	void *ctx;
	char *host;
	bool freeing;

	struct ephemeral *member;
	struct ephemeral *service; /* NULL: there is no cluster.service */
	struct persistent *report;
	struct election *election;
	bool in_force;
	int64_t logged;    /* the session of the other host that was logged last; 0: none */
	int64_t announcer; /* … of the host that announces in our place */
	struct buf why;    /* this host is a duplicate */
};

static bool is_connected(const struct fleet *f)
{
	return session_state(f->session) == SESSION_CONNECTED;
}

static bool is_ours(const struct fleet *f)
{
	return is_connected(f) && ephemeral_state(f->member) == EPHEMERAL_OURS;
}

/* Did another host have this name at the last look? */
static bool is_duplicate(const struct fleet *f)
{
	return ephemeral_state(f->member) == EPHEMERAL_FOREIGN &&
	       ephemeral_holder(f->member)->another;
}

/* --- another host of this name --------------------------------------------------------------- */

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s && *s ? s : NULL;
}

static void describe_other(struct fleet *f)
{
	const struct ephemeral_holder *h = ephemeral_holder(f->member);
	json_t *j = json_loadb(buf_str(&h->data), h->data.size, 0, NULL);
	const char *address = text_of(j, "address"), *version = text_of(j, "version");

	buf_clear(&f->why);
	buf_printf(&f->why, "another host has the same name, %s: ", f->host);
	if (address)
		buf_printf(&f->why, "address %.256s, ", address);
	if (version)
		buf_printf(&f->why, "zknginxd version %.64s, ", version);
	buf_printf(&f->why, "session 0x%llx holds %s", (unsigned long long)h->session,
		   ephemeral_path(f->member));
	json_decref(j);
}

static void log_duplicate(struct fleet *f)
{
	int64_t session = ephemeral_holder(f->member)->session;

	describe_other(f);
	if (f->logged == session)
		return;
	f->logged = session;
	log_error("%s; this host is not registered until the other host leaves the fleet: set a "
		  "different cluster.host on one of them",
		  buf_str(&f->why));
}

static void log_duplicate_gone(struct fleet *f)
{
	if (f->logged)
		log_notice("%s belongs to this host again: the other host of this name has left",
			   ephemeral_path(f->member));
	f->logged = 0;
}

/* --- being in force -------------------------------------------------------------------------- */

static void set_in_force(struct fleet *f, bool in_force)
{
	if (f->in_force == in_force)
		return;
	f->in_force = in_force;
	/* Another host may have reported under this name. */
	persistent_distrust(f->report);
	if (f->service)
		ephemeral_withhold(f->service, !in_force);
	election_stand_for(f->election, in_force);
}

static void tell(void *ctx)
{
	struct fleet *f = ctx;

	if (f->on_state)
		f->on_state(f->ctx);
}

static void on_member(void *ctx)
{
	struct fleet *f = ctx;

	if (f->freeing)
		return;
	if (is_ours(f))
		log_duplicate_gone(f);
	else if (is_duplicate(f))
		log_duplicate(f);
	if (is_ours(f))
		set_in_force(f, true);
	else if (ephemeral_state(f->member) == EPHEMERAL_FOREIGN)
		set_in_force(f, false);
	persistent_permit(f->report, is_ours(f));
	tell(f);
}

static void on_service(void *ctx)
{
	struct fleet *f = ctx;
	const struct ephemeral_holder *h = ephemeral_holder(f->service);

	if (ephemeral_state(f->service) != EPHEMERAL_FOREIGN || !h->another ||
	    h->session == f->announcer)
		return;
	f->announcer = h->session;
	log_warning(
		"%s is announced by another host, in session 0x%llx; waiting until that session "
		"ends",
		ephemeral_path(f->service), (unsigned long long)h->session);
}

static void on_session_state(void *ctx, enum session_state state)
{
	struct fleet *f = ctx;

	election_on_state(f->election, state);
	if (state == SESSION_EXPIRED)
		set_in_force(f, false);
	ephemeral_on_state(f->member, state);
	if (f->service)
		ephemeral_on_state(f->service, state);
	persistent_permit(f->report, is_ours(f));
	persistent_on_state(f->report, state);
	tell(f);
}

static void on_session_watch(void *ctx, int type, const char *path)
{
	struct fleet *f = ctx;

	election_on_watch(f->election, type, path);
	ephemeral_on_watch(f->member, type, path);
	if (f->service)
		ephemeral_on_watch(f->service, type, path);
}

static const struct session_ops session_ops = {
	.on_state = on_session_state,
	.on_watch = on_session_watch,
};

/* --- life ------------------------------------------------------------------------------------ */

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	f->freeing = true;
	election_free(f->election);
	session_free(f->session, PATIENCE);
	ephemeral_free(f->member);
	ephemeral_free(f->service);
	persistent_free(f->report);
	buf_fini(&f->why);
	free(f->host);
	free(f);
}
DEFINE_CLEANUP(struct fleet *, fleet_free)

static int make_member(struct fleet *f, sd_event *loop, const char *cluster, struct err *e)
{
	CLEANUP(freep) char *path = cluster_path_new(cluster, CLUSTER_MEMBERS, f->host);
	const struct ephemeral_spec spec = {
		.loop = loop, .session = f->session, .path = path, .on_change = on_member, .ctx = f
	};

	return ephemeral_new(&spec, &f->member, e);
}

static int make_report(struct fleet *f, sd_event *loop, const char *cluster, struct err *e)
{
	CLEANUP(freep) char *path = cluster_path_new(cluster, CLUSTER_REPORTS, f->host);
	const struct persistent_spec spec = {
		.loop = loop, .session = f->session, .path = path, .gap = REPORT_GAP
	};

	return persistent_new(&spec, &f->report, e);
}

/*
 * Curator creates the parents of an instance as containers, which the server deletes when they are
 * empty. Ours are persistent: other applications may share the path, and znodes that they created
 * are left as they are. Every client may read these znodes, and register below the path.
 */
static int make_service(struct fleet *f, sd_event *loop, const char *service, struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", service, f->host);
	const struct ephemeral_spec spec = { .loop = loop,
					     .session = f->session,
					     .path = path,
					     .flags = SESSION_READABLE,
					     .parent_flags = SESSION_OPEN,
					     .on_change = on_service,
					     .ctx = f };

	if (ephemeral_new(&spec, &f->service, e) < 0)
		return -1;
	ephemeral_withhold(f->service, true);
	return 0;
}

int fleet_new(sd_event *loop, const struct fleet_spec *spec, struct fleet **out, struct err *e)
{
	CLEANUP(fleet_freep) struct fleet *f = xcalloc(1, sizeof(*f));
	const char *host = spec->host, *cluster = spec->zookeeper->cluster;

	if (!*host || strchr(host, '/') || strcmp(host, ".") == 0 || strcmp(host, "..") == 0)
		return err_set(e, ERR_INPUT,
			       "\"%s\" cannot be the name of a znode, so it cannot be the name of "
			       "a host in the fleet",
			       host);
	f->host = xstrdup(host);
	if (session_new(loop, "control", spec->zookeeper, &session_ops, f, &f->session, e) < 0 ||
	    make_member(f, loop, cluster, e) < 0 || make_report(f, loop, cluster, e) < 0 ||
	    election_new(loop, f->session, cluster, host, tell, f, &f->election, e) < 0)
		return -1;
	if (spec->service && *spec->service && make_service(f, loop, spec->service, e) < 0)
		return -1;
	f->on_state = spec->on_state;
	f->ctx = spec->ctx;
	*out = TAKE(f);
	return 0;
}

/* --- to and from the daemon ------------------------------------------------------------------ */

void fleet_publish(struct fleet *f, const struct fleet_news *news)
{
	ephemeral_want(f->member, news->member, news->member_size);
	persistent_want(f->report, news->report, news->report_size);
	if (f->service)
		ephemeral_want(f->service, news->service, news->service_size);
}

static const char *reason(const struct fleet *f)
{
	static const char *const reasons[EPHEMERAL_STATE_N] = {
		[EPHEMERAL_ABSENT] = "it is not registered yet",
		[EPHEMERAL_UNSURE] =
			"unknown whether it is registered: waiting for an answer of ZooKeeper",
		[EPHEMERAL_OURS] = "",
		[EPHEMERAL_FOREIGN] = ("its member znode belongs to another session: this "
				       "host's previous one, or another host of the same "
				       "name"),
	};
	enum ephemeral_state state = ephemeral_state(f->member);

	if (!is_connected(f))
		return "";
	if (is_duplicate(f))
		return buf_str(&f->why);
	if (state == EPHEMERAL_FOREIGN && ephemeral_holder(f->member)->session == 0)
		return "its member znode is a persistent znode: delete it";
	return reasons[state];
}

enum fleet_membership fleet_membership(const struct fleet *f, const char **why)
{
	if (why)
		*why = reason(f);
	if (!is_connected(f))
		return FLEET_PENDING;
	return is_ours(f) ? FLEET_MEMBER : is_duplicate(f) ? FLEET_DUPLICATE : FLEET_PENDING;
}

struct session *fleet_session(const struct fleet *f)
{
	return f->session;
}

struct election *fleet_election(const struct fleet *f)
{
	return f->election;
}
