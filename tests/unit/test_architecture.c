/*
 * The architecture, checked in the sources: which file may include which, where threads may be, and
 * how long files and functions may be. test_purity.c checks what the pure core may call. Run from
 * the top of the source tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/macros.h>

#define FILE_LINES 400
#define TEST_FILE_LINES 800 /* a list of cases is read case by case */
#define FUNCTION_LINES 60
#define TEST_FUNCTION_LINES 100 /* … and a table of cases is one function */

static unsigned faults;

static void fault(const char *file, unsigned line, const char *what, const char *detail)
{
	print_error("%s:%u: %s %s\n", file, line, what, detail);
	faults++;
}

/* Calls `look` for each line of each file that matches; a NUL replaces the line feed. */
static size_t each_line(const char *pattern,
			void (*look)(const char *file, unsigned n, const char *line))
{
	glob_t found;
	size_t lines = 0;

	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "re");
		char *line = NULL;
		size_t room = 0;

		assert_non_null(f);
		for (unsigned n = 1; getline(&line, &room, f) > 0; n++, lines++) {
			line[strcspn(line, "\n")] = '\0';
			look(found.gl_pathv[i], n, line);
		}
		look(found.gl_pathv[i], 0, NULL); /* the end */
		free(line);
		fclose(f);
	}
	globfree(&found);
	return lines;
}

static const char *const sources[] = { "include/zknginx/*.h", "src/*.[ch]", "src/*/*.[ch]",
				       "src/*/*/*.[ch]", "tests/*/*.[ch]" };

static void each_source_line(void (*look)(const char *file, unsigned n, const char *line))
{
	size_t lines = 0;

	faults = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		lines += each_line(sources[i], look);
	assert_true(lines > 1000); /* run in the right directory */
	assert_int_equal(faults, 0);
}

/* A '*' in the pattern is anything. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	size_t head = star ? (size_t)(star - pattern) : 0, tail, size = strlen(name);

	if (!star)
		return strcmp(pattern, name) == 0;
	tail = strlen(star + 1);
	return size >= head + tail && strncmp(pattern, name, head) == 0 &&
	       strcmp(name + size - tail, star + 1) == 0;
}

static bool is_listed(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (matches(list[i], name))
			return true;
	}
	return false;
}

/* --- who may include whom ------------------------------------------------------------------ */

enum floor { BASE, CORE, SYS, WING, DUTY, TOP };

static enum floor header_floor(const char *name)
{
	static const char *const base[] = { "arena.h", "buf.h", "digest.h", "ed25519.h",
					    "err.h",   "log.h", "macros.h" };

	return is_listed(base, ARRAY_SIZE(base), name) ? BASE : CORE;
}

/* The duties of a daemon: siblings, like the wings below them. */
static const char *const duties[] = { "src/agent/", "src/leader/", "src/report/", "src/preview/" };

static enum floor file_floor(const char *file)
{
	if (strncmp(file, "include/zknginx/", 16) == 0)
		return header_floor(file + 16);
	if (strncmp(file, "src/base/", 9) == 0)
		return BASE;
	if (strncmp(file, "src/core/", 9) == 0)
		return CORE;
	if (strncmp(file, "src/sys/", 8) == 0)
		return SYS;
	for (size_t i = 0; i < ARRAY_SIZE(duties); i++) {
		if (strncmp(file, duties[i], strlen(duties[i])) == 0)
			return DUTY;
	}
	return strchr(file + 4, '/') && strncmp(file, "src/ctl/", 8) != 0 ? WING : TOP;
}

/* The folders of the core, each based on those before it. */
static const char *const folders[] = { "text",     "wire",   "data",  "policy",  "endpoint",
				       "discover", "decode", "check", "compose", "render",
				       "import",   "deploy", "fleet", "rollout", "status" };

/* The position in that list of the folder at the beginning of `path`; NONE: not in it. */
#define NONE ARRAY_SIZE(folders)
static size_t folder(const char *path)
{
	size_t i, size = strcspn(path, "/");

	for (i = 0; i < NONE; i++) {
		if (path[size] && strlen(folders[i]) == size &&
		    strncmp(folders[i], path, size) == 0)
			break;
	}
	return i;
}

/* A public header belongs to the folder of the .c of its name, if the core has one. */
static size_t header_folder(const char *name)
{
	char pattern[300];
	glob_t found;
	size_t at = NONE;

	snprintf(pattern, sizeof(pattern), "src/core/*/%.*s.c", (int)strcspn(name, "."), name);
	if (glob(pattern, 0, NULL, &found) == 0) {
		at = folder(found.gl_pathv[0] + strlen("src/core/"));
		globfree(&found);
	}
	return at;
}

static size_t file_folder(const char *file)
{
	if (strncmp(file, "src/core/", 9) == 0)
		return folder(file + 9);
	return strncmp(file, "include/zknginx/", 16) == 0 ? header_folder(file + 16) : NONE;
}

static void check_folder(const char *file, unsigned n, const char *name, size_t below)
{
	size_t above = file_folder(file);

	if (above < NONE && below < NONE && below > above)
		fault(file, n, "includes from a folder above its own:", name);
}

/* All threads are started here; only those of src/zk share anything. */
static const char thread_file[] = "src/sys/thread.c";

/* Headers of libraries that only these files may include. */
static const struct {
	const char *header, *where[3]; /* how the names of the files begin */
} owners[] = {
	{ "pthread.h", { "src/zk/" } },
	{ "threads.h", { "src/zk/" } },
	{ "zookeeper/*", { "src/zk/" } },
	{ "libconfig.h", { "src/host/" } },
	{ "systemd/sd-daemon.h", { "src/host/", "src/sys/service.c" } },
	{ "microhttpd.h", { "src/ctl/ui/", "src/host/http.c", "src/sys/" } },
	{ "openssl/ssl.h", { "src/zk/", "src/host/check_connection.c" } },
};

static bool owns(const char *const where[static 3], const char *file)
{
	for (size_t i = 0; i < 3 && where[i]; i++) {
		if (strncmp(file, where[i], strlen(where[i])) == 0)
			return true;
	}
	return false;
}

static void check_system_include(const char *file, unsigned n, const char *name)
{
	if (strncmp(name, "zknginx/", 8) == 0) {
		if (strncmp(file, "src/module/", 11) == 0)
			fault(file, n, "a module of nginx knows nothing of the daemon:", name);
		if (header_floor(name + 8) > file_floor(file))
			fault(file, n, "includes upward:", name);
		check_folder(file, n, name, header_folder(name + 8));
		return;
	}
	if (file_floor(file) <= CORE && strncmp(name, "systemd/", 8) == 0)
		fault(file, n, "the pure floors do not know", name);
	if (strcmp(file, thread_file) == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		if (matches(owners[i].header, name) && !owns(owners[i].where, file))
			fault(file, n, "is not the owner of", name);
	}
}

/* Which directories' headers may a file of this floor name, beside its neighbours? */
static bool may_name(enum floor floor, const char *name)
{
	static const struct {
		const char *directory;
		enum floor from;
	} rules[] = {
		{ "core/", CORE },  { "sys/", WING },  { "zk/", DUTY },
		{ "nginx/", DUTY }, { "host/", DUTY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strncmp(name, rules[i].directory, strlen(rules[i].directory)) == 0)
			return floor >= rules[i].from;
	}
	return floor == TOP;
}

static bool is_neighbour(const char *file, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(file, '/') - file), file, name);
	return access(path, F_OK) == 0;
}

/* The modules of nginx and the daemon share one header, and nothing else. */
static void check_module_include(const char *file, unsigned n, const char *name)
{
	bool module = strncmp(file, "src/module/", 11) == 0;

	if (module && strchr(name, '/') && strcmp(name, "core/wire/module_wire.h") != 0)
		fault(file, n, "a module of nginx knows nothing of the daemon:", name);
	if (strncmp(name, "module/", 7) == 0)
		fault(file, n, "the daemon knows nothing of the modules of nginx:", name);
}

/* "x.h" is a neighbour; any other header is named from src on ("core/text/x.h"). */
static void check_own_include(const char *file, unsigned n, const char *name)
{
	if (strncmp(name, "core/", 5) == 0)
		check_folder(file, n, name, folder(name + 5));
	check_module_include(file, n, name);
	if (strchr(name, '/') && !may_name(file_floor(file), name))
		fault(file, n, "looks into another room:", name);
	if (strncmp(file, "include/", 8) == 0)
		fault(file, n, "a public header includes a private one:", name);
	if (!strchr(name, '/') && !is_neighbour(file, name))
		fault(file, n, "names a header that is not in its own folder:", name);
}

static void look_at_include(const char *file, unsigned n, const char *line)
{
	char name[256];

	if (!line || strncmp(file, "tests/", 6) == 0)
		return;
	if (sscanf(line, "#include <%255[^>]>", name) == 1)
		check_system_include(file, n, name);
	else if (sscanf(line, "#include \"%255[^\"]\"", name) == 1)
		check_own_include(file, n, name);
}

static void includes_point_down(void **state UNUSED)
{
	each_source_line(look_at_include);
}

/* The folder of a file names its subject: no file is outside of them, and no folder is unknown. */
static void look_at_folder(const char *file, unsigned n, const char *line)
{
	if (!line && strncmp(file, "src/core/", 9) == 0 && folder(file + 9) == NONE)
		fault(file, n, "is in none of the core's folders", "");
}

static void each_file_of_the_core_is_in_a_known_folder(void **state UNUSED)
{
	each_source_line(look_at_folder);
}

/*
 * The library identifies an object by its name alone (and so does test_purity.c): no two folders of
 * the core have a file of one name.
 */
static void no_two_folders_of_the_core_have_a_file_of_one_name(void **state UNUSED)
{
	glob_t found;

	assert_int_equal(glob("src/core/*/*.c", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(strrchr(found.gl_pathv[i], '/'),
						strrchr(found.gl_pathv[j], '/'));
	}
	globfree(&found);
}

/* --- threads and sleeping ------------------------------------------------------------------ */

/* Does the line call `name`, and not a longer name with the same end? */
static bool calls(const char *line, const char *name)
{
	for (const char *at = strstr(line, name); at; at = strstr(at + 1, name)) {
		char before = at == line ? ' ' : at[-1];

		if (at[strlen(name)] == '(' && !isalnum((unsigned char)before) && before != '_' &&
		    before != '"')
			return true;
	}
	return false;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return line[0] == '*' || strncmp(line, "/*", 2) == 0 || strncmp(line, "//", 2) == 0;
}

static void look_at_calls(const char *file, unsigned n, const char *line)
{
	static const char *const waits[] = { "sleep", "usleep", "nanosleep", "clock_nanosleep" };

	if (!line || is_comment(line) || strncmp(file, "tests/bench/", 12) == 0)
		return; /* a benchmark may pace itself */
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		if (calls(line, waits[i]))
			fault(file, n, "waits by", waits[i]);
	}
	if (strncmp(file, "src/", 4) == 0 && strncmp(file, "src/zk/", 7) != 0 &&
	    strcmp(file, thread_file) != 0 && strstr(line, "pthread_") &&
	    !strstr(line, "pthread_sigmask("))
		fault(file, n, "threads belong to src/zk:", line);
}

static void nothing_sleeps_and_only_zk_has_threads(void **state UNUSED)
{
	each_source_line(look_at_calls);
}

/* --- length --------------------------------------------------------------------------------- */

static bool is_test(const char *file)
{
	return strncmp(file, "tests/", 6) == 0;
}

/* Only a function opens and closes with a brace in column one. */
/* One subject that has to stay in one file; its essay says why. */
static bool may_be_long(const char *file)
{
	static const char *const files[] = { "src/core/policy/policy_list.c" };

	return is_listed(files, ARRAY_SIZE(files), file);
}

static void look_at_length(const char *file, unsigned n, const char *line)
{
	static unsigned opened, last;
	char detail[64];

	if (!line) {
		unsigned limit = is_test(file) ? TEST_FILE_LINES : FILE_LINES;

		if (last > limit && !may_be_long(file)) {
			snprintf(detail, sizeof(detail), "more than %u", limit);
			fault(file, last, "lines in one file,", detail);
		}
		opened = last = 0;
		return;
	}
	last = n;
	if (line[0] == '{')
		opened = n;
	if (line[0] != '}' || !opened)
		return;
	if (n - opened - 1 > (is_test(file) ? TEST_FUNCTION_LINES : FUNCTION_LINES)) {
		snprintf(detail, sizeof(detail), "%u lines", n - opened - 1);
		fault(file, opened, "a function of", detail);
	}
	opened = 0;
}

static void files_and_functions_keep_their_lengths(void **state UNUSED)
{
	each_source_line(look_at_length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes_point_down),
		cmocka_unit_test(each_file_of_the_core_is_in_a_known_folder),
		cmocka_unit_test(no_two_folders_of_the_core_have_a_file_of_one_name),
		cmocka_unit_test(nothing_sleeps_and_only_zk_has_threads),
		cmocka_unit_test(files_and_functions_keep_their_lengths),
	};

	return cmocka_run_group_tests_name("architecture", tests, NULL, NULL);
}
