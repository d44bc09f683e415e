/*
 * What definitions share. A map, a geo or a split defines a variable that is named after its znode;
 * `-` and `.`, which no variable has in its name, are `_` there.
 */
#include <string.h>

#include "core/text/emit.h"
#include "core/text/variable.h"
#include "definition.h"
#include "kinds.h"

void definer_add_text(struct definer *d, const char *field, const char *text)
{
	struct definition *def = d->def;

	if (!text)
		return;
	def->texts = arena_grow(d->r.arena, def->texts, def->text_count, &d->text_room,
				sizeof(*def->texts));
	def->texts[def->text_count++] = (struct definition_text){ field, text };
}

void definer_read_protocol(struct definer *d, const json_t *object)
{
	static const char *const names[2] = { "a definition of the http protocol",
					      "a definition of the stream protocol" };

	d->out->context = kinds_read_protocol(&d->r, object, names);
}

/* What is wrong with the name of the variable; NULL: nothing. */
static const char *variable_error(const char *name, enum protocol protocol)
{
	size_t size = strlen(name);

	if (name[0] >= '0' && name[0] <= '9')
		return "the name of a variable must not begin with a digit: expected another name "
		       "of the znode";
	if (strncmp(name, "zknginx_", 8) == 0)
		return "names of variables that begin with zknginx_ are zknginxd's own: expected "
		       "another name of the znode";
	if (protocol == PROTOCOL_STREAM ? variable_is_known_in_stream(name, size)
					: variable_is_known(name, size))
		return "nginx itself has a variable of this name: expected another name of the "
		       "znode";
	return NULL;
}

void definer_set_variable(struct definer *d)
{
	char *name = arena_strdup(d->r.arena, d->name);
	const char *why;

	for (char *c = name; *c; c++)
		*c = *c == '-' || *c == '.' ? '_' : *c;
	why = variable_error(name, d->out->context);
	if (why)
		reader_problem(&d->r, NULL, "$%s: %s", name, why);
	d->def->variable = name;
}

void definer_open_block(struct definer *d, const char *directive, const char *source)
{
	buf_printf(&d->text, "%s ", directive);
	if (source) {
		emit_value(&d->text, source);
		buf_putc(&d->text, ' ');
	}
	buf_printf(&d->text, "$%s {\n", d->def->variable);
}

const char *check_source(const struct reader *r UNUSED, const char *s)
{
	const char *why = NULL;

	if (!emit_text_is_valid(s, TEXT_LINES, &why))
		return why;
	if (strpbrk(s, "\t\r\n"))
		return "has a tab or a line break";
	return strchr(s, '$') ? NULL : "has no variable, so it is the same for every request";
}

const char *check_literal(const struct reader *r UNUSED, const char *s)
{
	const char *why = NULL;

	return emit_text_is_valid(s, TEXT_LITERAL, &why) ? NULL : why;
}
