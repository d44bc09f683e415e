/* What a search notes of the registrations that give no server, for problems and for people. */
#ifndef ZKNGINX_CORE_DISCOVER_NOTES_H
#define ZKNGINX_CORE_DISCOVER_NOTES_H

#include <zknginx/arena.h>
#include <zknginx/tree.h>

#define NOTES_NAMED 3 /* how many of the registrations are named */

/* One registration: a znode, and which of the registrations in it. */
struct note {
	const struct znode *znode;
	size_t part;
	const char *text; /* "\"a\" is down" */
};

/* The first registrations, in the order of their paths. */
struct notes {
	struct note first[NOTES_NAMED];
	size_t count; /* all of them */
};

/* `why` is the rest of a sentence about the registration. It is copied only where it is among the
 * first. */
void notes_add(struct notes *n, struct arena *a, const struct znode *z, size_t part,
	       const char *why);
/* Are there places left, or would this znode come before one that has a place? */
bool notes_want(const struct notes *n, const struct znode *z, size_t part);
/* "\"a\" is down; \"b\" has no port; …", in the arena; NULL: there is none. */
const char *notes_text(const struct notes *n, struct arena *a);

#endif
