/* The note as a command changes it. */
#include <jansson.h>
#include <string.h>

#include "core/fleet/config_note.h"
#include "core/text/json_text.h"
#include "ctl/console/ctl.h"
#include "note.h"

#define TEXT_MOST 1024 /* bytes; the history keeps no more */

/* Also what is empty. */
static bool is_note(const struct znode *root)
{
	json_t *j;
	unsigned line;
	bool is;

	if (!root || !root->size)
		return true;
	if (!json_depth_is_sane(root->data, root->data + root->size, &line))
		return false;
	j = json_loadb(root->data, root->size, 0, NULL);
	is = json_is_object(j);
	json_decref(j);
	return is;
}

static struct config_note parse(struct arena *a, const struct znode *root)
{
	struct config_note n;

	config_note_parse(a, root ? root->data : "", root ? root->size : 0, &n);
	return n;
}

char *note_print(const struct znode *root, const char *by, const char *message,
		 const struct config_note *signature)
{
	struct config_note none = config_note_empty();
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = parse(a, root);
	struct buf out = BUF_INIT;

	if (!is_note(root))
		return NULL;
	n.by = by;
	n.note = message ?: "";
	none.serial = n.serial; /* the next signature has a higher one */
	config_note_take_signature(&n, signature ?: &none);
	config_note_print(&n, &out);
	return buf_take(&out);
}

bool note_fits(const char *option, const char *text)
{
	if (strlen(text) <= TEXT_MOST)
		return true;
	ctl_usage("--%s has more than %d bytes", option, TEXT_MOST);
	return false;
}
