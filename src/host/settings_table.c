/*
 * The rows. What a running daemon cannot change by itself (its sessions, its state
 * directory, its name in the fleet, the nginx it looks after) is not reloadable: a
 * restart of the daemon never touches nginx, so it costs nothing to ask for one.
 *
 * Rows marked `reserved` are the settings of a later version. They are known so
 * that a file can say the only thing this version does, and so that asking for
 * anything else is an error and never silently ignored.
 */
#include <string.h>

#include "settings_value.h"

#define TO(group, field) .offset = offsetof(struct settings, group.field)
#define CHOICES(...)                                                                               \
	.choices = (const char *const[])                                                           \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static const struct setting table[] = {
	{ .path = "zookeeper.hosts",
	  .type = SETTING_TEXT,
	  .preset = "127.0.0.1:2181",
	  .form = form_hosts,
	  TO(zookeeper, hosts) },
	{ .path = "zookeeper.config",
	  .type = SETTING_TEXT,
	  .preset = "/nginx/config",
	  .form = form_znode,
	  TO(zookeeper, config) },
	{ .path = "zookeeper.cluster",
	  .type = SETTING_TEXT,
	  .preset = "/nginx/cluster",
	  .form = form_znode,
	  TO(zookeeper, cluster) },
	{ .path = "zookeeper.session_timeout",
	  .type = SETTING_DURATION,
	  .preset = "10s",
	  .min = "1s",
	  .max = "10m",
	  TO(zookeeper, session_timeout) },
	{ .path = "zookeeper.auth_file",
	  .type = SETTING_TEXT,
	  .preset = "",
	  .form = form_file_maybe,
	  TO(zookeeper, auth_file) },
	{ .path = "zookeeper.watch_limit",
	  .type = SETTING_SIZE,
	  .preset = "900k",
	  .min = "16k",
	  .max = "1g",
	  TO(zookeeper, watch_limit) },

	{ .path = "nginx.binary",
	  .type = SETTING_TEXT,
	  .preset = "/usr/sbin/nginx",
	  .form = form_file,
	  TO(nginx, binary) },
	{ .path = "nginx.config",
	  .type = SETTING_TEXT,
	  .preset = "/etc/nginx/nginx.conf",
	  .form = form_file,
	  TO(nginx, config) },
	{ .path = "nginx.pid",
	  .type = SETTING_TEXT,
	  .preset = "/run/nginx.pid",
	  .form = form_file,
	  TO(nginx, pid) },
	{ .path = "nginx.test_timeout",
	  .type = SETTING_DURATION,
	  .preset = "10s",
	  .min = "100ms",
	  .max = "10m",
	  .reloadable = true,
	  TO(nginx, test_timeout) },
	{ .path = "nginx.reload_timeout",
	  .type = SETTING_DURATION,
	  .preset = "30s",
	  .min = "1s",
	  .max = "1h",
	  .reloadable = true,
	  TO(nginx, reload_timeout) },
	{ .path = "nginx.reload_gap",
	  .type = SETTING_DURATION,
	  .preset = "1s",
	  .min = "0s",
	  .max = "1h",
	  .reloadable = true,
	  TO(nginx, reload_gap) },
	{ .path = "nginx.sandbox",
	  .type = SETTING_CHOICE,
	  .preset = "auto",
	  CHOICES("auto", "namespace", "fallback"),
	  TO(nginx, sandbox) },
	{ .path = "nginx.log_directory",
	  .type = SETTING_TEXT,
	  .preset = "/var/log/nginx",
	  .form = form_file,
	  .reloadable = true,
	  TO(nginx, log_directory) },

	{ .path = "state.directory",
	  .type = SETTING_TEXT,
	  .preset = "/var/lib/zknginxd",
	  .form = form_file,
	  TO(state, directory) },
	{ .path = "state.keep",
	  .type = SETTING_INTEGER,
	  .preset = "10",
	  .min = "1",
	  .max = "10000",
	  .reloadable = true,
	  TO(state, keep) },

	{ .path = "snippets.policy",
	  .type = SETTING_CHOICE,
	  .preset = "safe",
	  CHOICES("off", "safe", "all"),
	  .reloadable = true,
	  TO(snippets, policy) },
	{ .path = "snippets.roots",
	  .type = SETTING_TEXTS,
	  .preset = "/srv, /var/www, /usr/share/nginx, /etc/ssl",
	  .min = "0",
	  .max = "64",
	  .form = form_file,
	  .reloadable = true,
	  TO(snippets, roots) },

	{ .path = "guard.max_shrink",
	  .type = SETTING_INTEGER,
	  .preset = "50",
	  .min = "0",
	  .max = "100",
	  .reloadable = true,
	  TO(guard, max_shrink) },
	{ .path = "guard.window",
	  .type = SETTING_DURATION,
	  .preset = "10s",
	  .min = "0s",
	  .max = "1h",
	  .reloadable = true,
	  TO(guard, window) },
	{ .path = "guard.hold",
	  .type = SETTING_DURATION,
	  .preset = "never",
	  .min = "1s",
	  .max = "30d",
	  .never = true,
	  .reloadable = true,
	  TO(guard, hold) },
	{ .path = "guard.readmit",
	  .type = SETTING_DURATION,
	  .preset = "0s",
	  .min = "0s",
	  .max = "1h",
	  .reloadable = true,
	  TO(guard, readmit) },

	{ .path = "cluster.host",
	  .type = SETTING_TEXT,
	  .preset = "",
	  .form = form_name,
	  TO(cluster, host) },
	{ .path = "cluster.address",
	  .type = SETTING_TEXT,
	  .preset = "",
	  .form = form_address,
	  TO(cluster, address) },

	{ .path = "metrics.listen",
	  .type = SETTING_TEXT,
	  .preset = "",
	  .form = form_listen,
	  TO(metrics, listen) },

	{ .path = "log.level",
	  .type = SETTING_CHOICE,
	  .preset = "info",
	  CHOICES("error", "warning", "notice", "info", "debug"),
	  .reloadable = true,
	  TO(log, level) },

	{ .path = "nginx.probe",
	  .type = SETTING_CHOICE,
	  .preset = "",
	  CHOICES(""),
	  .reserved = true,
	  .hint = "this version asks the kernel, not nginx, what became of a reload" },
	{ .path = "rollout.mode",
	  .type = SETTING_CHOICE,
	  .preset = "all",
	  CHOICES("all"),
	  .reserved = true,
	  .hint = "this version has no staged rollouts: every host applies a change at once" },
	{ .path = "rollout.canaries",
	  .type = SETTING_INTEGER,
	  .preset = "1",
	  .min = "1",
	  .max = "10000",
	  .reserved = true },
	{ .path = "rollout.batch",
	  .type = SETTING_TEXT,
	  .preset = "25%",
	  .form = form_share,
	  .reserved = true },
	{ .path = "rollout.bake_time",
	  .type = SETTING_DURATION,
	  .preset = "60s",
	  .min = "0s",
	  .max = "7d",
	  .reserved = true },
	{ .path = "rollout.on_failure",
	  .type = SETTING_CHOICE,
	  .preset = "halt",
	  CHOICES("halt", "revert"),
	  .reserved = true },
	{ .path = "alerts.command",
	  .type = SETTING_TEXTS,
	  .preset = "",
	  .min = "0",
	  .max = "0",
	  .reserved = true,
	  .hint = "this version runs no alert commands; watch /metrics or the report znodes" },
};

/* Keys that people look for; a name stands for itself and for everything below it. */
static const struct {
	const char *path, *hint;
} unknown[] = {
	{ "zookeeper.tls", "Debian's ZooKeeper client library has no TLS: run a tunnel (stunnel, "
			   "WireGuard) on this host and name its local end in zookeeper.hosts" },
	{ "zookeeper.auth", "credentials stand in a file of their own, zookeeper.auth_file" },
	{ "nginx.reload_command", "the master is signalled directly, no command is run" },
};

const struct setting *setting_at(size_t i)
{
	return i < ARRAY_SIZE(table) ? &table[i] : NULL;
}

const struct setting *setting_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].path, path) == 0)
			return &table[i];
	}
	return NULL;
}

static bool begins_group(const char *path, const char *group)
{
	size_t size = strlen(group);

	return strncmp(path, group, size) == 0 && path[size] == '.';
}

bool setting_is_group(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (begins_group(table[i].path, path))
			return true;
	}
	return false;
}

const char *setting_unknown_hint(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		if (strcmp(path, unknown[i].path) == 0 || begins_group(path, unknown[i].path))
			return unknown[i].hint;
	}
	return NULL;
}
