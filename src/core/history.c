/*
 * The entries of the history: where they are, and their JSON. A znode that is no entry, and an
 * entry that is not complete, count for nothing but for their number, which is taken.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>
#include <zknginx/history.h>

#include "json_text.h"

#define DIGITS 10 /* at least */
/* Notes and messages are for people; what is longer than this is no message. */
#define TEXT_MAX 1024
#define ZNODES_MAX 100

const char *history_path(struct arena *a, const char *cluster, unsigned long seq)
{
	return arena_printf(a, "%s/history/%010lu", cluster, seq);
}

const char *history_part_path(struct arena *a, const char *cluster, unsigned long seq, unsigned n)
{
	return arena_printf(a, "%s/history/%010lu/%u", cluster, seq, n);
}

/* --- reading --------------------------------------------------------------------------------- */

/* One number has one name: what history_path() writes. */
static bool parse_seq(const char *name, unsigned long *seq)
{
	size_t size = strlen(name);

	if (size < DIGITS || size > 18 || strspn(name, "0123456789") != size ||
	    (size > DIGITS && name[0] == '0'))
		return false;
	*seq = strtoul(name, NULL, 10);
	return true;
}

static const char *text(struct arena *a, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? arena_strdup(a, s) : "";
}

/* A number that is not there, or cannot be one, is 0. */
static unsigned long number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (unsigned long)n : 0;
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

static bool read_entry(struct arena *a, const json_t *j, struct history_entry *out)
{
	unsigned long parts = number(j, "parts");
	struct digest digest;

	*out = (struct history_entry){
		.seq = out->seq,
		.revision = text(a, j, "revision"),
		.at = text(a, j, "at"),
		.changed = text(a, j, "changed"),
		.by = text(a, j, "by"),
		.note = text(a, j, "note"),
		.leader = text(a, j, "leader"),
		.outcome = text(a, j, "outcome"),
		.reason = text(a, j, "reason"),
		.changes = number(j, "changes"),
		.size = number(j, "size"),
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

size_t history_parse(struct arena *a, const struct tree *t, const char *cluster,
		     struct history_entry **out, unsigned long *last)
{
	const char *above = arena_printf(a, "%s/history", cluster);
	size_t i = tree_lower_bound(t, above), count = 0, room = 0;
	struct history_entry *entries = NULL;

	*last = 0;
	i += i < tree_count(t) && strcmp(tree_at(t, i)->path, above) == 0;
	for (; i < tree_count(t) && path_is_below(tree_at(t, i)->path, above);
	     i = tree_subtree_end(t, i)) {
		struct history_entry h = { 0 };
		bool ok = history_entry_parse(a, tree_at(t, i), &h);

		*last = h.seq > *last ? h.seq : *last;
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
	return count;
}

/* --- writing --------------------------------------------------------------------------------- */

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		die("history: cannot set %s", key);
}

static void set_text(json_t *object, const char *key, const char *s)
{
	set(object, key, text_to_json(s ? s : "", TEXT_MAX));
}

static json_t *znodes_json(const struct history_entry *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->znode_count && i < ZNODES_MAX; i++)
		json_array_append_new(list, text_to_json(h->znodes[i], TEXT_MAX));
	return list;
}

void history_entry_print(const struct history_entry *h, struct buf *out)
{
	json_t *j = json_object();
	char *printed;

	set_text(j, "revision", h->revision);
	set_text(j, "at", h->at);
	set_text(j, "changed", h->changed);
	set_text(j, "by", h->by);
	set_text(j, "note", h->note);
	set_text(j, "leader", h->leader);
	set_text(j, "outcome", h->outcome);
	set_text(j, "reason", h->reason);
	set(j, "znodes", znodes_json(h));
	set(j, "changes", json_integer((json_int_t)h->changes));
	set(j, "parts", json_integer((json_int_t)h->parts));
	set(j, "size", json_integer((json_int_t)h->size));
	printed = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	if (!printed)
		die("history: cannot print an entry");
	buf_puts(out, printed);
	free(printed);
}
