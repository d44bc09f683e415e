/*
 * Notes: the first three registrations by name, each with its reason, and how many there are. There
 * may be 100,000 that an upstream leaves out, so a reason is made into text only for the first.
 */
#include <stdio.h>
#include <string.h>

#include "discover_notes.h"

static size_t shown(const struct notes *n)
{
	return n->count < NOTES_NAMED ? n->count : NOTES_NAMED;
}

static int compare(const struct note *x, const struct znode *z, size_t part)
{
	int order = path_compare(x->znode->path, z->path);

	return order ? order : (x->part > part) - (x->part < part);
}

bool notes_want(const struct notes *n, const struct znode *z, size_t part)
{
	return n->count < NOTES_NAMED || compare(&n->first[NOTES_NAMED - 1], z, part) > 0;
}

/* The second one of a znode's registrations is "\"a\"[1]", as in a field's path. */
static const char *text_of(struct arena *a, const struct znode *z, size_t part, const char *why)
{
	char index[32] = "";

	if (part)
		snprintf(index, sizeof(index), "[%zu]", part);
	return arena_printf(a, "\"%.64s\"%s %.200s", path_name(z->path), index, why);
}

void notes_add(struct notes *n, struct arena *a, const struct znode *z, size_t part,
	       const char *why)
{
	size_t i = shown(n), last;

	if (!notes_want(n, z, part)) {
		n->count++;
		return;
	}
	while (i > 0 && compare(&n->first[i - 1], z, part) > 0)
		i--;
	n->count++;
	last = shown(n) - 1;
	memmove(&n->first[i + 1], &n->first[i], (last - i) * sizeof(*n->first));
	n->first[i] = (struct note){ z, part, text_of(a, z, part, why) };
}

const char *notes_text(const struct notes *n, struct arena *a)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (!n->count)
		return NULL;
	for (size_t i = 0; i < shown(n); i++)
		buf_printf(&text, "%s%s", i ? "; " : "", n->first[i].text);
	if (n->count > NOTES_NAMED)
		buf_puts(&text, "; …");
	return arena_strdup(a, buf_str(&text));
}
