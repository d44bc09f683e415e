/*
 * Memory in chunks, whose sizes double up to a limit. A large request gets a chunk of its own, so
 * that the rest of a chunk is not wasted.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/arena.h>
#include <zknginx/err.h>

#define FIRST_CHUNK ((size_t)1024)
#define LAST_CHUNK ((size_t)1 << 20)
#define ALIGNMENT _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

/* What is not memory of the arena, and is released with it. */
struct owned {
	const void *item;
	void (*release)(const void *item);
};

struct arena {
	struct chunk *chunks; /* memory is taken from the first one */
	size_t next_room;
	struct owned *owned;
	size_t owned_count, owned_room;
};

struct arena *arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->next_room = FIRST_CHUNK;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->owned_count; i++)
		a->owned[i].release(a->owned[i].item);
	free(a->owned);
	while (a->chunks) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	free(a);
}

static struct chunk *chunk_add(struct arena *a, size_t room)
{
	struct chunk *c = xcalloc(1, sizeof(*c) + room);

	c->room = room;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

/* The chunk of a large request is put after the first one. */
static void *alloc_alone(struct arena *a, size_t size)
{
	struct chunk *c = xcalloc(1, sizeof(*c) + size);

	c->room = c->used = size;
	if (a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		a->chunks = c;
	}
	return c->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->chunks;
	void *p;

	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (!c || c->room - c->used < size) {
		if (size > a->next_room / 4)
			return alloc_alone(a, size);
		c = chunk_add(a, a->next_room);
		if (a->next_room < LAST_CHUNK)
			a->next_room *= 2;
	}
	p = c->bytes + c->used;
	c->used += size;
	return p;
}

char *arena_copy(struct arena *a, const void *bytes, size_t size)
{
	char *copy = arena_alloc(a, size + 1);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	va_list again;
	char *s;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, fmt, args);
	if (size < 0)
		die("arena_vprintf: bad format");
	s = arena_alloc(a, (size_t)size + 1);
	vsnprintf(s, (size_t)size + 1, fmt, again);
	va_end(again);
	return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = arena_vprintf(a, fmt, args);
	va_end(args);
	return s;
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *room, size_t size)
{
	void *more;

	if (count < *room)
		return items;
	*room = *room ? 2 * *room : 16;
	more = arena_alloc(a, *room * size);
	if (count)
		memcpy(more, items, count * size);
	return more;
}

void arena_own(struct arena *a, const void *item, void (*release)(const void *item))
{
	if (a->owned_count == a->owned_room) {
		a->owned_room = a->owned_room ? 2 * a->owned_room : 4;
		a->owned = xrealloc(a->owned, a->owned_room * sizeof(*a->owned));
	}
	a->owned[a->owned_count++] = (struct owned){ item, release };
}
