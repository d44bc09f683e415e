/*
 * The content of one override, cluster/overrides/UPSTREAM: {"confirm": TIME, "drain": …}, in which
 * `drain` is an array of servers, or an object {SERVER: TIME or null}. Reading is as strict as that
 * of an object of the config; what was read is printed as a content that reads back the same.
 */
#ifndef ZKNGINX_OVERRIDE_CONTENT_H
#define ZKNGINX_OVERRIDE_CONTENT_H

#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/model.h>
#include <zknginx/problem.h>

struct override_content {
	uint64_t confirm;     /* microseconds since 1970; 0: none */
	struct drains drains; /* sorted by server; their upstream is NULL */
};

/* Reads the znode's data, into the arena. False: it is no valid override; problems are added. */
bool override_content_read(struct arena *a, const struct znode *z, struct override_content *out,
			   struct problems *problems);

/* The same for the data alone. ERR_INPUT: it is no valid override; `e` names the first problem. */
int override_parse(struct arena *a, const char *data, size_t size, struct override_content *out,
		   struct err *e);
void override_print(const struct override_content *content, struct buf *out);

#endif
