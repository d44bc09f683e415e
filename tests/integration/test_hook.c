/* Commands: their input, their results, and the order in which they run. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "host/hook.h"
#include "rig_private.h"

struct seen {
	unsigned calls;
	bool passed;
	char *message;
	char *names; /* of all that ended, in order, separated by ' ' */
};

static sd_event *loop;
static struct hooks *hooks;
static struct seen seen;

static void on_done(void *ctx, const struct hook_result *r)
{
	struct seen *s = ctx;
	char *names = xasprintf("%s%s ", s->names ?: "", r->name);

	s->calls++;
	s->passed = r->passed;
	free(s->message);
	s->message = xstrdup(r->message);
	free(s->names);
	s->names = names;
}

static int set_up(void **state UNUSED)
{
	if (sd_event_new(&loop) < 0)
		return -1;
	hooks = hooks_new(loop);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	hooks_free(hooks);
	hooks = NULL;
	loop = sd_event_unref(loop);
	free(seen.message);
	free(seen.names);
	seen = (struct seen){ 0 };
	rig_private_clean();
	rig_clean();
	return 0;
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct hook_spec hook(const char *name, const char *const *argv)
{
	return (struct hook_spec){
		.name = name,
		.argv = argv,
		.input = "{}",
		.input_size = 2,
		.deadline = RIG_PATIENCE,
		.done = on_done,
		.ctx = &seen,
	};
}

static void run(const char *const *argv)
{
	struct hook_spec spec = hook("test.command", argv);
	unsigned before = seen.calls;

	hooks_run(hooks, &spec);
	eventually(loop, seen.calls > before);
}

/* Runs a shell script to its end, with the rest as arguments. */
static void run_script(const char *text)
{
	run(ARGV(rig_private_script("script", text)));
}

/* Gone, or waiting for an idle init to reap it. */
static bool is_gone(pid_t pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%d/stat", (int)pid);
	const char *text = rig_read(path);

	return !text || !*text || strstr(text, ") Z ");
}

static pid_t pid_in(const char *file)
{
	const char *text = rig_read(file);

	return text && strchr(text, '\n') ? (pid_t)atoi(text) : 0;
}

static void assert_message_begins(const char *text)
{
	if (!seen.message || strncmp(seen.message, text, strlen(text)) != 0)
		fail_msg("says: %s\nnot: %s …", seen.message, text);
}

/* --- what it is given ------------------------------------------------------------------------- */

static void arguments_and_input_arrive_unchanged(void **state UNUSED)
{
	static const char input[] = "{\"host\":\";id\",\"x\":\"$(touch /tmp/x) '\\\"\n\xff\0\"}";
	const char *out = rig_directory();
	struct hook_spec spec = hook(
		"test.command",
		ARGV(rig_private_script("script", "#!/bin/sh\ncd \"$1\" || exit 9\n"
						  "printf '[%s]' \"$@\" >argv; cat >input\n"
						  "echo first; echo last line; echo error >&2\n"),
		     out, ";id", "--x", "", "two words", "$(id) `id` $HOME *", "a\nb", "'\"\\",
		     "\xff\x01"));
	CLEANUP(freep) char *expected = NULL;

	spec.input = input;
	spec.input_size = sizeof(input) - 1;
	hooks_run(hooks, &spec);
	assert_int_equal(seen.calls, 0);
	eventually(loop, seen.calls);
	assert_true(seen.passed);
	assert_string_equal(seen.message, "last line");
	expected = xasprintf("[%s][;id][--x][][two words][$(id) `id` $HOME *][a\nb]['\"\\]"
			     "[\xff\x01]",
			     out);
	assert_string_equal(rig_read(rig_path("argv")), expected);
	assert_memory_equal(rig_read(rig_path("input")), input, sizeof(input) - 1);
}

static void the_environment_is_clean(void **state UNUSED)
{
	CLEANUP(freep) char *secret = xstrdup("SECRET=1");

	putenv(secret);
	/* What the kernel was given, before the shell added anything. A pipe in place of the
	 * subshell would sometimes show one of its own ends. */
	run(ARGV(rig_private_script("script",
				    "#!/bin/sh\nexec >\"$1\"\ntr '\\0' '\\n' </proc/$$/environ\n"
				    "readlink /proc/$$/cwd\n(ls /proc/$$/fd) >\"$1.fds\"\n"
				    "wc -l <\"$1.fds\"\n"),
		 rig_path("out")));
	unsetenv("SECRET");
	assert_true(seen.passed);
	/* 0, 1, 2 and the script */
	assert_string_equal(rig_read(rig_path("out")),
			    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\nLC_ALL=C.UTF-8\n"
			    "/\n4\n");
}

static void the_program_that_was_checked_is_the_one_that_runs(void **state UNUSED)
{
	run(ARGV("/bin/echo", "--", "hello", "$HOME"));
	assert_true(seen.passed);
	assert_string_equal(seen.message, "-- hello $HOME");
}

static void much_input_that_is_not_read_blocks_nothing(void **state UNUSED)
{
	CLEANUP(freep) char *input = xcalloc(1, 1024 * 1024);
	struct hook_spec spec =
		hook("test.command", ARGV(rig_private_script("script", "#!/bin/sh\nexit 0\n")));

	memset(input, 'x', 1024 * 1024);
	spec.input = input;
	spec.input_size = 1024 * 1024;
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls == 1);
	assert_true(seen.passed);
	rig_private_script("script", "#!/bin/sh\nexec <&-\nexit 0\n");
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls == 2);
	assert_true(seen.passed);
	rig_private_script("script", "#!/bin/sh\nwc -c\n");
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls == 3);
	assert_string_equal(seen.message, "1048576");
	spec.input_size = 0;
	spec.input = NULL;
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls == 4);
	assert_string_equal(seen.message, "0");
}

static void without_a_command_nothing_runs(void **state UNUSED)
{
	struct hook_spec spec = hook("test.command", (const char *const[]){ NULL });

	hooks_run(hooks, &spec);
	spec.argv = NULL;
	hooks_run(hooks, &spec);
	run(ARGV("/bin/true"));
	assert_int_equal(seen.calls, 1);
}

/* --- how it ends ------------------------------------------------------------------------------ */

static void a_failure_is_reported_with_the_output(void **state UNUSED)
{
	run_script("#!/bin/sh\necho progress; echo; echo 'cannot reach'; echo ' the host' >&2\n"
		   "exit 3\n");
	assert_false(seen.passed);
	assert_string_equal(seen.message,
			    "exit status 3:  the host (output: progress; cannot reach)");
	run_script("#!/bin/sh\necho only output; exit 1\n");
	assert_string_equal(seen.message, "exit status 1: only output");
	run_script("#!/bin/sh\nexit 1\n");
	assert_string_equal(seen.message, "exit status 1");
	run_script("#!/bin/sh\nkill -SEGV $$\n");
	assert_string_equal(seen.message, "ended by SIGSEGV");
	run_script("#!/bin/sh\necho ok >&2\n");
	assert_true(seen.passed);
	assert_string_equal(seen.message, "ok");
	run_script("#!/bin/sh\n");
	assert_string_equal(seen.message, "");
}

static void output_in_a_message_is_made_harmless(void **state UNUSED)
{
	run_script("#!/bin/sh\nprintf 'a\\033[31m\\001\\tb \\377\\303 \\303\\251 \\302\\205"
		   "\\355\\240\\200\\r\\n'\nexit 1\n");
	assert_string_equal(seen.message, "exit status 1: a?[31m? b ?? \xc3\xa9 ?"
					  "?"
					  "???");
	run_script("#!/bin/sh\nhead -c 30000000 /dev/zero | tr '\\0' x; echo; echo the end\n"
		   "head -c 30000000 /dev/zero | tr '\\0' y >&2\nexit 1\n");
	assert_true(strlen(seen.message) < 600);
	assert_message_begins("exit status 1: yyy");
	assert_non_null(strstr(seen.message, "y (output: the end)"));
	run_script("#!/bin/sh\nhead -c 3001 /dev/zero | tr '\\0' x; printf '\\303\\251'\n");
	assert_true(strlen(seen.message) < 600);
	assert_string_equal(seen.message + strlen(seen.message) - 3, "x\xc3\xa9");
}

static void what_cannot_be_executed_is_reported_with_a_hint(void **state UNUSED)
{
	run_script("#!/no/such/interpreter\n");
	assert_false(seen.passed);
	assert_non_null(
		strstr(seen.message, "script: No such file or directory (the file exists, "));
	run_script("echo no first line\n");
	assert_non_null(
		strstr(seen.message, "script: Exec format error (a script must begin with "));
}

static void a_refused_file_is_never_run(void **state UNUSED)
{
	char *script = rig_private_script("script", "#!/bin/sh\necho ran >\"$1\"\n");
	const char *out = rig_path("out");

	assert_int_equal(chmod(script, 0775), 0);
	run(ARGV(script, out));
	assert_false(seen.passed);
	assert_message_begins(script);
	assert_non_null(strstr(seen.message, "chmod 755"));
	assert_null(rig_read(out));
	/* each run reads it again */
	assert_int_equal(chmod(script, 0755), 0);
	run(ARGV(script, out));
	assert_true(seen.passed);
	assert_string_equal(rig_read(out), "ran\n");
	assert_int_equal(unlink(script), 0);
	run(ARGV(script, out));
	assert_false(seen.passed);
	assert_non_null(strstr(seen.message, "No such file or directory"));
}

static int on_tick(sd_event_source *source, uint64_t at UNUSED, void *ctx)
{
	++*(unsigned *)ctx;
	sd_event_source_set_time_relative(source, 5 * USEC_PER_MSEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void a_command_that_hangs_is_killed_with_its_children(void **state UNUSED)
{
	const char *own = rig_path("own"), *inner = rig_path("inner");
	struct hook_spec spec =
		hook("test.command",
		     ARGV(rig_private_script("script", "#!/bin/sh\ntrap '' TERM INT HUP\n"
						       "sleep 1000 &\necho $! >\"$2\"\n"
						       "echo $$ >\"$1\"\necho so far\nwait\n"),
			  own, inner));
	sd_event_source *tick = NULL;
	unsigned ticks = 0;

	spec.deadline = 2500 * USEC_PER_MSEC; /* for the script to get as far as that */
	assert_true(sd_event_add_time_relative(loop, &tick, CLOCK_MONOTONIC, 0, 1, on_tick,
					       &ticks) >= 0);
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls);
	sd_event_source_unref(tick);
	assert_true(ticks > 2); /* the loop ran meanwhile */
	assert_false(seen.passed);
	assert_string_equal(seen.message, "killed because it took longer than 2.5 s: so far");
	assert_true(pid_in(own) > 0 && pid_in(inner) > 0);
	eventually(NULL, is_gone(pid_in(own)));
	eventually(NULL, is_gone(pid_in(inner)));
	run(ARGV("/bin/echo", "next"));
	assert_string_equal(seen.message, "next");
}

/* --- the queue -------------------------------------------------------------------------------- */

static const char *logger;

/* A command that appends its word to a file. */
static void ask(const char *name, const char *word, bool keep_all)
{
	struct hook_spec spec = hook(name, ARGV(logger, rig_path("log"), word));

	spec.keep_all = keep_all;
	hooks_run(hooks, &spec);
}

static void make_logger(void)
{
	logger = rig_private_script("logger", "#!/bin/sh\nprintf '%s ' \"$2\" >>\"$1\"\n");
}

static void commands_run_one_after_another(void **state UNUSED)
{
	make_logger();
	ask("a", "a1", false);
	ask("b", "b1", false);
	ask("c", "c1", true);
	eventually(loop, seen.calls == 3);
	assert_string_equal(rig_read(rig_path("log")), "a1 b1 c1 ");
	assert_string_equal(seen.names, "a b c ");
}

static void of_waiting_commands_of_one_name_only_the_newest_runs(void **state UNUSED)
{
	make_logger();
	ask("elected", "e1", false);
	ask("resigned", "r1", false);
	ask("elected", "e2", false);
	ask("kept", "k1", true);
	ask("kept", "k2", true);
	eventually(loop, seen.calls == 4);
	assert_string_equal(rig_read(rig_path("log")), "r1 e2 k1 k2 ");
	assert_string_equal(seen.names, "resigned elected kept kept ");
}

static void a_running_command_is_not_replaced(void **state UNUSED)
{
	const char *gate = rig_path("gate"), *up = rig_path("up");
	struct hook_spec spec =
		hook("a", ARGV(rig_private_script("waits", "#!/bin/sh\n: >\"$3\"; read x <\"$2\"\n"
							   "printf 'a0 ' >>\"$1\"\n"),
			       rig_path("log"), gate, up));

	make_logger();
	assert_int_equal(mkfifo(gate, 0600), 0);
	hooks_run(hooks, &spec);
	eventually(loop, access(up, F_OK) == 0);
	ask("a", "a1", false);
	ask("b", "b1", false);
	ask("a", "a2", false);
	rig_write(gate, "go\n");
	eventually(loop, seen.calls == 3);
	assert_string_equal(rig_read(rig_path("log")), "a0 b1 a2 ");
}

static void of_too_many_waiting_commands_the_oldest_are_dropped(void **state UNUSED)
{
	make_logger();
	for (unsigned i = 1; i <= 103; i++) {
		CLEANUP(freep) char *word = xasprintf("%u", i);

		ask("kept", word, true);
	}
	eventually(loop, seen.calls == 100);
	assert_int_equal(strncmp(rig_read(rig_path("log")), "4 5 6 ", 6), 0);
	assert_non_null(strstr(rig_read(rig_path("log")), " 102 103 "));
}

static void ask_again(void *ctx, const struct hook_result *r)
{
	on_done(ctx, r);
	if (seen.calls < 3)
		ask("again", "x", false);
}

static void the_end_of_a_command_may_start_the_next(void **state UNUSED)
{
	struct hook_spec spec = hook("first", ARGV("/bin/true"));

	make_logger();
	spec.done = ask_again;
	hooks_run(hooks, &spec);
	eventually(loop, seen.calls == 2);
	assert_string_equal(seen.names, "first again ");
}

/* --- the end of the queue --------------------------------------------------------------------- */

static void freeing_kills_the_running_command_and_drops_the_waiting_ones(void **state UNUSED)
{
	const char *own = rig_path("own"), *inner = rig_path("inner");
	struct hook_spec spec =
		hook("runs", ARGV(rig_private_script("script", "#!/bin/sh\nsleep 1000 &\n"
							       "echo $! >\"$2\"\necho $$ >\"$1\"\n"
							       "wait\n"),
				  own, inner));

	make_logger();
	hooks_run(hooks, &spec);
	ask("waits", "x", false);
	eventually(loop, pid_in(own));
	hooks_free(TAKE(hooks));
	eventually(loop, waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	eventually(NULL, is_gone(pid_in(inner)));
	assert_int_equal(seen.calls, 0);
	assert_null(rig_read(rig_path("log")));
}

static void free_all(void *ctx, const struct hook_result *r)
{
	on_done(ctx, r);
	hooks_free(TAKE(hooks));
}

static void the_end_of_a_command_may_free_the_queue(void **state UNUSED)
{
	struct hook_spec spec = hook("ends", ARGV("/bin/true"));

	make_logger();
	spec.done = free_all;
	hooks_run(hooks, &spec);
	ask("waits", "x", false);
	eventually(loop, seen.calls == 1);
	/* the same when it has not started */
	hooks = hooks_new(loop);
	spec.argv = ARGV("/no/such/file");
	hooks_run(hooks, &spec);
	ask("waits", "x", false);
	eventually(loop, seen.calls == 2);
	assert_false(seen.passed);
	assert_null(rig_read(rig_path("log")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(arguments_and_input_arrive_unchanged),
		TEST(the_environment_is_clean),
		TEST(the_program_that_was_checked_is_the_one_that_runs),
		TEST(much_input_that_is_not_read_blocks_nothing),
		TEST(without_a_command_nothing_runs),
		TEST(a_failure_is_reported_with_the_output),
		TEST(output_in_a_message_is_made_harmless),
		TEST(what_cannot_be_executed_is_reported_with_a_hint),
		TEST(a_refused_file_is_never_run),
		TEST(a_command_that_hangs_is_killed_with_its_children),
		TEST(commands_run_one_after_another),
		TEST(of_waiting_commands_of_one_name_only_the_newest_runs),
		TEST(a_running_command_is_not_replaced),
		TEST(of_too_many_waiting_commands_the_oldest_are_dropped),
		TEST(the_end_of_a_command_may_start_the_next),
		TEST(freeing_kills_the_running_command_and_drops_the_waiting_ones),
		TEST(the_end_of_a_command_may_free_the_queue),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
