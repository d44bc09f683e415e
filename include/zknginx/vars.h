/* The host's own values, for $(vars.NAME) in znodes: from the settings. */
#ifndef ZKNGINX_VARS_H
#define ZKNGINX_VARS_H

struct host_var {
	const char *name; /* NULL ends a list */
	const char *value;
};

#endif
