/* Strings of the settings file as values: durations, sizes, addresses, paths. */
#ifndef ZKNGINX_HOST_SETTINGS_VALUE_H
#define ZKNGINX_HOST_SETTINGS_VALUE_H

#include "settings_table.h"

/* "250ms", "10s", "5m", "1h", "7d" → microseconds. */
bool duration_parse(const char *text, uint64_t *out);
/* "512", "900k", "10m", "1g" → bytes. */
bool size_parse(const char *text, uint64_t *out);

setting_form form_hosts;       /* host:port[,host:port…][/chroot]; the default port is 2181 */
setting_form form_znode;       /* an absolute znode path */
setting_form form_znode_maybe; /* … or "" */
setting_form form_file;        /* an absolute path */
setting_form form_file_maybe;  /* … or "" */
setting_form form_program;     /* an absolute path, only for exec */
setting_form form_listen;      /* "" or a numeric address and a port */
setting_form form_loopback;    /* … of loopback */
setting_form form_identity;    /* of an ACL, "digest:user:HASH", "x509:CN=web1" */
setting_form form_name;        /* "" or a name that a znode can have */
setting_form form_member;      /* a name that a znode can have */
setting_form form_address;     /* "" or host or host:port */
setting_form form_network;     /* "10.0.0.0/8", "fd00::/8", or one address */
setting_form form_share;       /* "25%" or "3" */

#endif
