/*
 * The policy for a whole site: which files and paths its fields, and lines of nginx's own language
 * in it, can lead to.
 *
 * They are safe or not together (policy_server.h). So the server that the site makes is written
 * down, as far as it matters for the policy, with the texts of the snippets that it includes, and
 * checked as a snippet with that server.
 */
#ifndef ZKNGINX_CORE_POLICY_SITE_H
#define ZKNGINX_CORE_POLICY_SITE_H

#include <zknginx/model.h>

#include "policy.h"

struct site_violation {
	const char *field;             /* of the site; in the arena */
	const struct snippet *snippet; /* that is included there; NULL: a line of the site itself */
	unsigned line;                 /* of the snippet */
	bool typed;                    /* the field is no line of nginx's own language */
	struct violation violation;
};

/*
 * find: the snippet that is included under this name, or NULL: then it counts as empty. Under "all"
 * nothing is checked here. Under "off" there are no such lines, and the fields are held to "safe".
 */
bool policy_check_site(const struct policy *p, struct arena *a, const struct site *s,
		       const struct snippet *(*find)(void *ctx, enum config_kind kind,
						     const char *name),
		       void *ctx, struct site_violation *out);

/* Has the site any such lines or snippets? */
bool site_has_raw_lines(const struct site *s);

/* One text alone, in its place: a snippet that is included, or a line of an upstream. */
bool policy_check_part(const struct policy *p, enum policy_place place, const char *text,
		       size_t size, struct violation *v);

#endif
