/* See decoder.h. */
#include "decoder.h"
#include "core/data/layout.h"
#include "expand.h"

/* The form that nginx runs now, if it has other bytes. */
static bool read_accepted(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	const struct znode *good = tree_find(d->in->accepted, z->path);

	return good && !znode_same(good, z) && form(d, good, out, &d->dropped);
}

/* The mirror refuses such a znode before it is kept; a tree from files has it. */
static bool is_too_large(struct decoder *d, const struct znode *z)
{
	size_t most = config_data_most(z->path, d->in->root);

	if (z->size <= most)
		return false;
	problems_add(d->problems, z->path, PROBLEM_FIELD, NULL,
		     "has %zu bytes of data; at most %zu are allowed here", z->size, most);
	return true;
}

static bool is_expanded(struct decoder *d, const struct znode *z)
{
	return !expansion_problem(d->in->expansion, z->path, d->problems);
}

bool decoder_read(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	size_t first = d->problems->count;

	if (!is_too_large(d, z) && is_expanded(d, z) && form(d, z, out, d->problems))
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
