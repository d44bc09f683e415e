#include <string.h>

#include "message.h"

/* "[emerg] TEXT", or "[emerg] PID#TID: TEXT", maybe with "*CONNECTION ". */
static const char *skip_process(const char *s)
{
	const char *at = s + strspn(s, "0123456789");

	if (at == s || *at != '#')
		return s;
	at++;
	at += strspn(at, "0123456789");
	if (strncmp(at, ": ", 2) != 0)
		return s;
	at += 2;
	if (*at == '*')
		at += strcspn(at, " ") + 1;
	return at;
}

const char *message_after_level(const char *line, const char *level)
{
	const char *at = strstr(line, level);

	return at ? skip_process(at + strlen(level)) : NULL;
}
