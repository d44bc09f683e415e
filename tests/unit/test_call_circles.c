/*
 * No circle of calls between files: when A calls B, B does not call A, directly or through others.
 * Files that call each other are one file in two parts, and neither can be read, tested or used
 * alone. Measured on the built objects, by nm: who defines a name, and who uses it. Calls through
 * pointers do not count; a callback is how a lower file reports to a higher one.
 *
 * Run from the top of the source tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/err.h>

struct symbol {
	char *name;
	size_t file;
};

struct symbols {
	struct symbol *items;
	size_t count;
};

struct graph {
	char **files; /* paths of the sources */
	size_t count;
	struct symbols defined, used;
	bool *calls, *reaches; /* count × count: row calls column; … through others as well */
};

static void graph_fini(struct graph *g)
{
	struct symbols *both[] = { &g->defined, &g->used };

	for (size_t k = 0; k < ARRAY_SIZE(both); k++) {
		for (size_t i = 0; i < both[k]->count; i++)
			free(both[k]->items[i].name);
		free(both[k]->items);
	}
	for (size_t i = 0; i < g->count; i++)
		free(g->files[i]);
	free(g->files);
	free(g->calls);
	free(g->reaches);
}

static size_t add_file(struct graph *g, const char *file)
{
	g->files = xrealloc(g->files, (g->count + 1) * sizeof(*g->files));
	g->files[g->count] = xstrdup(file);
	return g->count++;
}

static void add_symbol(struct symbols *s, const char *name, size_t file)
{
	s->items = xrealloc(s->items, (s->count + 1) * sizeof(*s->items));
	s->items[s->count++] = (struct symbol){ xstrdup(name), file };
}

/* --- the objects ----------------------------------------------------------------------------- */

/* This program is BUILD/tests/unit/test_call_circles. */
static char *build_directory(void)
{
	char self[4096];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(size > 0);
	self[size] = '\0';
	return xstrdup(dirname(dirname(dirname(self))));
}

/* A line of nm -P: "name type …". */
static void read_symbol(struct graph *g, size_t file, const char *line)
{
	char name[512], type;

	if (sscanf(line, "%511s %c", name, &type) != 2)
		return;
	if (strchr("TDBRVWC", type))
		add_symbol(&g->defined, name, file);
	else if (strchr("Uwv", type))
		add_symbol(&g->used, name, file);
}

static void read_object(struct graph *g, const char *object, const char *source)
{
	CLEANUP(freep) char *command = xasprintf("nm -P '%s'", object);
	size_t file = add_file(g, source), room = 0;
	CLEANUP(freep) char *line = NULL;
	FILE *nm = popen(command, "re");

	assert_non_null(nm);
	while (getline(&line, &room, nm) > 0)
		read_symbol(g, file, line);
	assert_int_equal(pclose(nm), 0);
}

/* An object without a source is left from an earlier build. */
static void read_objects(struct graph *g, const char *build, const char *pattern)
{
	CLEANUP(freep) char *all = xasprintf("%s/%s", build, pattern);
	glob_t found;

	if (glob(all, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *object = found.gl_pathv[i] + strlen(build) + 1;
		CLEANUP(freep)
		char *source = xasprintf("%.*s.c", (int)(strlen(object) - 2), object);

		if (access(source, F_OK) == 0)
			read_object(g, found.gl_pathv[i], source);
	}
	globfree(&found);
}

/* --- circles --------------------------------------------------------------------------------- */

static int compare_symbols(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static const struct symbol *definition(const struct graph *g, const struct symbol *used)
{
	return g->defined.count ? bsearch(used, g->defined.items, g->defined.count,
					  sizeof(*g->defined.items), compare_symbols)
				: NULL;
}

static void follow(struct graph *g, size_t from, size_t at)
{
	for (size_t to = 0; to < g->count; to++) {
		if (!g->calls[at * g->count + to] || g->reaches[from * g->count + to])
			continue;
		g->reaches[from * g->count + to] = true;
		follow(g, from, to);
	}
}

static void connect(struct graph *g)
{
	g->calls = xcalloc(g->count * g->count, sizeof(*g->calls));
	g->reaches = xcalloc(g->count * g->count, sizeof(*g->reaches));
	qsort(g->defined.items, g->defined.count, sizeof(*g->defined.items), compare_symbols);
	for (size_t i = 0; i < g->used.count; i++) {
		const struct symbol *used = &g->used.items[i], *d = definition(g, used);

		if (d && d->file != used->file)
			g->calls[used->file * g->count + d->file] = true;
	}
	for (size_t i = 0; i < g->count; i++)
		follow(g, i, i);
}

static bool share_a_circle(const struct graph *g, size_t a, size_t b)
{
	return g->reaches[a * g->count + b] && g->reaches[b * g->count + a];
}

/* Is it the first file, in the order of the graph, of a circle? */
static bool begins_circle(const struct graph *g, size_t file)
{
	for (size_t i = 0; i < file; i++) {
		if (share_a_circle(g, file, i))
			return false;
	}
	return share_a_circle(g, file, file);
}

static void print_circle(const struct graph *g, size_t first)
{
	print_error("a circle of calls:\n");
	for (size_t i = 0; i < g->used.count; i++) {
		const struct symbol *used = &g->used.items[i], *d = definition(g, used);

		if (d && d->file != used->file && share_a_circle(g, first, used->file) &&
		    share_a_circle(g, first, d->file))
			print_error("\t%s calls %s() of %s\n", g->files[used->file], used->name,
				    g->files[d->file]);
	}
}

static unsigned count_circles(const struct graph *g)
{
	unsigned circles = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (!begins_circle(g, i))
			continue;
		print_circle(g, i);
		circles++;
	}
	return circles;
}

static void no_files_call_each_other_in_a_circle(void **state UNUSED)
{
	static const char *const patterns[] = { "src/*.o", "src/*/*.o", "src/*/*/*.o" };
	CLEANUP(freep) char *build = build_directory();
	struct graph g = { 0 };
	unsigned circles;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		read_objects(&g, build, patterns[i]);
	assert_true(g.count > 150); /* all of them are built */
	assert_true(g.used.count > 1000);
	connect(&g);
	circles = count_circles(&g);
	graph_fini(&g);
	assert_int_equal(circles, 0);
}

/* --- the measure itself ---------------------------------------------------------------------- */

/* a calls b, b calls c, and c calls a if `closed`. d calls them all, and is called by none. */
static struct graph triangle(bool closed)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct graph g = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		add_file(&g, names[i]);
		add_symbol(&g.defined, names[i], i);
		if (i < 2 || (i == 2 && closed))
			add_symbol(&g.used, names[(i + 1) % 3], i);
		if (i < 3)
			add_symbol(&g.used, names[i], 3);
	}
	connect(&g);
	return g;
}

static void a_circle_through_a_third_file_is_found(void **state UNUSED)
{
	struct graph g = triangle(true);

	assert_true(begins_circle(&g, 0));
	assert_false(begins_circle(&g, 1)); /* the same circle */
	assert_true(share_a_circle(&g, 1, 2));
	assert_false(share_a_circle(&g, 3, 3));
	graph_fini(&g);
}

static void calls_in_one_direction_are_no_circle(void **state UNUSED)
{
	struct graph g = triangle(false);

	assert_int_equal(count_circles(&g), 0);
	graph_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_files_call_each_other_in_a_circle),
		cmocka_unit_test(a_circle_through_a_third_file_is_found),
		cmocka_unit_test(calls_in_one_direction_are_no_circle),
	};

	return cmocka_run_group_tests_name("call circles", tests, NULL, NULL);
}
