/*
 * Bump memory: many small allocations that die together.
 *
 * An immutable value (tree, model, bundle) owns one arena and everything it
 * points to lives there; freeing the value is freeing the arena. Allocation
 * never fails (it dies).
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
/* A copy of size bytes with a NUL behind it. */
char *arena_copy(struct arena *a, const void *bytes, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);
/* Room for one element more behind `count` in an array of *room elements of this size; the old
 * array stays in the arena. Returns the array. */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *room, size_t size);
/* Bytes asked for so far. */
size_t arena_used(const struct arena *a);

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), (n) * sizeof(type)))

#endif
