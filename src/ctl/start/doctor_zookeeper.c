/* ZooKeeper as this host sees it: its servers, the znodes, the rights, the clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/data/layout.h"
#include "core/fleet/override.h"
#include "doctor.h"
#include "doctor_tcp.h"
#include "hints.h"
#include "sys/disk.h"
#include "sys/timing.h"

#include "zk/resolver.h"

#define TCP_TIMEOUT (3 * USEC_PER_SEC)
#define CLOCK_NOTED (5 * USEC_PER_SEC)
#define TMPFS 0x01021994 /* TMPFS_MAGIC of linux/magic.h */

/* --- servers --------------------------------------------------------------------------------- */

/* Does this server grant a session? */
static bool try_server(struct doctor *d, const char *server, const char **why)
{
	const char *hosts =
		arena_printf(d->arena, "%s%s", server, hosts_chroot(d->settings->zookeeper.hosts));
	CLEANUP(client_freep) struct client *c = NULL;
	uint64_t timeout = d->ctl->timeout < TCP_TIMEOUT ? d->ctl->timeout : TCP_TIMEOUT;
	bool is_here = false;
	struct err e;

	if (doctor_tcp_try(server, timeout, &is_here, &e) < 0) {
		*why = arena_strdup(d->arena, e.text);
		return false;
	}
	if (is_here)
		d->local_server = server;
	if (client_open_at(d->ctl, hosts, &c, &e) == 0)
		return true;
	*why = e.code == ERR_UNAVAILABLE
		       ? "it accepts connections, but grants no session: it is no ZooKeeper "
			 "server, or its ensemble has no majority, or the credentials are refused"
		       : arena_strdup(d->arena, e.text);
	return false;
}

static void report_unusable(struct doctor *d, const char *server, const char *why, bool all)
{
	doctor_report(d, all ? DOCTOR_ERROR : DOCTOR_WARNING,
		      "Start ZooKeeper there, open the port in the firewall, or correct "
		      "zookeeper.hosts",
		      "%s: %s", server, why);
}

struct servers {
	const char **names, **whys; /* why: NULL for one that can be used */
	size_t count, usable;
};

static void list_servers(struct doctor *d, struct servers *s)
{
	const char *hosts = d->settings->zookeeper.hosts;
	size_t room = 0, all = strcspn(hosts, "/");

	for (const char *at = hosts; at < hosts + all; at += strcspn(at, ",/") + 1) {
		s->names = arena_grow(d->arena, s->names, s->count, &room, sizeof(*s->names));
		s->names[s->count++] = arena_copy(d->arena, at, strcspn(at, ",/"));
	}
	s->whys = arena_array(d->arena, const char *, s->count);
}

void doctor_check_zookeeper(struct doctor *d)
{
	struct servers s = { 0 };
	struct err e;

	list_servers(d, &s);
	for (size_t i = 0; i < s.count; i++)
		s.usable += try_server(d, s.names[i], &s.whys[i]);
	for (size_t i = 0; i < s.count; i++) {
		if (s.whys[i])
			report_unusable(d, s.names[i], s.whys[i], s.usable == 0);
		else
			doctor_ok(d, "%s grants a session", s.names[i]);
	}
	if (s.usable == 0)
		d->zookeeper_is_away = true;
	else if (client_open(d->ctl, &d->client, &e) < 0)
		doctor_error(d, "Run doctor again", "%s", e.text);
	d->zookeeper_is_away = !d->client;
}

/* --- znodes and rights ----------------------------------------------------------------------- */

static const char *const run_init = "zknginxctl init creates the znodes";

/* Is it there, and may we read it? */
static bool check_znode(struct doctor *d, const char *path)
{
	const char **names;
	size_t count;
	struct session_stat stat;
	struct err e;
	int found = client_stat(d->client, path, &stat, &e);

	if (found == 0)
		doctor_error(d, run_init, "%s does not exist", path);
	else if (found < 0 || client_children(d->client, d->arena, path, &names, &count, &e) < 0)
		doctor_error(d,
			     "Name credentials that may read the znode in zookeeper.auth_file, or "
			     "change its ACL",
			     "%s", e.text);
	else
		return true;
	return false;
}

void doctor_check_znodes(struct doctor *d)
{
	const struct zookeeper_settings *z = &d->settings->zookeeper;
	struct session_stat stat;
	struct err e;
	bool has_config;

	if (client_stat(d->client, "/", &stat, &e) == 0) {
		doctor_error(d, hint_chroot(d->arena, z->hosts),
			     "the chroot %s of zookeeper.hosts does not exist",
			     hosts_chroot(z->hosts));
		return;
	}
	has_config = check_znode(d, z->config);
	d->has_cluster = check_znode(d, z->cluster);
	if (has_config && d->has_cluster)
		doctor_ok(d, "%s and %s exist", z->config, z->cluster);
}

/* The clock of the server that wrote the znode, against the middle of the round trip. */
static void compare_clocks(struct doctor *d, const char *path, uint64_t before)
{
	uint64_t after = timing_wall();
	struct session_stat stat;
	struct err e;

	if (client_stat(d->client, path, &stat, &e) != 1)
		return;
	d->clock_ahead = (int64_t)(before / 2 + after / 2 - (uint64_t)stat.mtime * USEC_PER_MSEC);
	d->clock_doubt = after > before ? after - before : 0;
	d->clock_is_known = true;
}

/* As the daemon does it: an ephemeral znode, created and deleted again. */
void doctor_check_write(struct doctor *d)
{
	char unique[17];
	struct session_op op = { .kind = OP_CREATE, .flags = SESSION_EPHEMERAL, .data = "" };
	uint64_t before = timing_wall();
	struct err e;
	int rc = 0;

	timing_unique(unique, sizeof(unique));
	op.path = arena_printf(d->arena, "%s/doctor-%s", d->settings->zookeeper.cluster, unique);
	if (client_multi(d->client, &op, 1, NULL, &rc, &e) < 0) {
		doctor_error(d, "Use the credentials that own the znodes, or change their ACLs",
			     "no znode can be created below %s: %s", d->settings->zookeeper.cluster,
			     rc == SESSION_NO_AUTH
				     ? hint_credentials(d->arena, &d->settings->zookeeper)
				     : e.text);
		return;
	}
	compare_clocks(d, op.path, before);
	op = (struct session_op){ .kind = OP_DELETE, .path = op.path, .version = -1 };
	if (client_multi(d->client, &op, 1, NULL, &rc, &e) < 0)
		doctor_error(d, "Permit these credentials to delete below the cluster znode",
			     "a znode below %s was created, but cannot be deleted: %s",
			     d->settings->zookeeper.cluster, e.text);
	else
		doctor_ok(d, "a znode below %s was created and deleted%s",
			  d->settings->zookeeper.cluster,
			  *d->settings->zookeeper.auth_file ? ", with the credentials" : "");
}

/* The znodes that decide what nginx serves. Registrations of applications are left out: they can
 * only ever be servers. */
static const char **protected_znodes(struct doctor *d, size_t *count)
{
	const char *cluster = d->settings->zookeeper.cluster;
	const struct tree *t = d->config;
	const char **paths =
		arena_array(d->arena, const char *, tree_count(t) + CLUSTER_ZNODE_N + 1);

	*count = 0;
	for (size_t i = 0; i < tree_count(t); i++) {
		if (tree_at(t, i)->owner == 0)
			paths[(*count)++] = tree_at(t, i)->path;
	}
	paths[(*count)++] = cluster;
	for (enum cluster_znode z = 0; z < CLUSTER_ZNODE_N; z++)
		paths[(*count)++] = cluster_path(d->arena, cluster, z, NULL);
	return paths;
}

void doctor_check_acl(struct doctor *d)
{
	const struct zookeeper_settings *z = &d->settings->zookeeper;
	size_t count, open = 0, first = 0, known = 0;
	const char **paths = protected_znodes(d, &count);
	struct client_acl *acls = arena_array(d->arena, struct client_acl, count);
	struct err e;

	if (client_acls(d->client, d->arena, paths, count, acls, &e) < 0) {
		doctor_error(d, "Run doctor again", "%s", e.text);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		known += acls[i].rc == SESSION_OK;
		if (client_acl_is_open(&acls[i]) && open++ == 0)
			first = i;
	}
	if (!known)
		doctor_skip(d, "these credentials may not read the ACLs");
	else if (!open)
		doctor_ok(d, "none of the znodes can be changed by every client");
	else
		doctor_report(
			d,
			session_is_restricted(client_session(d->client)) || z->require_acl
				? DOCTOR_ERROR
				: DOCTOR_WARNING,
			hint_acl(d->arena, z),
			"every client that reaches ZooKeeper can change %s%s, and with it what "
			"nginx serves",
			paths[first],
			open > 1 ? arena_printf(d->arena, " and %zu other znodes", open - 1) : "");
}

/* --- the clock ------------------------------------------------------------------------------- */

void doctor_check_clock(struct doctor *d)
{
	uint64_t off = (uint64_t)(d->clock_ahead < 0 ? -d->clock_ahead : d->clock_ahead);
	const char *fix = "Synchronize the clocks of this host and of the ZooKeeper servers "
			  "(chrony, systemd-timesyncd)";

	if (!d->clock_is_known)
		doctor_skip(d, "no znode was written whose time could be compared");
	else if (off <= CLOCK_NOTED + d->clock_doubt)
		doctor_ok(d, "this host's clock and ZooKeeper's differ by %.1f seconds",
			  (double)off / USEC_PER_SEC);
	else
		doctor_report(d, off > OVERRIDE_AHEAD ? DOCTOR_ERROR : DOCTOR_WARNING, fix,
			      "this host's clock is %.0f seconds %s ZooKeeper's; overrides and "
			      "times in reports are wrong by that",
			      (double)off / USEC_PER_SEC,
			      d->clock_ahead > 0 ? "ahead of" : "behind");
}

/* --- ZooKeeper's own disk -------------------------------------------------------------------- */

#define ZOO_CFG "/etc/zookeeper/conf/zoo.cfg"

/* The value of the last "KEY=VALUE" line, in the arena; NULL: there is none. */
static const char *cfg_value(struct arena *a, const char *text, const char *key)
{
	const char *value = NULL;
	size_t size = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, size) == 0 && line[size] == '=')
			value = arena_copy(a, line + size + 1, strcspn(line + size + 1, " \r\n"));
	}
	return value;
}

static bool is_emptied_at_boot(const char *directory)
{
	struct statfs fs;

	return path_is_below(directory, "/tmp") || path_is_below(directory, "/run") ||
	       (statfs(directory, &fs) == 0 && fs.f_type == TMPFS);
}

void doctor_check_data_directory(struct doctor *d)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *directory, *port;

	if (!d->local_server) {
		doctor_skip(d, "no ZooKeeper server of zookeeper.hosts is on this host");
		return;
	}
	if (disk_read_path(ZOO_CFG, &text, NULL) < 0) {
		doctor_skip(d, "there is no readable " ZOO_CFG);
		return;
	}
	directory = cfg_value(d->arena, buf_str(&text), "dataDir");
	port = cfg_value(d->arena, buf_str(&text), "clientPort") ?: "2181";
	if (!directory || strcmp(strrchr(d->local_server, ':') + 1, port) != 0)
		doctor_skip(d, ZOO_CFG " is not that of %s", d->local_server);
	else if (is_emptied_at_boot(directory))
		doctor_warn(
			d,
			"Stop ZooKeeper, move the content of the directory to /var/lib/zookeeper, "
			"change dataDir in " ZOO_CFG ", write the number of this server (1 to 255) "
			"to /etc/zookeeper/conf/myid, and start it again",
			"ZooKeeper on this host stores its data in %s, which is emptied at boot: "
			"a reboot deletes all znodes",
			directory);
	else
		doctor_ok(d, "ZooKeeper on this host stores its data in %s", directory);
}
