/* A list of problems with an arena of its own; the kinds' names. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/problem.h>

#define MESSAGE_SIZE 1024

const char *problem_kind_name(enum problem_kind k)
{
	static const char *const names[] = {
#define X(name, text) [PROBLEM_##name] = text,
		PROBLEM_KINDS(X)
#undef X
	};
	return names[k];
}

const char *serving_name(enum serving s)
{
	static const char *const names[] = {
#define X(name, text) [SERVING_##name] = text,
		SERVINGS(X)
#undef X
	};
	return names[s];
}

struct problem problem_copy(struct arena *a, const struct problem *p)
{
	struct problem copy = *p;

	copy.znode = arena_strdup(a, p->znode);
	copy.field = arena_strdup(a, p->field);
	copy.message = arena_strdup(a, p->message);
	return copy;
}

void problem_print(const struct problem *p, struct buf *out)
{
	if (p->line)
		buf_printf(out, "line %u: ", p->line);
	if (*p->field)
		buf_printf(out, "%s: ", p->field);
	buf_puts(out, p->message);
}

void problems_init(struct problems *ps)
{
	*ps = (struct problems){ .arena = arena_new() };
}

void problems_fini(struct problems *ps)
{
	arena_free(ps->arena);
	free(ps->items);
	*ps = (struct problems){ 0 };
}

static struct problem *grow(struct problems *ps)
{
	if (ps->count == ps->room) {
		ps->room = ps->room ? 2 * ps->room : 16;
		ps->items = xrealloc(ps->items, ps->room * sizeof(*ps->items));
	}
	return &ps->items[ps->count++];
}

void problems_append(struct problems *ps, const struct problem *p)
{
	*grow(ps) = problem_copy(ps->arena, p);
}

struct problem *problems_add(struct problems *ps, const char *znode, enum problem_kind kind,
			     const char *field, const char *fmt, ...)
{
	char message[MESSAGE_SIZE];
	va_list args;
	struct problem *p;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	p = grow(ps);
	*p = (struct problem){
		.znode = arena_strdup(ps->arena, znode),
		.kind = kind,
		.field = arena_strdup(ps->arena, field ? field : ""),
		.message = arena_strdup(ps->arena, message),
		.serving = SERVING_ABSENT,
	};
	return p;
}

int problem_compare(const struct problem *x, const struct problem *y)
{
	int order = strcmp(x->znode, y->znode);

	if (!order)
		order = strcmp(x->field, y->field);
	if (!order)
		order = strcmp(x->message, y->message);
	return order ? order : (int)x->kind - (int)y->kind;
}

static int compare(const void *a, const void *b)
{
	return problem_compare(a, b);
}

void problems_sort(struct problems *ps)
{
	size_t kept = 0;

	if (ps->count < 2)
		return;
	qsort(ps->items, ps->count, sizeof(*ps->items), compare);
	for (size_t i = 0; i < ps->count; i++) {
		if (!kept || compare(&ps->items[kept - 1], &ps->items[i]) != 0)
			ps->items[kept++] = ps->items[i];
	}
	ps->count = kept;
}

void problems_drop(struct problems *ps, const char *znode, enum problem_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < ps->count; i++) {
		if (ps->items[i].kind != kind || strcmp(ps->items[i].znode, znode) != 0)
			ps->items[kept++] = ps->items[i];
	}
	ps->count = kept;
}
