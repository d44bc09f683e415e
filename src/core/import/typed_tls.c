/* TLS: a typed site renders these directives, so a server needs the same ones in force. */
#include <string.h>

#include "typed.h"

/* Spellings of the values. */
static const struct {
	const char *name;
	const char *values[5];
} VALUES[] = {
	{ "ssl_session_timeout", { "1d", "24h", "1440m", "86400", "86400s" } },
	{ "ssl_session_tickets", { "off" } },
};

static bool is_one_of(const char *value, const char *const *values, size_t count)
{
	for (size_t i = 0; i < count && values[i]; i++) {
		if (strcmp(values[i], value) == 0)
			return true;
	}
	return false;
}

static bool has_protocols(const struct scope *s)
{
	struct in_force f = scope_find(s, "ssl_protocols");
	const char *x, *y;

	if (f.count != 1 || !f.first || f.first->count != 3)
		return false;
	x = conf_word(f.first, 1);
	y = conf_word(f.first, 2);
	return (strcmp(x, "TLSv1.2") == 0 && strcmp(y, "TLSv1.3") == 0) ||
	       (strcmp(x, "TLSv1.3") == 0 && strcmp(y, "TLSv1.2") == 0);
}

/* "shared:NAME:10m"; the name of the zone is no difference. */
static bool has_session_cache(const struct scope *s)
{
	const char *value = scope_value(s, "ssl_session_cache", "");
	const char *size = strrchr(value, ':');

	return strncmp(value, "shared:", 7) == 0 && size && strcmp(size, ":10m") == 0;
}

static bool differs(const struct typed_input *in, const struct scope *s,
		    const struct conf_node *server, struct why *why, const char *name,
		    const char *expected)
{
	struct in_force f = scope_find(s, name);

	return why_set(in->arena, why, f.first ?: server, "a typed site with TLS has \"%s %s;\"",
		       name, expected);
}

bool typed_tls(const struct typed_input *in, const struct scope *s, const struct conf_node *server,
	       struct why *why)
{
	if (!has_protocols(s))
		return differs(in, s, server, why, "ssl_protocols", "TLSv1.2 TLSv1.3");
	if (!has_session_cache(s))
		return differs(in, s, server, why, "ssl_session_cache", "shared:NAME:10m");
	for (size_t i = 0; i < ARRAY_SIZE(VALUES); i++) {
		if (!is_one_of(scope_value(s, VALUES[i].name, ""), VALUES[i].values,
			       ARRAY_SIZE(VALUES[i].values)))
			return differs(in, s, server, why, VALUES[i].name, VALUES[i].values[0]);
	}
	return true;
}
