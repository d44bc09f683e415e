/* STATE/watermark.json. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/err.h>

#include "core/text/json_text.h"
#include "past.h"

#define FORMAT 1
#define NUMBERS 5 /* of a znode */

/* --- reading --------------------------------------------------------------------------------- */

/* A later format may mean something else by the same fields. */
static int check_format(const json_t *all, struct err *e)
{
	const json_t *format = json_object_get(all, "format");

	if (json_is_integer(format) && json_integer_value(format) == FORMAT)
		return 0;
	if (!json_is_integer(format))
		return err_set(e, ERR_INPUT, "it has no format");
	return err_set(e, ERR_REFUSED,
		       "it has format %lld, and this zknginxd reads format %d; another version of "
		       "zknginxd has written it",
		       (long long)json_integer_value(format), FORMAT);
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && strcmp(value, text) == 0;
}

static bool take_digest(const json_t *object, const char *key, char out[DIGEST_HEX_SIZE])
{
	const char *text = json_string_value(json_object_get(object, key));
	struct digest ignored;

	if (!text || (*text && !digest_parse(text, &ignored)))
		return false;
	snprintf(out, DIGEST_HEX_SIZE, "%s", text);
	return true;
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool take_znode(struct watermark *w, const char *path, const json_t *numbers)
{
	int64_t n[NUMBERS];

	if (json_array_size(numbers) != NUMBERS)
		return false;
	for (size_t i = 0; i < NUMBERS; i++)
		n[i] = json_integer_value(json_array_get(numbers, i));
	w->znodes[w->count++] = (struct watermark_znode){ .path = arena_strdup(w->arena, path),
							  .czxid = n[0],
							  .ctime = n[1],
							  .mzxid = n[2],
							  .mtime = n[3],
							  .below = n[4] };
	return true;
}

static bool take_mark(const json_t *all, struct watermark *w)
{
	json_t *znodes = json_object_get(all, "znodes"), *numbers;
	const char *path;

	*w = (struct watermark){ .arena = arena_new() };
	w->znodes = arena_array(w->arena, struct watermark_znode, json_object_size(znodes) + 1);
	w->zxid = number(all, "zxid");
	json_object_foreach(znodes, path, numbers)
	{
		if (!take_znode(w, path, numbers))
			return false;
	}
	watermark_sort(w);
	return json_is_object(znodes) && take_digest(all, "revision", w->revision);
}

static bool take_back(const json_t *back, struct past *p)
{
	p->back.on = json_is_object(back);
	if (!p->back.on)
		return true;
	p->back.since = (uint64_t)number(back, "since");
	p->back.shared = number(back, "shared");
	p->back.message = xstrdup(json_string_value(json_object_get(back, "message")) ?: "");
	return take_digest(back, "revision", p->back.revision);
}

static bool take_plan(const json_t *all, struct past *p)
{
	const char *text = json_string_value(json_object_get(all, "plan"));

	p->plan = text && *text ? xstrdup(text) : NULL;
	return text;
}

static bool take_all(const json_t *all, struct past *p)
{
	p->time = (uint64_t)number(all, "time");
	p->stale_plan = number(all, "stale_plan");
	take_digest(all, "accepted", p->accepted); /* as a plan had it, which anybody may write */
	return take_mark(all, &p->mark) && take_plan(all, p) &&
	       take_back(json_object_get(all, "rolled_back"), p);
}

static bool is_about(const json_t *all, const struct watermark_places *places)
{
	return is_text(all, "config", places->config) && is_text(all, "cluster", places->cluster) &&
	       is_text(all, "chroot", places->chroot);
}

int past_parse(const char *text, size_t size, const struct watermark_places *places,
	       struct past *out, struct err *e)
{
	json_error_t why;
	json_auto_t *all = json_loadb(text, size, 0, &why);

	*out = (struct past){ 0 };
	if (!all)
		return err_set(e, ERR_INPUT, "%s", why.text);
	if (check_format(all, e) < 0)
		return -1;
	if (!is_about(all, places))
		return 0;
	if (take_all(all, out))
		return 0;
	past_fini(out);
	return err_set(e, ERR_INPUT, "it lacks a field that is needed");
}

/* --- printing -------------------------------------------------------------------------------- */

static json_t *numbers_of(const struct watermark_znode *z)
{
	const int64_t n[NUMBERS] = { z->czxid, z->ctime, z->mzxid, z->mtime, z->below };
	json_t *list = json_array();

	for (size_t i = 0; i < NUMBERS; i++)
		json_array_append_new(list, json_integer(n[i]));
	return list;
}

static json_t *back_json(const struct past *p)
{
	json_t *back = json_object();

	json_put(back, "since", json_integer((json_int_t)p->back.since));
	json_put(back, "shared", json_integer(p->back.shared));
	json_put_text(back, "revision", p->back.revision);
	json_put_text(back, "message", p->back.message);
	return back;
}

void past_print(const struct past *p, const struct watermark_places *places, struct buf *out)
{
	json_t *all = json_object(), *znodes = json_object();

	/* A name that is no UTF-8 is none of an object: it is left out. */
	for (size_t i = 0; i < p->mark.count; i++)
		json_object_set_new(znodes, p->mark.znodes[i].path, numbers_of(&p->mark.znodes[i]));
	json_put(all, "format", json_integer(FORMAT));
	json_put_text(all, "config", places->config);
	json_put_text(all, "cluster", places->cluster);
	json_put_text(all, "chroot", places->chroot);
	json_put(all, "zxid", json_integer(p->mark.zxid));
	json_put_text(all, "revision", p->mark.revision);
	json_put_text(all, "accepted", p->accepted);
	json_put_text(all, "plan", p->plan ?: "");
	json_put(all, "time", json_integer((json_int_t)p->time));
	json_put(all, "stale_plan", json_integer(p->stale_plan));
	json_put(all, "rolled_back", p->back.on ? back_json(p) : json_null());
	json_put(all, "znodes", znodes);
	json_print(all, JSON_COMPACT, out);
}
