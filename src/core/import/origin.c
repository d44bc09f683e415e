/* The way back from a line of a snippet to the statement of FILE. */
#include <string.h>

#include "conf_print.h"
#include "origin.h"

static const struct conf_node *node_on_line(const struct conf_node *n, unsigned line)
{
	const struct conf_node *found = NULL;

	if (n->file_count)
		return NULL;
	for (size_t i = 0; !found && i < n->child_count; i++)
		found = node_on_line(n->children[i], line);
	return found ? found : n->line == line ? n : NULL;
}

static bool has_include(const struct conf_node *n)
{
	for (size_t i = 0; i < n->child_count; i++) {
		if (n->children[i]->files || has_include(n->children[i]))
			return true;
	}
	return false;
}

const struct conf_node *origin_of_line(struct piece *p, unsigned line)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	unsigned before = 0;

	if (!line || has_include(p->node))
		return p->node;
	p->node->change.instead = NULL; /* it is to be printed */
	conf_print_node(&text, p->node);
	for (const char *s = buf_str(&text); *s == '#' || *s == '\n'; s++, before++)
		s += strcspn(s, "\n");
	if (line <= before)
		return p->node;
	return node_on_line(p->node, p->node->line + line - before - 1) ?: p->node;
}
