/*
 * See zones.h. A server takes 0.8 KiB of a zone in nginx 1.22, and one that the module has added
 * 1.1 KiB; the head of a zone takes three pages.
 */
#include <stdlib.h>
#include <string.h>

#include "zones.h"

#define PER_SERVER ((size_t)1152)
#define HEAD ((size_t)16 << 10)
#define LEAST ((size_t)64 << 10)
#define MOST ((size_t)512 << 20)
#define LARGER 8 /* than a new one would be: then it shrinks */

size_t zone_size_for(size_t servers)
{
	size_t size = LEAST;

	while (size < HEAD + 2 * PER_SERVER * servers) {
		size *= 2;
		if (size > MOST)
			return 0;
	}
	return size;
}

static bool has_room(size_t size, size_t servers)
{
	return size >= HEAD + PER_SERVER * servers + PER_SERVER * servers / 4;
}

/*
 * The directives that may stand beside a zone. Another one may be the balancing method of a module
 * of another vendor, and some of these keep servers in a form that nginx cannot copy into a zone.
 */
static bool is_known(const char *directive)
{
	static const char *const known[] = {
		"hash",           "ip_hash",           "keepalive",  "keepalive_requests",
		"keepalive_time", "keepalive_timeout", "least_conn", "random",
	};
	size_t size = strcspn(directive, " \t\r\n;{");

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i]) == size && strncmp(known[i], directive, size) == 0)
			return true;
	}
	return false;
}

static bool takes_zone(const struct upstream *u)
{
	if (u->zone || u->zone_off || u->raw.include_count)
		return false;
	for (size_t i = 0; i < u->raw.directive_count; i++) {
		if (!is_known(u->raw.directives[i]))
			return false;
	}
	return true;
}

static size_t size_of(const struct upstream *u, const struct upstream *before)
{
	size_t size = zone_size_for(u->server_count), old = before ? before->zone_size : 0;

	return old && has_room(old, u->server_count) && old <= LARGER * size ? old : size;
}

void zones_apply(struct model *m, const struct model *good)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < m->upstream_count; i++) {
		struct upstream *u = &m->upstreams[i];
		const struct upstream *before = model_next_upstream(good, u->name, &at);

		u->zone_size = takes_zone(u) && count < ZONES_MOST ? size_of(u, before) : 0;
		count += u->zone_size != 0;
	}
}

/* --- a live file ------------------------------------------------------------------------------ */

static struct upstream *upstream_named(struct model *m, const char *name, size_t size)
{
	char copy[64];
	const struct upstream *u;

	if (size >= sizeof(copy))
		return NULL;
	memcpy(copy, name, size);
	copy[size] = '\0';
	u = model_upstream(m, copy);

	return u ? &m->upstreams[u - m->upstreams] : NULL;
}

/* "NAME 64k;" */
static void adopt_line(struct model *good, const char *line)
{
	size_t name = strcspn(line, " \n"), size;
	struct upstream *u = line[name] == ' ' ? upstream_named(good, line, name) : NULL;
	char *end;

	if (!u || !takes_zone(u))
		return;
	size = strtoul(line + name, &end, 10);
	if ((*end != 'k' && *end != 'm') || end[1] != ';' || size > MOST >> 10)
		return;
	u->zone_size = size << (*end == 'k' ? 10 : 20);
}

void zones_adopt(struct model *good, const char *text, size_t size)
{
	static const char begin[] = "    zone " UPSTREAM_ZONE_PREFIX;
	const char *end = text + size;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol)
			return;
		if ((size_t)(eol - text) > strlen(begin) && memcmp(text, begin, strlen(begin)) == 0)
			adopt_line(good, text + strlen(begin));
		text = eol + 1;
	}
}
