/*
 * The settings of /etc/zknginxd.conf as plain values: one struct a group, so that
 * each wing is handed its own group and no other. host/settings.c fills them from
 * its one table and owns all strings; a swapped-in set replaces the old one whole.
 * Durations are microseconds, sizes bytes; NEVER stands for "never".
 */
#ifndef ZKNGINX_SETTINGS_H
#define ZKNGINX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zookeeper_settings {
	const char *hosts; /* "host:port,host:port[/chroot]" */
	const char *config;
	const char *cluster;
	uint64_t session_timeout;
	const char *auth_file; /* "" = none; holds "digest user:password" */
	uint64_t watch_limit;  /* bytes of watches past which a reconnect is a new session */
};

struct nginx_settings {
	const char *binary;
	const char *config;
	const char *pid;
	uint64_t test_timeout;
	uint64_t reload_timeout;
	uint64_t reload_gap;
	const char *sandbox; /* "auto", "namespace", "fallback" */
	const char *log_directory;
};

struct state_settings {
	const char *directory;
	long keep; /* generations on disk besides the live one and the last good one */
};

struct snippets_settings {
	const char *policy;       /* "off", "safe", "all" */
	const char *const *roots; /* NULL-terminated */
};

struct guard_settings {
	long max_shrink;
	uint64_t window;
	uint64_t hold; /* NEVER = until confirmed */
	uint64_t readmit;
};

struct cluster_settings {
	const char *host;    /* "" = the host name */
	const char *address; /* "" = none known */
};

struct metrics_settings {
	const char *listen; /* "" = off; "127.0.0.1:9641" */
};

struct log_settings {
	const char *level;
};

struct settings {
	struct zookeeper_settings zookeeper;
	struct nginx_settings nginx;
	struct state_settings state;
	struct snippets_settings snippets;
	struct guard_settings guard;
	struct cluster_settings cluster;
	struct metrics_settings metrics;
	struct log_settings log;
};

#endif
