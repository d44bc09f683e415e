/* The data of the config's root. */
#include <jansson.h>

#include "core/text/json_text.h"
#include "note.h"

/* NULL: it is not an object. */
static json_t *parse(const struct znode *root)
{
	json_t *j;
	unsigned line;

	if (!root || !root->size)
		return json_object();
	if (!json_depth_is_sane(root->data, root->data + root->size, &line))
		return NULL;
	j = json_loadb(root->data, root->size, 0, NULL);
	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

char *note_print(const struct znode *root, const char *by, const char *message)
{
	struct buf out = BUF_INIT;
	json_t *j = parse(root);

	if (!j)
		return NULL;
	json_put_text(j, "by", by);
	if (message)
		json_put_text(j, "note", message);
	else
		json_object_del(j, "note");
	json_print(j, JSON_COMPACT, &out);
	return buf_take(&out);
}

bool note_has_push(const struct znode *root, struct buf *by)
{
	json_auto_t *j = parse(root);
	json_t *push = json_object_get(j, "push");

	if (!push || json_is_null(push) || json_is_false(push))
		return false;
	buf_puts(by, json_string_value(json_object_get(push, "by"))
			     ?: json_string_value(json_object_get(j, "by"))
			     ?: "");
	return true;
}
