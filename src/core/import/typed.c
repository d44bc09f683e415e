/* What the translations of all kinds of objects share. */
#include <stdlib.h>
#include <string.h>

#include "core/text/json_text.h"
#include "core/text/utf8.h"
#include "typed.h"

const char *typed_print(struct arena *a, json_t *object)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char *dump = json_dumps(object, JSON_INDENT(2));

	json_decref(object);
	buf_puts(&text, dump ?: "{}");
	buf_putc(&text, '\n');
	free(dump);
	return arena_copy(a, text.data, text.size);
}

json_t *typed_listen(const struct conf_node *n)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 1; i < n->count; i++) {
		buf_puts(&text, i > 1 ? " " : "");
		buf_puts(&text, conf_word(n, i));
	}
	buf_puts(&text, n->change.added ?: "");
	return json_text(buf_str(&text));
}

bool typed_is_text(const struct conf_node *n)
{
	for (size_t i = 0; i < n->count; i++) {
		if (!utf8_is_valid(n->words[i], strlen(n->words[i])))
			return false;
	}
	for (size_t i = 0; i < n->child_count; i++) {
		if (!typed_is_text(n->children[i]))
			return false;
	}
	for (size_t i = 0; i < n->file_count; i++) {
		if (!typed_is_text(n->files[i]->root))
			return false;
	}
	return true;
}
