/*
 * The rows. What a running daemon cannot change (its sessions, its state directory, its name in the
 * fleet, the nginx that it controls) is not reloadable: a restart of the daemon never touches
 * nginx, so nothing is lost by asking for one.
 *
 * KEY names the key and the field together, so a row cannot fill another key's field. The rows of a
 * group are next to each other.
 */
#include <string.h>

#include "settings_value.h"

#define FIELD(group, field) .offset = offsetof(struct settings, group.field)
#define KEY(group, key) .path = #group "." #key, FIELD(group, key)
#define RELOADABLE .reloadable = true
#define OR_NEVER .never = true

#define TEXT(default_, form_) .type = SETTING_TEXT, .default_text = default_, .form = form_
/* `modes`: the list of zknginx/modes.h whose enum the field has. */
#define CHOICE(default_, modes)                                                                    \
	.type = SETTING_CHOICE, .default_text = default_, .choices = (const char *const[])         \
	{                                                                                          \
		modes(CHOICE_TEXT) NULL                                                            \
	}
#define CHOICE_TEXT(mode, text) [mode] = text,
#define TEXTS(default_, min_, max_, form_)                                                         \
	.type = SETTING_TEXTS, .default_text = default_, .min = min_, .max = max_, .form = form_
#define COMMAND                                                                                    \
	.type = SETTING_COMMAND, .default_text = "", .min = "0", .max = "64", .form = form_program
#define BOOLEAN(default_) .type = SETTING_BOOLEAN, .default_text = default_
#define RANGED(type_, default_, min_, max_)                                                        \
	.type = SETTING_##type_, .default_text = default_, .min = min_, .max = max_
#define INTEGER(default_, min_, max_) RANGED(INTEGER, default_, min_, max_)
#define DURATION(default_, min_, max_) RANGED(DURATION, default_, min_, max_)
#define SIZE(default_, min_, max_) RANGED(SIZE, default_, min_, max_)

/* The other way to say rollout.canaries. */
static const struct setting canary_hosts = {
	.path = "rollout.canaries",
	TEXTS("", "1", "1000", form_member),
	FIELD(rollout, canary_hosts),
};

static const struct setting table[] = {
	{ KEY(zookeeper, hosts), TEXT("127.0.0.1:2181", form_hosts) },
	{ KEY(zookeeper, config), TEXT("/nginx/config", form_znode) },
	{ KEY(zookeeper, cluster), TEXT("/nginx/cluster", form_znode) },
	{ KEY(zookeeper, session_timeout), DURATION("10s", "1s", "10m") },
	{ KEY(zookeeper, auth_file), TEXT("", form_file_maybe) },
	{ KEY(zookeeper, daemons), TEXTS("", "0", "64", form_identity) },
	{ KEY(zookeeper, operators), TEXTS("", "0", "64", form_identity) },
	{ KEY(zookeeper, require_acl), BOOLEAN("false"), RELOADABLE },
	{ KEY(zookeeper, watch_limit), SIZE("900k", "16k", "1g") },
	{ KEY(zookeeper, max_frame), SIZE("4m", "64k", "1g") },
	{ KEY(zookeeper, max_data), SIZE("64m", "4m", "4g") },
	{ KEY(zookeeper, tls.ca), TEXT("", form_file_maybe) },
	{ KEY(zookeeper, tls.certificate), TEXT("", form_file_maybe) },
	{ KEY(zookeeper, tls.key), TEXT("", form_file_maybe) },
	{ KEY(zookeeper, tls.server_name), TEXT("", form_name) },
	{ KEY(zookeeper, tls.verify), CHOICE("full", TLS_VERIFY_MODES) },

	{ KEY(nginx, binary), TEXT("/usr/sbin/nginx", form_file) },
	{ KEY(nginx, config), TEXT("/etc/nginx/nginx.conf", form_file) },
	{ KEY(nginx, pid), TEXT("/run/nginx.pid", form_file) },
	{ KEY(nginx, test_timeout), DURATION("10s", "100ms", "10m"), RELOADABLE },
	{ KEY(nginx, reload_timeout), DURATION("30s", "1s", "1h"), RELOADABLE },
	{ KEY(nginx, reload_gap), DURATION("1s", "0s", "1h"), RELOADABLE },
	{ KEY(nginx, lost_ground), DURATION("30s", "0s", "1d"), RELOADABLE },
	{ KEY(nginx, sandbox), CHOICE("auto", SANDBOX_MODES) },
	{ KEY(nginx, servers), CHOICE("auto", SERVERS_MODES), RELOADABLE },
	{ KEY(nginx, persist_gap), DURATION("1s", "0s", "1m"), RELOADABLE },
	{ KEY(nginx, log_directory), TEXT("/var/log/nginx", form_file), RELOADABLE },
	{ KEY(nginx, trusted_ca), TEXT("/etc/ssl/certs/ca-certificates.crt", form_file_maybe),
	  RELOADABLE },
	{ KEY(nginx, probe), TEXT("", form_loopback) },
	{ KEY(nginx, drift), CHOICE("repair", DRIFT_MODES), RELOADABLE },
	{ KEY(nginx, linger), DURATION("1h", "1s", "30d"), OR_NEVER, RELOADABLE },

	{ KEY(state, directory), TEXT("/var/lib/zknginxd", form_file) },
	{ KEY(state, keep), INTEGER("10", "1", "10000"), RELOADABLE },

	{ KEY(snippets, policy), CHOICE("safe", POLICY_LEVELS), RELOADABLE },
	{ KEY(snippets, roots), TEXTS("/srv, /var/www, /usr/share/nginx", "0", "64", form_file),
	  RELOADABLE },
	{ KEY(snippets, certificates),
	  TEXTS("/etc/ssl, /etc/letsencrypt, /etc/nginx", "0", "64", form_file), RELOADABLE },
	{ KEY(snippets, writable), TEXTS("", "0", "64", form_file), RELOADABLE },

	{ KEY(discover, networks), TEXTS("", "0", "64", form_network), RELOADABLE },

	{ KEY(guard, max_shrink), INTEGER("50", "0", "100"), RELOADABLE },
	{ KEY(guard, window), DURATION("10s", "0s", "1h"), RELOADABLE },
	{ KEY(guard, hold), DURATION("never", "1s", "30d"), OR_NEVER, RELOADABLE },
	{ KEY(guard, readmit), DURATION("0s", "0s", "1h"), RELOADABLE },

	{ KEY(cluster, host), TEXT("", form_name) },
	{ KEY(cluster, address), TEXT("", form_address) },
	{ KEY(cluster, service), TEXT("", form_znode_maybe) },
	{ KEY(cluster, on_elected), COMMAND, RELOADABLE },
	{ KEY(cluster, on_resigned), COMMAND, RELOADABLE },
	{ KEY(cluster, on_live), COMMAND, RELOADABLE },
	{ KEY(cluster, command_timeout), DURATION("10s", "100ms", "10m"), RELOADABLE },

	{ KEY(rollout, mode), CHOICE("all", ROLLOUT_MODES), RELOADABLE },
	{ KEY(rollout, canaries), INTEGER("1", "1", "10000"), .list = &canary_hosts, RELOADABLE },
	{ KEY(rollout, batch), TEXT("25%", form_share), .bare_number = true, RELOADABLE },
	{ KEY(rollout, bake_time), DURATION("60s", "0s", "7d"), RELOADABLE },
	{ KEY(rollout, batch_time), DURATION("10s", "0s", "7d"), RELOADABLE },
	{ KEY(rollout, settle), DURATION("1s", "0s", "1h"), RELOADABLE },
	{ KEY(rollout, apply_timeout), DURATION("2m", "1s", "1d"), RELOADABLE },
	{ KEY(rollout, vanish_timeout), DURATION("15s", "1s", "1d"), RELOADABLE },
	{ KEY(rollout, max_failures), INTEGER("0", "0", "10000"), RELOADABLE },
	{ KEY(rollout, on_failure), CHOICE("halt", FAILURE_MODES), RELOADABLE },
	{ KEY(rollout, join), BOOLEAN("true"), RELOADABLE },
	{ KEY(rollout, freeze), BOOLEAN("false"), RELOADABLE },
	{ KEY(rollout, gate), COMMAND, RELOADABLE },
	{ KEY(rollout, gate_timeout), DURATION("30s", "100ms", "1h"), RELOADABLE },
	{ KEY(rollout, gate_interval), DURATION("10s", "1s", "1h"), RELOADABLE },
	{ KEY(rollout, max_errors), INTEGER("5", "0", "100"), RELOADABLE },
	{ KEY(rollout, max_upstream_errors), INTEGER("20", "0", "100"), RELOADABLE },
	{ KEY(rollout, min_requests), INTEGER("20", "1", "1000000"), RELOADABLE },

	{ KEY(trust, keys), TEXTS("", "0", "64", NULL), RELOADABLE },
	{ KEY(trust, require), CHOICE("off", TRUST_MODES), RELOADABLE },
	{ KEY(trust, fleet), TEXT("", form_name), RELOADABLE },

	{ KEY(history, keep), INTEGER("50", "1", "10000"), RELOADABLE },

	{ KEY(alerts, command), COMMAND, RELOADABLE },
	{ KEY(alerts, timeout), DURATION("10s", "100ms", "10m"), RELOADABLE },
	{ KEY(alerts, raise_after), DURATION("5s", "0s", "1h"), RELOADABLE },
	{ KEY(alerts, clear_after), DURATION("30s", "0s", "1d"), RELOADABLE },
	{ KEY(alerts, repeat), DURATION("1h", "1m", "30d"), OR_NEVER, RELOADABLE },
	{ KEY(alerts, lag), DURATION("10m", "1s", "30d"), RELOADABLE },

	{ KEY(metrics, listen), TEXT("", form_listen) },

	{ KEY(log, level), CHOICE("info", LOG_LEVELS), RELOADABLE },
};

/* Keys that people look for. A row is for its path and for all keys below it. */
static const struct {
	const char *path, *hint;
} unknown[] = {
	{ "zookeeper.auth",
	  "credentials are in a file of their own, which zookeeper.auth_file names" },
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
