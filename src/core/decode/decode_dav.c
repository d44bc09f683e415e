/*
 * WebDAV: a location that clients write files to.
 *
 * What clients write must never become a program, a page of another site or a file of the host. So
 * its root is one of the directories that the host has set aside (snippets.writable). No other
 * location, of any site, may serve or run anything in there. It is a root and no alias, because
 * nginx computes where COPY and MOVE write to from the path that the client names. And it has
 * neither locations within it nor lines of nginx's own, which would inherit its root: one with
 * fastcgi would run what a client has written.
 */
#include "decode_dav.h"

#include <stddef.h>
#include <string.h>

#include "core/data/clauses.h"
#include "core/policy/policy.h"

#define LINES offsetof(struct location, common.lines)

static const char *check_method(const struct reader *r UNUSED, const char *s)
{
	static const char *const methods[] = { "PUT", "DELETE", "MKCOL", "COPY", "MOVE" };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(s, methods[i]) == 0)
			return NULL;
	}
	return "expected PUT, DELETE, MKCOL, COPY or MOVE";
}

/* "user:rw", "group:r", "all:r" */
static const char *check_rights(const struct reader *r UNUSED, const char *s)
{
	static const char *const who[] = { "user:", "group:", "all:" };

	for (size_t i = 0; i < ARRAY_SIZE(who); i++) {
		const char *rights = s + strlen(who[i]);

		if (strncmp(s, who[i], strlen(who[i])) == 0 &&
		    (strcmp(rights, "r") == 0 || strcmp(rights, "rw") == 0))
			return NULL;
	}
	return "expected user:, group: or all:, and r or rw";
}

static const struct field dav_rows[] = {
	{ "methods", FIELD_LINE_WORDS, .where = LINES, .required = true, .check = check_method,
	  .directive = "dav_methods" },
	{ "create_full_put_path", FIELD_LINE_FLAG, .where = LINES,
	  .directive = "create_full_put_path" },
	{ "min_delete_depth", FIELD_LINE_NUMBER, .where = LINES, .most = 1000,
	  .directive = "min_delete_depth" },
	{ "access", FIELD_LINE_WORDS, .where = LINES, .check = check_rights,
	  .directive = "dav_access" },
};
const struct fields decode_dav_fields = FIELDS(dav_rows);

static bool is_written(const struct location *l)
{
	return clauses_find(&l->common.lines, "dav_methods");
}

void decode_dav_check(struct reader *r, const struct location *l)
{
	bool writable = l->root && policy_may_write(r->policy, l->root);

	if (!is_written(l)) {
		if (writable && !policy_may_serve(r->policy, l->root))
			reader_problem(r, "root",
				       "is a directory that clients write to (snippets.writable): "
				       "only a location with \"dav\" may have it");
		return;
	}
	if (!l->root)
		reader_problem(r, "dav",
			       "needs a \"root\" of this location that is a directory of "
			       "snippets.writable, or below one");
	else if (!writable)
		reader_problem(r, "root",
			       "must be a directory of snippets.writable, or below one, where "
			       "there is \"dav\"");
	if (l->raw.include_count || l->raw.directive_count)
		reader_problem(r, "dav",
			       "is not possible together with \"directives\" or \"include\": "
			       "clients could have their files run");
}
