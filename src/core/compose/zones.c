/*
 * See zones.h. A server takes 0.8 KiB of a zone in nginx 1.22, and one that the module has added
 * 1.1 KiB; the head of a zone takes three pages.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/decode/decode_cache.h"
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

/* An upstream that nginx runs as it is has its size already. */
static size_t size_in(const struct upstream *u, const struct upstream *before)
{
	if (u == before)
		return u->zone_size;
	return takes_zone(u) ? size_of(u, before) : 0;
}

/* A decoded upstream gets its size when it is new, so that all models can have it as it is. */
static void note_size(const struct upstream *u, size_t size)
{
	struct decoded *d = (struct decoded *)(uintptr_t)u->decoded;

	if (!d || d->is_sized)
		return;
	d->is_sized = true;
	d->upstream.zone_size = size;
}

void zones_apply(struct model *m, const struct model *good)
{
	bool all = m->upstream_count <= ZONES_MOST;
	size_t count = 0, at = 0, size;

	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];
		const struct upstream *before = model_next_upstream(good, u, &at);

		if (u == before && all)
			continue;
		size = size_in(u, before);
		note_size(u, size);
		model_set_zone(m, i, count < ZONES_MOST ? size : 0);
		count += m->upstreams[i]->zone_size != 0;
	}
}

/* --- a live file ------------------------------------------------------------------------------ */

static size_t index_of(const struct model *m, const char *name, size_t size)
{
	char copy[64];

	if (size >= sizeof(copy))
		return m->upstream_count;
	memcpy(copy, name, size);
	copy[size] = '\0';
	return model_upstream_index(m, copy);
}

/* "NAME 64k;" */
static void adopt_line(struct model *good, const char *line)
{
	size_t name = strcspn(line, " \n"), size, at = good->upstream_count;
	char *end;

	if (line[name] == ' ')
		at = index_of(good, line, name);
	if (at == good->upstream_count || !takes_zone(good->upstreams[at]))
		return;
	size = strtoul(line + name, &end, 10);
	if ((*end != 'k' && *end != 'm') || end[1] != ';' || size > MOST >> 10)
		return;
	model_set_zone(good, at, size << (*end == 'k' ? 10 : 20));
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
