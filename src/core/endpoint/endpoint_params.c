/*
 * Parameters: many programs write data of their own, so unknown words, and invalid values of a
 * parameter, are ignored.
 */
#include <stdlib.h>

#include "core/text/emit.h"
#include "endpoint_params.h"
#include "endpoint_text.h"

static long number(const char *value, long most)
{
	size_t size = strspn(value, "0123456789");
	long n = size && !value[size] && size <= 7 ? strtol(value, NULL, 10) : UNSET;

	return n <= most ? n : UNSET;
}

/* One of nginx's parameters; value is NULL for a word without `=`. */
static void set_parameter(struct registration *r, const char *name, const char *value)
{
	struct endpoint *e = r->out;

	if (!value) {
		e->params.backup = e->params.backup || strcmp(name, "backup") == 0;
		e->down = e->down || strcmp(name, "down") == 0;
	} else if (strcmp(name, "weight") == 0) {
		e->weight = endpoint_number(value, strlen(value));
	} else if (strcmp(name, "max_fails") == 0) {
		e->params.max_fails = number(value, 65535);
	} else if (strcmp(name, "max_conns") == 0) {
		e->params.max_conns = number(value, 1000000);
	} else if (strcmp(name, "fail_timeout") == 0) {
		if (emit_seconds_is_valid(value))
			e->params.fail_timeout = arena_strdup(r->arena, value);
	} else {
		registration_label(r, name, value);
	}
}

void registration_params(struct registration *r, char *text, const char *between)
{
	char *word = text;

	while (*(word += strspn(word, between))) {
		char *end = word + strcspn(word, between), *equals;

		if (*end)
			*end++ = '\0';
		equals = strchr(word, '=');
		if (equals)
			*equals++ = '\0';
		set_parameter(r, word, equals);
		word = end;
	}
}
