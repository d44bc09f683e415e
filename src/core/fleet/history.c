/*
 * The entries of the history: where they are, and their JSON. A znode that is no entry, and an
 * entry that is not complete, count for nothing but for their number, which is taken.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>
#include <zknginx/history.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"

#define DIGITS 10 /* at least */
/* Notes and messages are for people; what is longer than this is no message. */
#define TEXT_MAX 1024
#define ZNODES_MAX 100

static const char *const outcome_names[] = {
#define X(name, text) [OUTCOME_##name] = text,
	HISTORY_OUTCOMES(X)
#undef X
};

const char *history_outcome_name(enum history_outcome o)
{
	return outcome_names[o];
}

const char *history_path(struct arena *a, const char *cluster, unsigned long seq)
{
	return cluster_path(a, cluster, CLUSTER_HISTORY, arena_printf(a, "%010lu", seq));
}

const char *history_part_path(struct arena *a, const char *cluster, unsigned long seq, unsigned n)
{
	return cluster_path(a, cluster, CLUSTER_HISTORY, arena_printf(a, "%010lu/%u", seq, n));
}

/* --- reading --------------------------------------------------------------------------------- */

/* One number has one name: what history_path() writes. */
static bool parse_seq(const char *name, unsigned long *seq)
{
	size_t size = strlen(name);
	unsigned long n;

	if (size < DIGITS || size > 18 || strspn(name, "0123456789") != size ||
	    (size > DIGITS && name[0] == '0'))
		return false;
	n = strtoul(name, NULL, 10);
	if (!n || n > HISTORY_SEQ_MAX)
		return false;
	*seq = n;
	return true;
}

static void read_znodes(struct arena *a, const json_t *list, struct history_entry *out)
{
	size_t count = json_array_size(list);

	out->znodes = arena_array(a, const char *, count);
	for (size_t i = 0; i < count; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s)
			out->znodes[out->znode_count++] = arena_strdup(a, s);
	}
}

static enum history_outcome read_outcome(struct arena *a, const json_t *j)
{
	const char *name = json_get_text(a, j, "outcome");

	for (size_t i = 0; i < OUTCOME_N; i++) {
		if (strcmp(outcome_names[i], name) == 0)
			return (enum history_outcome)i;
	}
	return OUTCOME_UNKNOWN;
}

static bool read_entry(struct arena *a, const json_t *j, struct history_entry *out)
{
	unsigned long parts = json_get_number(j, "parts");
	struct digest digest;

	*out = (struct history_entry){
		.seq = out->seq,
		.revision = json_get_text(a, j, "revision"),
		.at = json_get_text(a, j, "at"),
		.changed = json_get_text(a, j, "changed"),
		.by = json_get_text(a, j, "by"),
		.note = json_get_text(a, j, "note"),
		.leader = json_get_text(a, j, "leader"),
		.serial = json_get_number(j, "serial"),
		.outcome = read_outcome(a, j),
		.reason = json_get_text(a, j, "reason"),
		.changes = json_get_number(j, "changes"),
		.size = json_get_number(j, "size"),
	};
	if (parts > HISTORY_PARTS_MAX || !digest_parse(out->revision, &digest))
		return false;
	out->parts = (unsigned)parts;
	read_znodes(a, json_object_get(j, "znodes"), out);
	return true;
}

bool history_entry_parse(struct arena *a, const struct znode *z, struct history_entry *out)
{
	json_t *j;
	bool ok;

	*out = (struct history_entry){ 0 };
	if (!parse_seq(path_name(z->path), &out->seq))
		return false;
	j = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);
	ok = json_is_object(j) && read_entry(a, j, out);
	json_decref(j);
	return ok;
}

static int by_seq(const void *a, const void *b)
{
	const struct history_entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Can this number be the last one, so that the next is one that counts and is free? Somebody may
 * have written the highest of all; then it is an earlier one. */
static bool leaves_a_next(struct arena *a, const struct tree *t, const char *cluster,
			  unsigned long seq)
{
	return seq < HISTORY_SEQ_MAX && !tree_find(t, history_path(a, cluster, seq + 1));
}

size_t history_parse(struct arena *a, const struct tree *t, const char *cluster,
		     struct history_entry **out, unsigned long *last)
{
	const char *above = cluster_path(a, cluster, CLUSTER_HISTORY, NULL);
	size_t i = tree_lower_bound(t, above), count = 0, room = 0;
	struct history_entry *entries = NULL;

	*last = 0;
	i += i < tree_count(t) && strcmp(tree_at(t, i)->path, above) == 0;
	for (; i < tree_count(t) && path_is_below(tree_at(t, i)->path, above);
	     i = tree_subtree_end(t, i)) {
		struct history_entry h = { 0 };
		bool ok = history_entry_parse(a, tree_at(t, i), &h);

		if (h.seq > *last && leaves_a_next(a, t, cluster, h.seq))
			*last = h.seq;
		if (!ok || !h.parts)
			continue;
		if (count == room) {
			room = room ? 2 * room : 16;
			entries = xrealloc(entries, room * sizeof(*entries));
		}
		entries[count++] = h;
	}
	*out = arena_array(a, struct history_entry, count);
	if (count) {
		memcpy(*out, entries, count * sizeof(*entries));
		qsort(*out, count, sizeof(**out), by_seq);
	}
	free(entries);
	while (count && (*out)[count - 1].seq > *last)
		count--;
	return count;
}

/* --- writing --------------------------------------------------------------------------------- */

static void set_text(json_t *object, const char *key, const char *s)
{
	json_put(object, key, json_text_cut(s ? s : "", TEXT_MAX));
}

static json_t *znodes_json(const struct history_entry *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->znode_count && i < ZNODES_MAX; i++)
		json_array_append_new(list, json_text_cut(h->znodes[i], TEXT_MAX));
	return list;
}

void history_entry_print(const struct history_entry *h, struct buf *out)
{
	json_t *j = json_object();

	set_text(j, "revision", h->revision);
	set_text(j, "at", h->at);
	set_text(j, "changed", h->changed);
	set_text(j, "by", h->by);
	set_text(j, "note", h->note);
	set_text(j, "leader", h->leader);
	if (h->serial)
		json_put_number(j, "serial", h->serial);
	set_text(j, "outcome", history_outcome_name(h->outcome));
	set_text(j, "reason", h->reason);
	json_put(j, "znodes", znodes_json(h));
	json_put_number(j, "changes", h->changes);
	json_put_number(j, "parts", h->parts);
	json_put_number(j, "size", h->size);
	json_print(j, JSON_COMPACT, out);
}
