/*
 * The core is pure, and its symbols prove it: everything that libcore.a needs from outside is on a
 * list without a clock, a file, a network, a process or an environment. Only err.o may write and
 * abort, and log.o may read the clock and write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/err.h>

static unsigned faults;

/* Of libc: memory, text, numbers. A '*' is anything. */
static const char *const pure[] = {
	"malloc",
	"calloc",
	"realloc",
	"free",
	"mem*",
	"str*",
	"ato*",
	"is*",
	"to*",
	"qsort",
	"bsearch",
	"snprintf",
	"vsnprintf",
	"vasprintf",
	"inet_pton",
	"inet_ntop",
	"gmtime_r",
	"timegm",
	"json_*",
	"EVP_*",
	"fnmatch", /* the daemon never sets a locale */
	"inflate*",
	"deflate*",
	/* what the compiler turns them into: checked variants, other names, unwinding */
	"__mem*_chk",
	"__str*_chk",
	"__snprintf_chk",
	"__vsnprintf_chk",
	"__vasprintf_chk",
	"__stack_chk_fail",
	"__ctype_*",
	"__errno_location",
	"__gcc_personality_v0",
	"_Unwind_*",
	"bcmp",
#ifdef __clang__
	"abort", /* for an exception that crosses a cleanup */
#endif
	"_GLOBAL_OFFSET_TABLE_",
	"DW.ref.*",
	/* sanitizers */
	"__asan_*",
	"__ubsan_*",
	"__tsan_*",
	"__sanitizer_*",
	"__start_*",
	"__stop_*",
};

/* These match the patterns and are not pure: the locale, randomness, hidden state. */
static const char *const impure[] = { "strtok",   "strerror", "strcoll*", "strxfrm*", "strftime",
				      "strptime", "memfrob",  "strfry",   "isatty" };

/* What only one object may call. */
static const struct {
	const char *object, *symbol;
} exceptions[] = {
	{ "err.o", "abort" },         { "err.o", "write" },    { "log.o", "write" },
	{ "log.o", "clock_gettime" }, { "log.o", "strftime" }, /* digits alone, so no locale */
	{ "status.o", "strftime" },
};

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

/* From 2.38 on glibc's headers rename what C99 and C23 changed: strtol is __isoc23_strtol. */
static const char *plain_name(const char *symbol)
{
	static const char *const prefixes[] = { "__isoc99_", "__isoc23_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(symbol, prefixes[i], strlen(prefixes[i])) == 0)
			return symbol + strlen(prefixes[i]);
	}
	return symbol;
}

static bool may_call(const char *object, const char *symbol)
{
	symbol = plain_name(symbol);
	for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++) {
		if (strcmp(exceptions[i].object, object) == 0 &&
		    strcmp(exceptions[i].symbol, symbol) == 0)
			return true;
	}
	return is_listed(pure, ARRAY_SIZE(pure), symbol) &&
	       !is_listed(impure, ARRAY_SIZE(impure), symbol);
}

/* libcore.a is two directories above this program. */
static char *library(void)
{
	static char path[4096];
	char self[2048];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(size > 0);
	self[size] = '\0';
	snprintf(path, sizeof(path), "%s/../../libcore.a", dirname(self));
	return path;
}

/* A line of nm: "PATH/libcore.a[err.o]: abort U". */
static bool split_symbol(char *line, const char **object, const char **symbol, char *kind)
{
	char *open = strrchr(line, '['), *close = open ? strchr(open, ']') : NULL, *blank;

	if (!close || close[1] != ':')
		return false;
	*close = '\0';
	*object = open + 1;
	*symbol = close + 3;
	blank = strchr(close + 3, ' ');
	if (!blank)
		return false;
	*blank = '\0';
	*kind = blank[1];
	return true;
}

struct symbols {
	char **defined;
	size_t count;
};

static bool is_defined(const struct symbols *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->defined[i], name) == 0)
			return true;
	}
	return false;
}

/* Reads the output of nm twice: the symbols that the library defines, then those that it needs. */
static size_t each_symbol(struct symbols *s, bool undefined)
{
	char *command = xasprintf("nm -A -P '%s'", library()), *line = NULL, kind;
	const char *object, *symbol;
	FILE *nm = popen(command, "re");
	size_t room = 0, seen = 0;

	assert_non_null(nm);
	while (getline(&line, &room, nm) > 0) {
		if (!split_symbol(line, &object, &symbol, &kind) ||
		    (kind == 'U' || kind == 'w') != undefined)
			continue;
		seen++;
		if (!undefined) {
			s->defined = xrealloc(s->defined, (s->count + 1) * sizeof(*s->defined));
			s->defined[s->count++] = xstrdup(symbol);
		} else if (!is_defined(s, symbol) && !may_call(object, symbol)) {
			print_error("the pure core must not call %s, as %s does\n", symbol, object);
			faults++;
		}
	}
	assert_int_equal(pclose(nm), 0);
	free(line);
	free(command);
	return seen;
}

static void the_core_is_pure(void **state UNUSED)
{
	struct symbols s = { 0 };

	faults = 0;
	assert_true(each_symbol(&s, false) > 50);
	assert_true(each_symbol(&s, true) > 20);
	for (size_t i = 0; i < s.count; i++)
		free(s.defined[i]);
	free(s.defined);
	assert_int_equal(faults, 0);
}

static void the_list_of_allowed_calls_is_strict(void **state UNUSED)
{
	static const char *const forbidden[] = {
		"open",           "open64",        "fopen",
		"read",           "fork",          "time",
		"getenv",         "socket",        "zoo_get",
		"printf",         "sd_notify",     "strtok",
		"stderr",         "fprintf",       "rand",
		"usleep",         "_exit",         "write",
		"strftime",       "__printf_chk",  "strerror",
		"exit",           "localtime",     "stat",
		"pthread_create", "__fprintf_chk", "__isoc23_fscanf",
	};

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		if (may_call("model.o", forbidden[i]))
			fail_msg("%s counts as pure", forbidden[i]);
	}
}

static void names_of_newer_headers_are_taken_for_what_they_are(void **state UNUSED)
{
	static const char *const same[] = { "strtol", "__isoc99_strtod", "__isoc23_strtol",
					    "__isoc23_strtoull" };

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		if (!may_call("model.o", same[i]))
			fail_msg("%s does not count as pure", same[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_core_is_pure),
		cmocka_unit_test(the_list_of_allowed_calls_is_strict),
		cmocka_unit_test(names_of_newer_headers_are_taken_for_what_they_are),
	};

	return cmocka_run_group_tests_name("purity", tests, NULL, NULL);
}
