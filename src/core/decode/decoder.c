/* See decoder.h. */
#include "decoder.h"

/* The form that nginx runs now, if it has other bytes. */
static bool read_accepted(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	const struct znode *good = tree_find(d->in->accepted, z->path);

	return good && !znode_same(good, z) && form(d, good, out, &d->dropped);
}

bool decoder_read(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	size_t first = d->problems->count;

	if (form(d, z, out, d->problems))
		return true;
	if (!read_accepted(d, z, form, out))
		return false;
	for (size_t i = first; i < d->problems->count; i++)
		d->problems->items[i].serving = SERVING_PREVIOUS;
	return true;
}

void decoder_reject(struct decoder *d, const struct znode *z, const char *why)
{
	problems_add(d->problems, z->path, PROBLEM_FIELD, NULL, "%s", why);
}
