/*
 * nginx quotes file names: cannot load certificate "/etc/ssl/a.crt": …; and writes the place of a
 * statement at the end: … in /etc/nginx/nginx.conf:12.
 */
#include <ctype.h>
#include <string.h>

#include <zknginx/macros.h>

#include "cause.h"

#define FILES_MAX 8

static const char not_found[] = "host not found in ";

const char *cause_host_name(struct arena *a, const char *message)
{
	const char *at = strstr(message, not_found), *name, *end;

	at = at ? strchr(at, '"') : NULL;
	if (!at)
		return NULL;
	name = at + 1;
	end = name + strcspn(name, "\"/:");
	return end > name ? arena_copy(a, name, (size_t)(end - name)) : NULL;
}

/* bind() to 127.0.0.1:80 failed (98: Address already in use) */
unsigned cause_port(const char *message)
{
	const char *at = strstr(message, "bind() to "),
		   *end = at ? strstr(at, " failed (98") : NULL;
	unsigned port = 0, factor = 1;

	if (!end || memchr(at, '\n', (size_t)(end - at)))
		return 0;
	for (; end > at && isdigit((unsigned char)end[-1]) && port < 65536; end--, factor *= 10)
		port += factor * (unsigned)(end[-1] - '0');
	return end[-1] == ':' && port < 65536 ? port : 0;
}

static void add(struct arena *a, const char ***list, size_t *count, const char *path, size_t size)
{
	if (*count < FILES_MAX && size > 1)
		(*list)[(*count)++] = arena_copy(a, path, size);
}

size_t cause_files(struct arena *a, const char *message, const char ***out)
{
	static const char *const resolver[] = { "/etc/hosts", "/etc/resolv.conf" };
	size_t count = 0;

	*out = arena_array(a, const char *, FILES_MAX);
	for (const char *at = message; (at = strstr(at, "\"/")); at++)
		add(a, out, &count, at + 1, strcspn(at + 1, "\"\n"));
	for (const char *at = message; (at = strstr(at, " in /")); at++)
		add(a, out, &count, at + 4, strcspn(at + 4, ": \n"));
	for (size_t i = 0; strstr(message, not_found) && i < ARRAY_SIZE(resolver); i++)
		add(a, out, &count, resolver[i], strlen(resolver[i]));
	return count;
}
