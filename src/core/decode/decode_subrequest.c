/*
 * Locations that answer a subrequest of nginx: an auth_request, or a mirror.
 *
 * nginx sends such a location the headers of the client's request, and its own path. It sends no
 * body to an auth_request, nor to a mirror without mirror_request_body. A server that is told a
 * length and gets no body waits for it. And a copy of a request has to have the path of that
 * request. So what render writes for these locations differs.
 */
#include <string.h>

#include "core/data/clauses.h"
#include "decode_subrequest.h"

static const char *word_of(const struct common *common, const char *directive)
{
	const struct clause *s = clauses_find(&common->lines, directive);

	return s && s->count ? s->words[0] : NULL;
}

/* Of a location without the field, that of the site counts. */
static bool mirrors_body(const struct site *site, const struct common *common)
{
	const char *s = word_of(common, "mirror_request_body");

	s = s ?: word_of(&site->common, "mirror_request_body");
	return !s || strcmp(s, "off") != 0;
}

/* Only nginx itself comes to an exact or internal location of that path, as a rule. */
static bool answers(const struct location *l, const char *path)
{
	if (!l->path)
		return false;
	if (strncmp(l->path, "= ", 2) == 0)
		return strcmp(l->path + 2, path) == 0;
	return clauses_find(&l->common.lines, "internal") &&
	       strcmp(strncmp(l->path, "^~ ", 3) == 0 ? l->path + 3 : l->path, path) == 0;
}

static void mark(struct site *site, const char *path, bool copy, bool body)
{
	for (size_t i = 0; path && i < site->location_count; i++) {
		struct location *l = &site->locations[i];

		if (!answers(l, path))
			continue;
		l->gets_copies |= copy;
		l->gets_no_body |= !body;
	}
}

static void mark_those_of(struct site *site, const struct common *common)
{
	mark(site, word_of(common, "auth_request"), false, false);
	mark(site, word_of(common, "mirror"), true, mirrors_body(site, common));
}

void decode_subrequests(struct site *site)
{
	mark_those_of(site, &site->common);
	for (size_t i = 0; i < site->location_count; i++)
		mark_those_of(site, &site->locations[i].common);
}
