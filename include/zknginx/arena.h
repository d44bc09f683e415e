/*
 * An arena: many small allocations that are freed together.
 *
 * An immutable value (tree, model, bundle) owns one arena, and everything that it points to is in
 * there; freeing the value is freeing the arena. Allocation never fails: without memory it calls
 * die().
 */
#ifndef ZKNGINX_ARENA_H
#define ZKNGINX_ARENA_H

#include <stdarg.h>
#include <zknginx/macros.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
DEFINE_CLEANUP(struct arena *, arena_free)

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of size bytes with a NUL after it. */
char *arena_copy(struct arena *a, const void *bytes, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);
/* Room for one more element after `count` in an array of *room elements of this size. Returns the
 * array; the old one stays in the arena. */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *room, size_t size);

/* release(item) is called when the arena is freed. */
void arena_own(struct arena *a, const void *item, void (*release)(const void *item));

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), (n) * sizeof(type)))

#endif
