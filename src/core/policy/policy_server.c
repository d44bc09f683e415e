/*
 * Notes about the URIs of a server, and how they are compared at the end of its blocks.
 *
 * A server whose upstreams may leave ".." at the end of a URI is still allowed when that is
 * harmless: no statement makes two ".." segments of one, and the parents of its roots are within
 * snippets.roots.
 */
#include <string.h>

#include "policy_server.h"

static void note(unsigned *line, unsigned at)
{
	if (!*line)
		*line = at;
}

static bool climbs(const struct uri_use *use, const struct uri_world *w, struct uri_error *error)
{
	uri_examine(&use->template, w, error);
	return error->climbs;
}

/* What the use does when URIs may have ".." already. */
static bool is_frail(const struct uri_use *use, struct uri_notes *notes)
{
	struct uri_error ignored;
	bool needs = climbs(use, &uri_trailing, &ignored);

	if (needs)
		note(use->carried ? &notes->carries : &notes->needs, use->line);
	if (climbs(use, &uri_parent, &ignored)) {
		note(use->stays ? &notes->strays : &notes->climbs, use->line);
		needs = true;
	}
	if (use->carried && strchr(use->template.text, '$'))
		note(&notes->carriers, use->line);
	return needs;
}

enum uri_result uri_use_check(const struct uri_use *use, struct uri_notes *notes,
			      struct uri_error *error)
{
	uri_examine(&use->template, &uri_plain, error);
	if (error->climbs || error->trailing)
		return URI_CLIMBS;
	if (climbs(use, &uri_odd, error))
		return URI_CLIMBS_ODDLY;
	if (error->trailing) {
		if (use->outer)
			return URI_CLIMBS_ODDLY;
		note(use->stays ? &notes->stays : &notes->leaves, use->line);
	}
	return is_frail(use, notes) && use->outer ? URI_CLIMBS_ODDLY : URI_GOOD;
}

void notes_pass(struct uri_notes *n, enum pass_family family, unsigned line)
{
	if (family != PASS_FAMILIES)
		note(&n->pass[family], line);
	n->answers = n->has_pass = true;
}

void notes_files(struct uri_notes *n, unsigned line)
{
	note(&n->files, line);
}

void notes_unknown(struct uri_notes *n, unsigned line)
{
	note(&n->needs, line);
	note(&n->files, line);
}

/* "/srv/www" has the parent "/srv"; one that is written with "." or "//" is not looked into. */
static bool parent_is_allowed(const struct policy *p, const char *path)
{
	size_t size = strlen(path);
	char parent[512];

	while (size > 1 && path[size - 1] == '/')
		size--;
	while (size > 1 && path[size - 1] != '/')
		size--;
	while (size > 1 && path[size - 1] == '/')
		size--;
	if (size >= sizeof(parent) || strstr(path, "/.") || strstr(path, "//"))
		return false;
	memcpy(parent, path, size);
	parent[size] = '\0';
	return policy_may_serve(p, parent);
}

void notes_root(struct uri_notes *n, const struct policy *p, const char *path, unsigned line)
{
	n->has_root = true;
	if (!parent_is_allowed(p, path))
		note(&n->shallow, line);
}

/* --- the end of a block ---------------------------------------------------------------------- */

static unsigned either(unsigned a, unsigned b)
{
	return a ? a : b;
}

/* Upstreams whose X-Accel-Redirect is decided on here; the others are the block's around. */
static void settle_passes(const struct uri_notes *n, bool last, unsigned left[static PASS_FAMILIES],
			  unsigned *redirected)
{
	for (int i = 0; i < PASS_FAMILIES; i++) {
		enum said ignores = last && n->ignores[i] == UNSAID ? SAID_NO : n->ignores[i];

		left[i] = ignores == UNSAID ? n->pass[i] : 0;
		if (ignores == SAID_NO && n->pass[i])
			note(redirected, n->pass[i]);
	}
}

static void hand_on_rewrites(const struct uri_notes *n, struct uri_notes *around)
{
	note(&around->strays, n->strays);
	note(&around->files, n->files);
}

static void hand_on(const struct uri_notes *n, enum block_kind kind, struct uri_notes *around)
{
	bool part = kind == BLOCK_OTHER;
	unsigned left[PASS_FAMILIES];

	note(&around->leaves, n->leaves);
	note(&around->stays, n->stays);
	note(&around->carries, n->carries);
	note(kind == BLOCK_NAMED ? &around->carries : &around->needs, n->needs);
	note(&around->climbs, n->climbs);
	note(&around->passes, n->passes);
	note(&around->carriers, n->carriers);
	if (part)
		hand_on_rewrites(n, around);
	else
		note(n->has_pass && !n->files ? &around->passes : &around->climbs, n->strays);
	if (kind == BLOCK_NAMED && (!n->has_pass || n->files))
		note(&around->carriers, n->line);
	note(&around->shallow, n->shallow);
	note(&around->redirected, n->redirected);
	settle_passes(n, false, left, &around->redirected);
	for (int i = 0; i < PASS_FAMILIES; i++)
		note(&around->pass[i], left[i]);
	if (part)
		around->uncovered |= n->uncovered;
	else if (!n->has_root)
		around->uncovered |= n->uncovered || !n->answers || n->needs;
	around->has_slash |= part && n->has_slash;
}

static struct uri_conflict conflict(unsigned line, unsigned other)
{
	return (struct uri_conflict){
		.line = line,
		.other = other,
		.why = "a URI that is made here may end in \"..\" (a request with %0a or %3f), and "
		       "another statement appends to it",
		.advice = "end the regular expression with \\z instead of $, and use literal paths "
			  "for error_page and at the end of try_files",
	};
}

static struct uri_conflict close_location(const struct uri_notes *n)
{
	unsigned makes = either(n->stays, n->leaves), needs = either(n->needs, n->carries);

	return makes && needs ? conflict(makes, needs) : (struct uri_conflict){ 0 };
}

/* May a ".." that an upstream's header leaves at the end of a URI lead out of the roots? */
static bool leads_out(const struct uri_notes *n)
{
	bool covered = n->has_root || (n->has_slash && !n->uncovered);

	return n->climbs || n->strays || (n->passes && n->carriers) || n->shallow || !covered;
}

static struct uri_conflict close_server(const struct uri_notes *n)
{
	unsigned needs = either(n->needs, n->carries), left[PASS_FAMILIES];
	unsigned redirected = n->redirected;

	if (n->leaves && needs)
		return conflict(n->leaves, needs);
	if (n->stays && n->carries)
		return conflict(n->stays, n->carries);
	settle_passes(n, true, left, &redirected);
	if (!redirected || !needs || !leads_out(n))
		return (struct uri_conflict){ 0 };
	return (struct uri_conflict){
		.line = redirected,
		.other = needs,
		.why = "the upstream may redirect to a URI that ends in \"..\" "
		       "(X-Accel-Redirect), and another statement appends to it",
		.advice = "add \"proxy_ignore_headers X-Accel-Redirect;\" (grpc_…, fastcgi_…, "
			  "uwsgi_…), or "
			  "serve only from a directory below one of snippets.roots",
	};
}

struct uri_conflict notes_close(const struct uri_notes *n, enum block_kind kind,
				struct uri_notes *around)
{
	if (kind == BLOCK_SERVER)
		return close_server(n);
	hand_on(n, kind, around);
	return kind == BLOCK_OTHER ? (struct uri_conflict){ 0 } : close_location(n);
}
