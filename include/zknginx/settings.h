/*
 * The settings of /etc/zknginxd.conf as plain values: one struct a group, so that
 * each wing is handed its own group and no other. host/settings.c fills them from
 * its one table and owns all strings; a swapped-in set replaces the old one whole.
 * Durations are microseconds, sizes bytes; NEVER is "never".
 */
#ifndef ZKNGINX_SETTINGS_H
#define ZKNGINX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zknginx/log.h>
#include <zknginx/modes.h>
#include <zknginx/vars.h>

struct tls_settings {
	const char *ca;          /* "" = no TLS */
	const char *certificate; /* our own; "" = none */
	const char *key;
	const char *server_name; /* that the server's certificate is for; "" = its host */
	enum tls_verify verify;
};

struct zookeeper_settings {
	const char *hosts; /* "host:port,host:port[/chroot]" */
	const char *config;
	const char *cluster;
	uint64_t session_timeout;
	const char *auth_file;        /* "" = none; holds "digest user:password" */
	const char *const *daemons;   /* identities "SCHEME:ID" besides our own; may be NULL */
	const char *const *operators; /* … of those who write the config; may be NULL */
	bool require_acl;             /* apply nothing while every client could have written it */
	uint64_t max_data;            /* bytes of data of all znodes that are followed */
	uint64_t watch_limit;         /* bytes of watches past which a reconnect is a new session */
	uint64_t max_frame;           /* bytes of one answer of a server */
	struct tls_settings tls;
};

struct nginx_settings {
	const char *binary;
	const char *config;
	const char *pid;
	uint64_t test_timeout;
	uint64_t reload_timeout;
	uint64_t reload_gap;
	uint64_t lost_ground; /* how long others wait for a znode that nginx cannot load again */
	enum sandbox_mode sandbox;
	enum servers_mode servers;
	uint64_t persist_gap; /* until a change of servers that nginx has is on disk, too */
	const char *log_directory;
	const char *trusted_ca; /* "" = none */
	const char *probe;      /* "" = none; "127.0.0.1:9642" */
	enum drift_mode drift;
	uint64_t linger; /* old workers that stay longer than this are worth an alert */
};

struct state_settings {
	const char *directory;
	long keep; /* generations on disk besides the live one and the last good one */
};

struct snippets_settings {
	enum policy_level policy;
	const char *const *roots;        /* NULL-terminated */
	const char *const *certificates; /* NULL-terminated */
	const char *const *writable;     /* that clients write to; NULL-terminated */
};

struct discover_settings {
	const char *const *networks; /* that registered servers may be in; empty = see the manual */
};

struct guard_settings {
	long max_shrink;
	uint64_t window;
	uint64_t hold; /* NEVER = until confirmed */
	uint64_t readmit;
};

struct cluster_settings {
	const char *host;    /* "" = the host name */
	const char *address; /* of nginx, "host:port"; "" = the host name and port 80 */
	const char *service; /* where the member is announced as a Curator service; "" = nowhere */
	const char *const *on_elected; /* argv, NULL-terminated; empty = none */
	const char *const *on_resigned;
	const char *const *on_live; /* the leader runs it when the list of healthy hosts changed */
	uint64_t command_timeout;
};

struct rollout_settings {
	enum rollout_mode mode;
	long canaries;                   /* how many, unless … */
	const char *const *canary_hosts; /* … named: `canaries = [ "web1" ]`; empty = not */
	const char *batch;               /* "3" hosts, "25%" of them */
	uint64_t bake_time, batch_time, settle;
	uint64_t apply_timeout, vanish_timeout;
	long max_failures;
	enum failure_mode on_failure;
	bool join;               /* false: this host runs the newest at once */
	bool freeze;             /* true: this host takes no other revision */
	const char *const *gate; /* argv of the gate command; empty = none */
	uint64_t gate_timeout, gate_interval;
	long max_errors, max_upstream_errors; /* percent */
	long min_requests;
};

struct trust_settings {
	const char *const *keys;  /* "ed25519 BASE64 NAME" each; those of files are put in */
	const char *const *files; /* … from these; NULL-terminated, NULL = none */
	enum trust_mode require;
	const char *fleet; /* part of what is signed; "" */
};

struct history_settings {
	long keep; /* entries */
};

struct alerts_settings {
	const char *const *command; /* argv; empty = none */
	uint64_t timeout;
	uint64_t raise_after, clear_after;
	uint64_t repeat; /* NEVER = not */
	uint64_t lag; /* a host that long on another revision than the plan's is worth an alert */
};

struct metrics_settings {
	const char *listen; /* "" = off; "127.0.0.1:9641" */
};

struct log_settings {
	enum log_level level;
};

struct settings {
	struct zookeeper_settings zookeeper;
	struct nginx_settings nginx;
	struct state_settings state;
	struct snippets_settings snippets;
	struct discover_settings discover;
	struct guard_settings guard;
	struct cluster_settings cluster;
	struct rollout_settings rollout;
	struct trust_settings trust;
	struct history_settings history;
	struct alerts_settings alerts;
	struct metrics_settings metrics;
	struct log_settings log;
	const struct host_var *vars; /* the group "vars": the host's own values; never NULL */
};

#endif
