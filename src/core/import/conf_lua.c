/*
 * Braces of Lua, as its own lexer sees them: not those within 'short' or "short" strings, [[long]]
 * or [==[long]==] strings, and -- comments.
 */
#include <stddef.h>
#include <string.h>

#include "conf_lua.h"

/* "[[", "[==[": the number of its signs, or -1 where no long bracket begins. */
static int long_level(const char *s, const char *end)
{
	int level = 0;

	if (s == end || *s != '[')
		return -1;
	while (++s < end && *s == '=')
		level++;
	return s < end && *s == '[' ? level : -1;
}

static const char *skip_long(const char *s, const char *end, int level)
{
	for (s += level + 2; s < end; s++) {
		const char *at = s + 1;
		int found = 0;

		if (*s != ']')
			continue;
		for (; at < end && *at == '='; at++)
			found++;
		if (found == level && at < end && *at == ']')
			return at + 1;
	}
	return NULL;
}

static const char *skip_short(const char *s, const char *end)
{
	char quote = *s++;

	while (s < end && *s != quote)
		s += *s == '\\' && end - s > 1 ? 2 : 1;
	return s < end ? s + 1 : NULL;
}

static const char *skip_comment(const char *s, const char *end)
{
	int level = long_level(s + 2, end);

	if (level >= 0)
		return skip_long(s + 2, end, level);
	return memchr(s, '\n', (size_t)(end - s)) ?: end;
}

/* What begins at s and has no braces of the block; NULL: it is not closed. */
static const char *skip_one(const char *s, const char *end)
{
	int level;

	if (*s == '"' || *s == '\'')
		return skip_short(s, end);
	if (end - s >= 2 && s[0] == '-' && s[1] == '-')
		return skip_comment(s, end);
	level = long_level(s, end);
	return level >= 0 ? skip_long(s, end, level) : s + 1;
}

const char *conf_lua_end(const char *s, const char *end)
{
	unsigned long depth = 1;

	while (s && s < end) {
		depth += *s == '{';
		depth -= *s == '}';
		if (!depth)
			return s + 1;
		s = skip_one(s, end);
	}
	return NULL;
}
