/*
 * "format": "auto". Each znode of the place votes for the format that it looks like, and the
 * format with most votes is taken. So a few broken or foreign znodes do not change the result. Only
 * the first VOTERS_MAX znodes vote.
 */
#include <string.h>

#include "core/text/protected_name.h"
#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_plain.h"

#define FORMATS_MAX 32
#define VOTERS_MAX 64

static bool has_sign(const json_t *j, const struct endpoint_sign *sign)
{
	const json_t *value = json_object_get(j, sign->member);

	if (!value || (json_is_object(value) && sign->other && strcmp(sign->other, "port") == 0))
		return false; /* what stands beside a port is a host */
	return (!sign->other || json_object_get(j, sign->other));
}

/* How certainly an object with these members is of the format; -1: it has none of its signs. */
static int certainty_of(const struct endpoint_format *f, const json_t *j)
{
	int most = -1;

	for (size_t i = 0; i < f->sign_count; i++) {
		if (f->signs[i].certainty > most && has_sign(j, &f->signs[i]))
			most = f->signs[i].certainty;
	}
	return most;
}

static const struct endpoint_format *guess_by_members(const json_t *j)
{
	const struct endpoint_format *f, *best = NULL;
	int most = -1;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		int certainty = certainty_of(f, j);

		if (certainty > most) {
			most = certainty;
			best = f;
		}
	}
	return best;
}

static const struct endpoint_format *guess_by_json(const struct znode *z)
{
	json_t *j = memchr(z->data, '{', z->size) ? endpoint_json_of(z) : NULL;
	const struct endpoint_format *f = j ? guess_by_members(j) : NULL;

	json_decref(j);
	return f;
}

/* The first of several registrations in one znode, in the arena; else a copy of the znode. */
static struct znode first_part(const struct znode *z, struct arena *a)
{
	struct endpoint_reading reading = { .arena = a, .format = &endpoint_format_json };
	struct endpoint_parts parts;

	endpoint_split(&reading, z, &parts);
	if (parts.count == 1 && parts.items == z) {
		reading.format = &endpoint_format_data;
		endpoint_split(&reading, z, &parts);
	}
	return parts.items[0];
}

/* With the data as its application wrote it; false: it cannot be had. */
static bool make_plain(struct znode *z, struct arena *a)
{
	CLEANUP(buf_fini) struct buf scratch = BUF_INIT;

	if (endpoint_plain(a, z, &scratch))
		return false;
	z->data = arena_copy(a, z->data, z->size);
	return true;
}

static bool is_parent(const struct endpoint_format *f, const char *name)
{
	for (size_t i = 0; f->parents && f->parents[i]; i++) {
		size_t size = strlen(f->parents[i]);

		if (strncmp(name, f->parents[i], size) == 0 && (!name[size] || name[size] == '/'))
			return true;
	}
	return false;
}

static const struct endpoint_format *guess_by_parent(const char *name)
{
	const struct endpoint_format *f;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		if (is_parent(f, name))
			return f;
	}
	return NULL;
}

static const struct endpoint_format *guess_by_name(const char *name)
{
	const struct endpoint_format *f;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		if (f->name_prefix && strncmp(name, f->name_prefix, strlen(f->name_prefix)) == 0)
			return f;
	}
	return NULL;
}

static bool reads_as(const struct endpoint_format *f, const struct znode *z, struct arena *a)
{
	static const struct discover none = { 0 };
	struct endpoint_reading reading;
	struct endpoint e;
	const char *why;

	endpoint_begin(&reading, a, f, &none, NULL, 0);
	return endpoint_read(&reading, z, &e, &why) == ENDPOINT_READ;
}

/* The format whose trial is the next one after `last`, or NULL. */
static const struct endpoint_format *next_trial(unsigned last)
{
	const struct endpoint_format *f, *next = NULL;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		if (f->trial > last && (!next || f->trial < next->trial))
			next = f;
	}
	return next;
}

static const struct endpoint_format *guess_by_reading(const struct znode *z, struct arena *a)
{
	const struct endpoint_format *f = next_trial(0);

	while (f && !reads_as(f, z, a))
		f = next_trial(f->trial);
	return f;
}

/* name: the rest of the path. It may have several steps, as parents may be missing in a tree. */
static const struct endpoint_format *guess(const struct znode *z, const char *name, struct arena *a)
{
	const struct endpoint_format *f = guess_by_parent(name);
	struct znode plain = *z;

	if (f || strchr(name, '/'))
		return f;
	f = guess_by_name(protected_name_plain(name));
	if (f)
		return f;
	if (make_plain(&plain, a)) {
		plain = first_part(&plain, a);
		f = guess_by_json(&plain);
	}
	return f ? f : guess_by_reading(&plain, a);
}

static void count_vote(size_t votes[static FORMATS_MAX], const struct endpoint_format *f)
{
	for (size_t i = 0; f && i < FORMATS_MAX && endpoint_format_at(i); i++)
		votes[i] += endpoint_format_at(i) == f;
}

static const struct endpoint_format *winner(const size_t votes[static FORMATS_MAX])
{
	size_t best = 0;

	for (size_t i = 1; i < FORMATS_MAX; i++) {
		if (votes[i] > votes[best])
			best = i;
	}
	return votes[best] ? endpoint_format_at(best) : NULL;
}

const struct endpoint_format *endpoint_sniff(const struct tree *t, const char *path)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	size_t votes[FORMATS_MAX] = { 0 };
	size_t i = tree_lower_bound(t, path), voters = 0;

	if (i < tree_count(t) && strcmp(tree_at(t, i)->path, path) == 0)
		i++;
	while (i < tree_count(t) && path_is_below(tree_at(t, i)->path, path) &&
	       voters++ < VOTERS_MAX) {
		const struct znode *z = tree_at(t, i);

		count_vote(votes, guess(z, z->path + strlen(path) + 1, a));
		i = tree_subtree_end(t, i);
	}
	return winner(votes);
}
