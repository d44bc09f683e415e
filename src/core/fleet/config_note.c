/* Any client may write the root's data, so reading it never fails. */
#include <string.h>

#include "config_note.h"
#include "core/text/json_text.h"
#include "core/text/utc.h"

#define REMOVAL "rm "

static json_t *load(const char *data, size_t size)
{
	unsigned line;
	json_t *j = size && json_depth_is_sane(data, data + size, &line)
			    ? json_loadb(data, size, 0, NULL)
			    : NULL;

	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

static bool read_push(struct arena *a, const json_t *j, struct config_push *out)
{
	const json_t *left = json_object_get(j, "left");

	*out = (struct config_push){
		.by = json_get_text(a, j, "by"),
		.id = json_get_text(a, j, "id"),
		.time = utc_parse(json_get_text(a, j, "time")),
		.left = json_get_number(j, "left"),
	};
	return json_is_string(json_object_get(j, "by")) && *out->id && out->time &&
	       json_is_integer(left) && json_integer_value(left) >= 0;
}

/* A key of another type is none of ours. */
static const char *take_text(struct arena *a, json_t *j, const char *key)
{
	const char *text = json_get_text(a, j, key);

	if (json_is_string(json_object_get(j, key)))
		json_object_del(j, key);
	return text;
}

static void read_signature(struct arena *a, json_t *j, struct config_note *out)
{
	const json_t *serial = json_object_get(j, "serial");

	out->revision = take_text(a, j, "revision");
	out->time = take_text(a, j, "time");
	out->signature = take_text(a, j, "signature");
	if (!json_is_integer(serial) || json_integer_value(serial) < 1 ||
	    (unsigned long)json_integer_value(serial) > SERIAL_MAX)
		return;
	out->serial = (unsigned long)json_integer_value(serial);
	json_object_del(j, "serial");
}

/* What is left of the object without the keys that are known. */
static const char *read_other(struct arena *a, json_t *j)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	json_object_del(j, "by");
	json_object_del(j, "note");
	json_object_del(j, "push");
	if (!json_object_size(j))
		return NULL;
	json_print(json_incref(j), JSON_COMPACT, &text);
	return arena_strdup(a, buf_str(&text));
}

struct config_note config_note_empty(void)
{
	return (struct config_note){ .by = "",
				     .note = "",
				     .revision = "",
				     .time = "",
				     .signature = "",
				     .push = { .by = "", .id = "" } };
}

void config_note_take_signature(struct config_note *n, const struct config_note *from)
{
	n->revision = from->revision;
	n->serial = from->serial;
	n->time = from->time;
	n->signature = from->signature;
}

void config_note_parse(struct arena *a, const char *data, size_t size, struct config_note *out)
{
	json_auto_t *j = load(data, size);

	*out = config_note_empty();
	if (!j)
		return;
	out->by = json_get_text(a, j, "by");
	out->note = json_get_text(a, j, "note");
	out->unfinished = read_push(a, json_object_get(j, "push"), &out->push);
	read_signature(a, j, out);
	out->other = read_other(a, j);
}

static json_t *push_json(const struct config_push *p)
{
	CLEANUP(buf_fini) struct buf time = BUF_INIT;
	json_t *j = json_object();

	utc_print(p->time, &time);
	json_put_text(j, "by", p->by);
	json_put_text(j, "id", p->id);
	json_put_text(j, "time", buf_str(&time));
	json_put_number(j, "left", p->left);
	return j;
}

void config_note_print(const struct config_note *n, struct buf *out)
{
	json_t *j = n->other ? load(n->other, strlen(n->other)) : NULL;

	if (!j)
		j = json_object();
	if (*n->by)
		json_put_text(j, "by", n->by);
	if (*n->note)
		json_put_text(j, "note", n->note);
	if (n->unfinished)
		json_put(j, "push", push_json(&n->push));
	if (*n->revision)
		json_put_text(j, "revision", n->revision);
	if (n->serial)
		json_put_number(j, "serial", n->serial);
	if (*n->signature)
		json_put_text(j, "signature", n->signature);
	if (*n->time)
		json_put_text(j, "time", n->time);
	json_print(j, JSON_COMPACT, out);
}

void config_note_of(struct arena *a, const struct tree *t, const char *root,
		    struct config_note *out)
{
	const struct znode *z = tree_find(t, root);

	config_note_parse(a, z ? z->data : "", z ? z->size : 0, out);
}

struct znode config_note_unmarked(struct arena *a, const struct znode *z)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct znode bare = *z;
	struct config_note n;

	config_note_parse(a, z->data, z->size, &n);
	if (!n.unfinished)
		return bare;
	n.unfinished = false;
	config_note_print(&n, &text);
	bare.data = arena_copy(a, buf_str(&text), text.size);
	bare.size = text.size;
	return bare;
}

const char *config_removal_id(struct arena *a, const char *path)
{
	return arena_printf(a, REMOVAL "%s", path);
}

const char *config_push_removal(const struct config_push *p)
{
	const size_t size = strlen(REMOVAL);

	return strncmp(p->id, REMOVAL "/", size + 1) == 0 ? p->id + size : NULL;
}
