/*
 * What the lines of an upstream's servers say: render writes them, and core/deploy/apply compares
 * them with the lists that nginx has.
 */
#ifndef ZKNGINX_SERVER_LINE_H
#define ZKNGINX_SERVER_LINE_H

#include <zknginx/model.h>

#define SERVER_FAIL_TIMEOUT "10s" /* nginx's default */

/* Complete: what the model leaves out is nginx's default. */
struct server_line {
	const char *address;
	long weight, max_conns, max_fails;
	const char *fail_timeout;
	bool backup, down;
	const struct znode *source; /* NULL: that of the upstream */
};

/* It has no server, so one that refuses at once takes their place. */
bool server_line_is_placeholder(const struct upstream *u);
size_t server_line_count(const struct upstream *u);
/* Are its backup servers rendered as such? When only backup servers are left, they are ordinary
 * ones. */
bool server_line_has_backups(const struct upstream *u);
/* backups: the answer of server_line_has_backups(). */
struct server_line server_line(const struct upstream *u, size_t i, bool backups);

#endif
