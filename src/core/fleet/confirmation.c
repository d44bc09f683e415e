/* The confirmation: {"history": {"by", "config": {"ctime", "czxid", "zxid"}, "time"}}. */
#include <string.h>

#include <jansson.h>

#include "confirmation.h"
#include "core/text/json_text.h"
#include "core/text/utc.h"

static bool read_number(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0;
}

static bool read_all(struct arena *a, const json_t *history, struct confirmation *c)
{
	const json_t *config = json_object_get(history, "config");

	c->by = json_get_text(a, history, "by");
	c->time = utc_parse(json_get_text(a, history, "time"));
	return c->time && read_number(config, "czxid", &c->czxid) &&
	       read_number(config, "ctime", &c->ctime) && read_number(config, "zxid", &c->zxid);
}

bool confirmation_parse(struct arena *a, const char *data, size_t size, struct confirmation *out,
			const char **why)
{
	json_auto_t *all = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *history = json_object_get(all, "history");
	bool good;

	*out = (struct confirmation){ .by = "" };
	good = json_is_object(history) && read_all(a, history, out);
	*why = good ? "" : "it is not what \"zknginxctl confirm --history\" writes";
	return good;
}

void confirmation_print(const struct confirmation *c, struct buf *out)
{
	CLEANUP(buf_fini) struct buf time = BUF_INIT;
	json_t *all = json_object(), *history = json_object(), *config = json_object();

	utc_print(c->time, &time);
	json_put(config, "ctime", json_integer(c->ctime));
	json_put(config, "czxid", json_integer(c->czxid));
	json_put(config, "zxid", json_integer(c->zxid));
	json_put_text(history, "by", c->by);
	json_put(history, "config", config);
	json_put_text(history, "time", buf_str(&time));
	json_put(all, "history", history);
	json_print(all, JSON_COMPACT, out);
}

/* Where there was no config yet, the operator creates it after the confirmation. */
static bool is_same_root(const struct confirmation *c, const struct watermark_znode *root,
			 int64_t written)
{
	if (!c->czxid)
		return !root || root->czxid > written;
	return root && root->czxid == c->czxid && root->ctime == c->ctime;
}

/* Is it the known one, or one before that? A server that was restored may use lower numbers for
 * what is written now, with a later time. */
static bool was_known(const struct watermark *known, const struct znode *z)
{
	const struct watermark_znode *k = watermark_find(known, z->path);

	return k && z->mzxid <= k->mzxid && z->mtime <= k->mtime;
}

bool confirmation_covers(struct arena *a, const struct tree *t, const struct watermark_places *p,
			 const struct watermark *known, const struct watermark *now,
			 struct confirmation *out, int64_t *zxid)
{
	const struct znode *z = tree_find(t, watermark_root_path(a, p, WATERMARK_CONFIRMED));
	const char *why;

	*zxid = z ? z->mzxid : 0;
	return z && !was_known(known, z) && confirmation_parse(a, z->data, z->size, out, &why) &&
	       z->mzxid > out->zxid && out->zxid <= now->zxid &&
	       is_same_root(out, watermark_find(now, p->config), z->mzxid);
}
