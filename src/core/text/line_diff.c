/*
 * The shortest edit by the greedy algorithm of E. Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (1986). Its work and memory grow with the square of the number of changed lines, so
 * beyond a limit the lines between the equal beginning and the equal end count as replaced.
 */
#include <stdbool.h>
#include <string.h>

#include <zknginx/arena.h>

#include "line_diff.h"

#define EDITS_MOST 2000
#define CONTEXT 3 /* equal lines around a change */

struct line {
	const char *text;
	size_t size;
	bool changed; /* removed (in the old text) or added (in the new one) */
};

struct text {
	struct line *lines;
	size_t count;
};

/* What is compared: the lines between an equal beginning and an equal end. */
struct middle {
	struct line *old, *new;
	long n, m;
};

static struct text split(struct arena *a, const char *s, size_t size)
{
	struct text t = { .lines = arena_array(a, struct line, 1) };
	size_t room = 1;

	while (size) {
		const char *feed = memchr(s, '\n', size);
		size_t line = feed ? (size_t)(feed - s) : size;

		t.lines = arena_grow(a, t.lines, t.count, &room, sizeof(*t.lines));
		t.lines[t.count++] = (struct line){ .text = s, .size = line };
		line += feed != NULL;
		s += line;
		size -= line;
	}
	return t;
}

static bool same(const struct line *x, const struct line *y)
{
	return x->size == y->size && memcmp(x->text, y->text, x->size) == 0;
}

static struct middle middle_of(const struct text *old, const struct text *new)
{
	size_t least = old->count < new->count ? old->count : new->count, head = 0, tail = 0;

	while (head < least && same(&old->lines[head], &new->lines[head]))
		head++;
	while (tail < least - head &&
	       same(&old->lines[old->count - 1 - tail], &new->lines[new->count - 1 - tail]))
		tail++;
	return (struct middle){
		.old = old->lines + head,
		.new = new->lines + head,
		.n = (long)(old->count - head - tail),
		.m = (long)(new->count - head - tail),
	};
}

/* --- the shortest edit ----------------------------------------------------------------------- */

/*
 * reached[k]: how far into the old text the best path on diagonal k comes, after d edits. The rows
 * for all d are kept, each with the diagonals -d to d, to find the path afterwards.
 */
static bool comes_from_above(const long *reached, long k, long d)
{
	return k == -d || (k != d && reached[k - 1] < reached[k + 1]);
}

static long step(const struct middle *t, const long *reached, long k, long d)
{
	long x = 0, y;

	if (d)
		x = comes_from_above(reached, k, d) ? reached[k + 1] : reached[k - 1] + 1;
	for (y = x - k; x < t->n && y < t->m && same(&t->old[x], &t->new[y]); y++)
		x++;
	return x;
}

/* Row d; true: the end of both texts is reached. */
static bool find_row(const struct middle *t, struct arena *a, long **rows, long d)
{
	rows[d] = arena_array(a, long, (size_t)(2 * d + 1)) + d;
	for (long k = -d; k <= d; k += 2) {
		long x = step(t, d ? rows[d - 1] : NULL, k, d);

		rows[d][k] = x;
		if (x >= t->n && x - k >= t->m)
			return true;
	}
	return false;
}

static void mark_path(const struct middle *t, long **rows, long d)
{
	long x = t->n, y = t->m;

	for (; d > 0; d--) {
		long k = x - y;
		bool above = comes_from_above(rows[d - 1], k, d);
		long from = above ? k + 1 : k - 1;

		x = rows[d - 1][from];
		y = x - from;
		if (above)
			t->new[y].changed = true;
		else
			t->old[x].changed = true;
	}
}

static void mark_all(const struct middle *t)
{
	for (long i = 0; i < t->n; i++)
		t->old[i].changed = true;
	for (long i = 0; i < t->m; i++)
		t->new[i].changed = true;
}

static void mark_changes(const struct middle *t)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	long most = t->n + t->m < EDITS_MOST ? t->n + t->m : EDITS_MOST;
	long **rows = arena_array(a, long *, (size_t)most + 1);

	for (long d = 0; t->n && t->m && d <= most; d++) {
		if (find_row(t, a, rows, d)) {
			mark_path(t, rows, d);
			return;
		}
	}
	mark_all(t);
}

/* --- hunks ------------------------------------------------------------------------------------ */

struct printer {
	const struct text *old, *new;
	struct buf *out;
	struct line_counts counts;
};

/* A run of lines of both texts. */
struct hunk {
	size_t old, old_end, new, new_end;
};

static bool is_changed(const struct text *t, size_t i)
{
	return i < t->count && t->lines[i].changed;
}

/* Extends the hunk over the changed lines at its end. */
static void take_changes(const struct printer *p, struct hunk *h)
{
	while (is_changed(p->old, h->old_end))
		h->old_end++;
	while (is_changed(p->new, h->new_end))
		h->new_end++;
}

/* How many equal lines follow the hunk, at most `most`. */
static size_t equal_lines(const struct printer *p, const struct hunk *h, size_t most)
{
	size_t n = 0;

	while (n < most && h->old_end + n < p->old->count && h->new_end + n < p->new->count &&
	       !p->old->lines[h->old_end + n].changed && !p->new->lines[h->new_end + n].changed)
		n++;
	return n;
}

static void extend(struct hunk *h, size_t lines)
{
	h->old_end += lines;
	h->new_end += lines;
}

/* Changes with few equal lines between them are one hunk. The hunk begins at the first change. */
static void find_end(const struct printer *p, struct hunk *h)
{
	for (;;) {
		size_t between;

		take_changes(p, h);
		between = equal_lines(p, h, 2 * CONTEXT);
		if (!is_changed(p->old, h->old_end + between) &&
		    !is_changed(p->new, h->new_end + between)) {
			extend(h, between < CONTEXT ? between : CONTEXT);
			return;
		}
		extend(h, between);
	}
}

static void print_line(struct printer *p, char sign, const struct line *l)
{
	buf_putc(p->out, sign);
	buf_put(p->out, l->text, l->size);
	buf_putc(p->out, '\n');
	p->counts.added += sign == '+';
	p->counts.removed += sign == '-';
}

/* "@@ -FIRST,COUNT": of no lines, FIRST is the line before them. */
static void print_range(struct buf *out, char sign, size_t begin, size_t end)
{
	buf_printf(out, "%c%zu", sign, begin + (end > begin));
	if (end - begin != 1)
		buf_printf(out, ",%zu", end - begin);
}

static void print_hunk(struct printer *p, const struct hunk *h)
{
	size_t i = h->old, j = h->new;

	buf_puts(p->out, "@@ ");
	print_range(p->out, '-', h->old, h->old_end);
	buf_putc(p->out, ' ');
	print_range(p->out, '+', h->new, h->new_end);
	buf_puts(p->out, " @@\n");
	while (i < h->old_end || j < h->new_end) {
		while (i < h->old_end && p->old->lines[i].changed)
			print_line(p, '-', &p->old->lines[i++]);
		while (j < h->new_end && p->new->lines[j].changed)
			print_line(p, '+', &p->new->lines[j++]);
		if (i < h->old_end && j < h->new_end) {
			print_line(p, ' ', &p->old->lines[i++]);
			j++;
		}
	}
}

static void print_hunks(struct printer *p)
{
	size_t i = 0, j = 0;

	while (i < p->old->count || j < p->new->count) {
		struct hunk h = { i, i, j, j };
		size_t before;

		if (!is_changed(p->old, i) && !is_changed(p->new, j)) {
			i++;
			j++;
			continue;
		}
		before = i < CONTEXT ? i : CONTEXT;
		before = j < before ? j : before;
		find_end(p, &h);
		h.old -= before;
		h.new -= before;
		print_hunk(p, &h);
		i = h.old_end;
		j = h.new_end;
	}
}

struct line_counts line_diff(const char *old, size_t old_size, const char *new, size_t new_size,
			     struct buf *out)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct text from = split(a, old, old_size), to = split(a, new, new_size);
	struct middle middle = middle_of(&from, &to);
	struct printer p = { .old = &from, .new = &to, .out = out };

	mark_changes(&middle);
	print_hunks(&p);
	return p.counts;
}
