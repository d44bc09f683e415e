/*
 * Blame: from what nginx said to the znodes it was about.
 *
 * `nginx -t` names a file and a line, or quotes a value without saying where it
 * stands (a certificate, an address). Both lead back through the bundle's origins.
 */
#ifndef ZKNGINX_BLAME_H
#define ZKNGINX_BLAME_H

#include <zknginx/arena.h>
#include <zknginx/bundle.h>

struct blame {
	const char **znodes; /* distinct; of length count */
	size_t count;
	const char *message; /* nginx's sentence, without "nginx: [emerg] " and the file */
	bool probe; /* it was about what is there for the sake of nginx.probe, and then no znode's
		       fault unless one is named, too */
};

/*
 * `output`: what nginx wrote; `live`: the directory whose files the bundle stands
 * for ("/var/lib/zknginxd/live"). count 0 when nothing leads to a znode.
 */
struct blame blame_find(struct arena *a, const struct bundle *b, const char *live,
			const char *output);

#endif
