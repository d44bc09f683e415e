/* Uses are found by their words: "$name", "${name}", "zone=NAME" and the name of a limit_conn. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "uses.h"

struct defined {
	const char *variable; /* without its `$`; NULL: it is a zone */
	const char *zone;
	size_t zone_size;
	const struct conf_node *by;
};

static struct defined defined_by(const struct piece *p)
{
	const struct conf_node *n = p->node;
	struct defined d = { .by = n };

	if (n->block) {
		const char *last = conf_word(n, n->count - 1);

		d.variable = *last == '$' ? last + 1 : last;
		return d;
	}
	for (size_t i = 1; i < n->count; i++) {
		if (strncmp(conf_word(n, i), "zone=", 5) != 0)
			continue;
		d.zone = conf_word(n, i) + 5;
		d.zone_size = strcspn(d.zone, ":");
	}
	return d;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool uses_variable(const char *word, const char *name)
{
	size_t size = strlen(name);

	while ((word = strchr(word, '$'))) {
		bool braced = *++word == '{';

		word += braced;
		if (strncasecmp(word, name, size) == 0 && !is_name_byte(word[size]))
			return true;
	}
	return false;
}

static bool uses_zone(const struct conf_node *n, const struct defined *d)
{
	for (size_t i = 1; i < n->count; i++) {
		const char *word = conf_word(n, i);

		if (strncmp(word, "zone=", 5) == 0)
			word += 5;
		else if (!conf_is(n, "limit_conn"))
			continue;
		if (strlen(word) == d->zone_size && memcmp(word, d->zone, d->zone_size) == 0)
			return true;
	}
	return false;
}

static bool uses(const struct conf_node *n, const struct defined *d)
{
	if (d->zone)
		return uses_zone(n, d);
	for (size_t i = 0; d->variable && i < n->count; i++) {
		if (uses_variable(conf_word(n, i), d->variable))
			return true;
	}
	return false;
}

static const struct conf_node *find_in(const struct conf_node *block, const struct defined *d)
{
	const struct conf_node *found = NULL;

	for (size_t i = 0; !found && i < block->child_count; i++) {
		const struct conf_node *n = block->children[i];

		if (n->change.instead || n == d->by)
			continue;
		found = uses(n, d) ? n : find_in(n, d);
		for (size_t j = 0; !found && j < n->file_count; j++)
			found = find_in(n->files[j]->root, d);
	}
	return found;
}

const struct conf_node *uses_find(const struct conf_file *file, const struct piece *p)
{
	struct defined d = defined_by(p);

	return find_in(file->root, &d);
}
