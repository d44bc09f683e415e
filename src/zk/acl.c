/* See acl.h. An entry of the scheme "auth" is the creator's own identity, whatever that is. */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "acl.h"
#include "session.h"

/* An identity, and where it has rights: below a root, or (NULL) by the table. */
struct acl_grant {
	char *root;
	struct acl_entry entry; /* owns its strings */
	bool operator;          /* its rights are those of the table; else those of the entry */
};

static void add_grant(struct acl_book *b, const char *root, struct acl_entry entry, bool operator)
{
	b->grants = xrealloc(b->grants, (b->count + 1) * sizeof(*b->grants));
	b->grants[b->count++] = (struct acl_grant){ root ? xstrdup(root) : NULL, entry, operator};
}

static void add_identities(struct acl_book *b, const char *const *list, bool operator)
{
	size_t size;
	const char *id;

	for (; list && *list; list++) {
		if (rights_split_identity(*list, &size, &id))
			add_grant(b, NULL,
				  (struct acl_entry){ xasprintf("%.*s", (int)size, *list),
						      xstrdup(id), RIGHT_ALL },
				  operator);
	}
}

void acl_book_init(struct acl_book *b, const struct zookeeper_settings *s)
{
	*b = (struct acl_book){
		.restricted = (s->auth_file && *s->auth_file) ||
			      (s->tls.ca && *s->tls.ca && *s->tls.certificate),
		.config = xstrdup(s->config ?: ""),
		.cluster = xstrdup(s->cluster ?: ""),
	};
	add_identities(b, s->daemons, false);
	add_identities(b, s->operators, true);
}

void acl_book_fini(struct acl_book *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free(b->grants[i].root);
		free((char *)(uintptr_t)b->grants[i].entry.scheme);
		free((char *)(uintptr_t)b->grants[i].entry.id);
	}
	free(b->grants);
	free(b->config);
	free(b->cluster);
}

/* "digest:user:x": the server does not show it to us. */
static bool is_masked(const struct acl_entry *e)
{
	size_t size = strlen(e->id);

	return strcmp(e->scheme, "digest") == 0 && size >= 2 && strcmp(e->id + size - 2, ":x") == 0;
}

void acl_book_grant(struct acl_book *b, const char *root, const struct acl_entry *acl, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(acl[i].scheme, "world") != 0 && !is_masked(&acl[i]))
			add_grant(b, root,
				  (struct acl_entry){ xstrdup(acl[i].scheme), xstrdup(acl[i].id),
						      acl[i].permissions },
				  false);
	}
}

static void add(struct ACL_vector *v, const char *scheme, const char *id, int rights)
{
	if (!rights)
		return;
	v->data[v->count++] =
		(struct ACL){ .perms = rights,
			      .id = { .scheme = xstrdup(scheme), .id = xstrdup(id) } };
}

/* Has a grant before this one the same identity for the same path? */
static bool is_repeated(const struct acl_book *b, size_t at, const char *path)
{
	const struct acl_entry *e = &b->grants[at].entry;

	for (size_t i = 0; i < at; i++) {
		const struct acl_grant *g = &b->grants[i];

		if ((!g->root || path_is_within(path, g->root)) &&
		    strcmp(g->entry.scheme, e->scheme) == 0 && strcmp(g->entry.id, e->id) == 0)
			return true;
	}
	return false;
}

struct ACL_vector *acl_book_make(const struct acl_book *b, const char *path, int flags)
{
	struct rights rights = rights_of(path, b->config, b->cluster);
	struct ACL_vector *v;

	if (!b->restricted || (flags & SESSION_OPEN))
		return NULL;
	v = xcalloc(1, sizeof(*v));
	v->data = xcalloc(b->count + 2, sizeof(*v->data));
	add(v, "auth", "", RIGHT_ALL);
	for (size_t i = 0; i < b->count; i++) {
		const struct acl_grant *g = &b->grants[i];

		if ((!g->root || path_is_within(path, g->root)) && !is_repeated(b, i, path))
			add(v, g->entry.scheme, g->entry.id,
			    g->operator? rights.operators : g->entry.permissions);
	}
	add(v, "world", "anyone", flags & SESSION_READABLE ? RIGHT_READ : rights.world);
	return v;
}

void acl_free(struct ACL_vector *v)
{
	if (!v)
		return;
	for (int32_t i = 0; i < v->count; i++) {
		free(v->data[i].id.scheme);
		free(v->data[i].id.id);
	}
	free(v->data);
	free(v);
}
