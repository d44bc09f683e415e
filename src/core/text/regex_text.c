/* See regex_text.h. */
#include <string.h>

#include "emit.h"
#include "regex_text.h"

/* Past a class such as [^]a-z]; NULL: it does not end. */
static const char *skip_class(const char *s)
{
	s++;
	s += *s == '^';
	s += *s == ']';
	while (*s && *s != ']')
		s += *s == '\\' && s[1] ? 2 : 1;
	return *s ? s + 1 : NULL;
}

/* Past the next character, escape or class; NULL: it does not end. */
static const char *skip_one(const char *s)
{
	if (*s == '\\')
		return s[1] ? s + 2 : NULL;
	return *s == '[' ? skip_class(s) : s + 1;
}

const char *regex_text_error(const char *s)
{
	const char *at = s;
	long depth = 0;

	if (!*s)
		return "is an empty regular expression";
	while (*at) {
		bool begins = at == s || at[-1] == '(' || (at[-1] == '|' && at - s > 1);

		if (strchr("*+", *at) && begins)
			return "is a regular expression with nothing before a quantifier";
		depth += (*at == '(') - (*at == ')');
		if (depth < 0)
			return "is a regular expression with a ) that has no (";
		at = skip_one(at);
		if (!at)
			return "is a regular expression that ends within an escape or a class";
	}
	return depth ? "is a regular expression with a ( that has no )" : NULL;
}

/* The next group that captures; NULL: there is none. */
static const char *next_group(const char *s)
{
	while (s && *s) {
		if (*s == '(' && s[1] != '?' && s[1] != '*')
			return s;
		if (strncmp(s, "(?P<", 4) == 0 || strncmp(s, "(?'", 3) == 0)
			return s;
		if (strncmp(s, "(?<", 3) == 0 && s[3] != '=' && s[3] != '!')
			return s;
		s = skip_one(s);
	}
	return NULL;
}

const char *regex_text_next_name(const char *s, size_t *size)
{
	while ((s = next_group(s))) {
		if (s[1] == '?') {
			s += strcspn(s, "<'") + 1;
			*size = strcspn(s, s[-1] == '<' ? ">" : "'");
			return s;
		}
		s++;
	}
	return NULL;
}

bool regex_text_captures(const char *s)
{
	return next_group(s) != NULL;
}

int regex_text_lost_capture(const char *regex, const char *text)
{
	bool renumbers = strstr(regex, "(?|"); /* groups of branches have the same numbers */
	int groups = 0;
	size_t size;

	for (const char *s = next_group(regex); s; s = next_group(s + 1))
		groups++;
	for (const char *s = text; !renumbers && (s = emit_next_variable(s, &size)); s += size) {
		if (size == 1 && *s >= '1' && *s <= '9' && *s - '0' > groups)
			return *s - '0';
	}
	return 0;
}
