/*
 * The modes that an operator chooses in the settings. Each list has the enumerator and the word
 * of it in the settings file, in members, plans and the status.
 */
#ifndef ZKNGINX_MODES_H
#define ZKNGINX_MODES_H

/* snippets.policy: which directives a raw snippet may use. */
#define POLICY_LEVELS(X)                                                                           \
	X(POLICY_OFF, "off")                                                                       \
	X(POLICY_SAFE, "safe")                                                                     \
	X(POLICY_ALL, "all")

/* rollout.mode: how the fleet comes to a new revision. */
#define ROLLOUT_MODES(X)                                                                           \
	X(ROLLOUT_ALL, "all")                                                                      \
	X(ROLLOUT_CANARY, "canary")                                                                \
	X(ROLLOUT_MANUAL, "manual")

/* rollout.on_failure: what becomes of a rollout with too many failed hosts. */
#define FAILURE_MODES(X)                                                                           \
	X(FAILURE_HALT, "halt")                                                                    \
	X(FAILURE_REVERT, "revert")

/* nginx.drift: what is done about a live file that another program changed. */
#define DRIFT_MODES(X)                                                                             \
	X(DRIFT_REPAIR, "repair")                                                                  \
	X(DRIFT_REPORT, "report")

/* nginx.sandbox: how `nginx -t` is run. AUTO: in a namespace where the host allows one. */
#define SANDBOX_MODES(X)                                                                           \
	X(SANDBOX_AUTO, "auto")                                                                    \
	X(SANDBOX_NAMESPACE, "namespace")                                                          \
	X(SANDBOX_FALLBACK, "fallback")

/* nginx.servers: how servers of upstreams come to nginx. AUTO: without a reload where the module of
 * nginx can. */
#define SERVERS_MODES(X)                                                                           \
	X(SERVERS_AUTO, "auto")                                                                    \
	X(SERVERS_RELOAD, "reload")

/* zookeeper.tls.verify: what of a ZooKeeper server's certificate has to be right. */
#define TLS_VERIFY_MODES(X)                                                                        \
	X(TLS_VERIFY_FULL, "full")   /* its authority, its dates and its name */                   \
	X(TLS_VERIFY_CHAIN, "chain") /* … but not the name */

/* trust.require: which configurations have to be signed. */
#define TRUST_MODES(X)                                                                             \
	X(TRUST_OFF, "off")                                                                        \
	X(TRUST_CONFIG, "config") /* all; the serial of the config in ZooKeeper counts */          \
	X(TRUST_ALL, "all")       /* … and that of what the plan and the history name */

#define MODE_ENUMERATOR(mode, text) mode,
enum policy_level { POLICY_LEVELS(MODE_ENUMERATOR) };
enum rollout_mode { ROLLOUT_MODES(MODE_ENUMERATOR) };
enum failure_mode { FAILURE_MODES(MODE_ENUMERATOR) };
enum drift_mode { DRIFT_MODES(MODE_ENUMERATOR) };
enum sandbox_mode { SANDBOX_MODES(MODE_ENUMERATOR) };
enum servers_mode { SERVERS_MODES(MODE_ENUMERATOR) };
enum tls_verify { TLS_VERIFY_MODES(MODE_ENUMERATOR) };
enum trust_mode { TRUST_MODES(MODE_ENUMERATOR) };
#undef MODE_ENUMERATOR

const char *policy_level_name(enum policy_level level);
const char *rollout_mode_name(enum rollout_mode mode);
const char *failure_mode_name(enum failure_mode mode);
const char *drift_mode_name(enum drift_mode mode);
const char *sandbox_mode_name(enum sandbox_mode mode);
const char *trust_mode_name(enum trust_mode mode);

#endif
