/*
 * Blame: finds the znodes that a message of nginx is about.
 *
 * `nginx -t` names a file and a line, or quotes a value without its place (a certificate, an
 * address). The bundle's origins lead from both to znodes.
 */
#ifndef ZKNGINX_BLAME_H
#define ZKNGINX_BLAME_H

#include <zknginx/arena.h>
#include <zknginx/bundle.h>

struct blame {
	const char **znodes; /* distinct; of length count */
	size_t count;
	const char *message; /* nginx's sentence, without "nginx: [emerg] ", the file, and what may
				be a secret */
	const char *raw;     /* the same with it: to be looked for in `output`, never to be shown */
	bool probe; /* the message is about the lines of nginx.probe; then no znode is to blame,
		       unless one is named as well */
};

/*
 * `output`: what nginx wrote; `live`: the directory of the bundle's files
 * ("/var/lib/zknginxd/live"). count is 0 when nothing leads to a znode. Znodes are borrowed from
 * the bundle.
 */
struct blame blame_find(struct arena *a, const struct bundle *b, const char *live,
			const char *output);

#endif
