/* Child processes: output, end, deadline, and what they must not inherit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig.h"
#include "sys/child.h"

struct seen {
	int calls;
	bool timed_out, exited;
	int code;
	char *failure, *output, *errors;
	size_t streamed;
};

static sd_event *loop;

static void on_done(void *ctx, const struct child_result *r)
{
	struct seen *s = ctx;

	s->calls++;
	s->timed_out = r->timed_out;
	s->exited = r->exited;
	s->code = r->code;
	s->failure = r->failure ? xstrdup(r->failure) : NULL;
	s->output = xstrdup(buf_str(r->output));
	s->errors = xstrdup(buf_str(r->errors));
}

static void on_output(void *ctx, const char *bytes UNUSED, size_t size)
{
	((struct seen *)ctx)->streamed += size;
}

static void forget(struct seen *s)
{
	free(s->failure);
	free(s->output);
	free(s->errors);
}

static struct child_spec shell(struct seen *s, const char *script)
{
	static char *arguments[] = { (char *)"sh", (char *)"-c", NULL, NULL };
	static char *environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };

	arguments[2] = (char *)script;
	return (struct child_spec){
		.path = "/bin/sh",
		.exec_fd = -1,
		.argv = arguments,
		.envp = environment,
		.deadline = RIG_PATIENCE,
		.keep_output = true,
		.done = on_done,
		.ctx = s,
	};
}

static struct child *spawn(const struct child_spec *spec)
{
	struct child *c = NULL;
	struct err e;

	if (child_spawn(loop, spec, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static void run(const struct child_spec *spec, struct seen *s)
{
	struct child *c = spawn(spec);

	eventually(loop, s->calls);
	child_free(c);
}

/* Gone, or waiting for an idle init to reap it. */
static bool is_gone(pid_t pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%d/stat", (int)pid);
	const char *text = rig_read(path);

	return !text || !*text || strstr(text, ") Z ");
}

static int set_up(void **state UNUSED)
{
	return sd_event_new(&loop) < 0;
}

static int tear_down(void **state UNUSED)
{
	loop = sd_event_unref(loop);
	rig_clean();
	return 0;
}

/* --- a rollout without failures --------------------------------------------------------------- */

static void both_outputs_and_the_status_arrive(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "echo out; echo err >&2; exit 3");

	run(&spec, &s);
	assert_null(s.failure);
	assert_true(s.exited);
	assert_false(s.timed_out);
	assert_int_equal(s.code, 3);
	assert_string_equal(s.output, "out\n");
	assert_string_equal(s.errors, "err\n");
}

static void output_is_kept_only_on_request_but_always_streamed(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "head -c 5000000 /dev/zero; echo end >&2");

	spec.keep_output = false;
	spec.on_output = on_output;
	run(&spec, &s);
	assert_int_equal(s.streamed, 5000000);
	assert_string_equal(s.output, "");
	assert_string_equal(s.errors, "end\n");
}

static void of_too_many_errors_both_ends_stay(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(
		&s,
		"{ echo first; head -c 9000000 /dev/zero | tr '\\0' 'x'; echo; echo last; } >&2");

	run(&spec, &s);
	assert_true(strlen(s.errors) <= CHILD_ERRORS_LIMIT);
	assert_int_equal(strncmp(s.errors, "first\n", 6), 0);
	assert_string_equal(s.errors + strlen(s.errors) - 6, "\nlast\n");
}

static void a_signal_is_told_from_an_exit(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "kill -SEGV $$");

	run(&spec, &s);
	assert_false(s.exited);
	assert_int_equal(s.code, SIGSEGV);
}

static void an_open_executable_is_run(void **state UNUSED)
{
	static char *arguments[] = { (char *)"echo", (char *)"hello", NULL };
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "");

	spec.exec_fd = open("/bin/echo", O_PATH | O_CLOEXEC);
	spec.path = "/nonexistent";
	spec.argv = arguments;
	run(&spec, &s);
	close(spec.exec_fd);
	assert_string_equal(s.output, "hello\n");
}

/* --- input ------------------------------------------------------------------------------------ */

#define LARGE (3 * 1024 * 1024) /* more than any pipe holds */

static void input_is_read_to_its_end(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 }, large = { 0 }, empty = { 0 };
	CLEANUP(freep) char *bytes = xcalloc(1, LARGE);
	struct child_spec spec = shell(&s, "cat; echo; cat </dev/stdin");

	spec.input = "a;b\n\"c\"";
	spec.input_size = strlen(spec.input);
	run(&spec, &s);
	assert_string_equal(s.output, "a;b\n\"c\"\na;b\n\"c\"");
	spec = shell(&large, "wc -c");
	spec.input = bytes;
	spec.input_size = LARGE;
	run(&spec, &large);
	assert_string_equal(large.output, "3145728\n");
	spec = shell(&empty, "wc -c");
	spec.input = "";
	run(&spec, &empty);
	assert_string_equal(empty.output, "0\n");
}

static void input_that_is_not_read_blocks_nothing(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	CLEANUP(freep) char *bytes = xcalloc(1, LARGE);
	struct child_spec spec = shell(&s, "exec <&-; echo done");

	spec.input = bytes;
	spec.input_size = LARGE;
	run(&spec, &s);
	assert_true(s.exited);
	assert_string_equal(s.output, "done\n");
}

static void a_child_cannot_write_to_its_input(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "echo x >&0; echo $?; cat");

	spec.input = "as it was";
	spec.input_size = strlen(spec.input);
	run(&spec, &s);
	assert_non_null(strstr(s.output, "\nas it was"));
	assert_true(s.output[0] != '0');
}

/* --- what it does not inherit ----------------------------------------------------------------- */

static void nothing_is_inherited(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec =
		shell(&s, "env | grep -v ^PWD=; cat; test -e /proc/$$/fd/77 && echo leaked;"
			  /* of 32 and above, no program can change those of the C library */
			  "sed -nE 's/^(Sig(Blk|Ign):.)[0-9a-f]{9}/\\1/p' /proc/self/status");
	sigset_t blocked, before;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(dup2(STDERR_FILENO, 77), 77);
	run(&spec, &s);
	close(77);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(s.output, "PATH=/usr/bin:/bin\n"
				      "SigBlk:\t0000000\n"
				      "SigIgn:\t0000000\n");
}

/* --- failures before exec --------------------------------------------------------------------- */

static int refuse(void *ctx UNUSED, const char **what)
{
	*what = "cannot do as asked";
	return EPERM;
}

static void a_failed_preparation_is_reported_in_words(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "echo ran");

	spec.prepare = refuse;
	run(&spec, &s);
	assert_string_equal(s.failure, "cannot do as asked: Operation not permitted");
	assert_string_equal(s.output, "");
}

static void a_missing_program_is_reported_in_words(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "");

	spec.path = "/nonexistent/program";
	run(&spec, &s);
	assert_string_equal(s.failure, "/nonexistent/program: No such file or directory");
}

/* --- deadline and descendants ----------------------------------------------------------------- */

static pid_t first_number(const char *text)
{
	return (pid_t)atoi(text);
}

static void the_deadline_kills_the_whole_group(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	const char *up = rig_path("up");
	CLEANUP(freep)
	char *script = xasprintf("trap '' TERM; sleep 1000 & echo $!; : >%s; wait", up);
	struct child_spec spec = shell(&s, script);
	struct child *c;

	spec.deadline = 300 * USEC_PER_MSEC;
	c = spawn(&spec);
	eventually(NULL, rig_read(up)); /* the loop does not run: the deadline can wait */
	eventually(loop, s.calls);
	child_free(c);
	assert_true(s.timed_out);
	assert_false(s.exited);
	assert_int_equal(s.code, SIGKILL);
	assert_true(first_number(s.output) > 0);
	eventually(NULL, is_gone(first_number(s.output)));
}

static void what_is_left_of_the_group_ends_with_the_child(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "sleep 1000 & echo $!; exit 5");

	run(&spec, &s);
	assert_false(s.timed_out);
	assert_int_equal(s.code, 5);
	eventually(NULL, is_gone(first_number(s.output)));
}

/* The loop was busy with something else. */
static void an_end_that_is_noticed_late_is_no_timeout(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	const char *file = rig_path("pid");
	CLEANUP(freep) char *script = xasprintf("echo out; echo $$ >%s; exit 3", file);
	struct child_spec spec = shell(&s, script);
	struct child *c;

	spec.deadline = USEC_PER_MSEC;
	c = spawn(&spec);
	eventually(NULL, first_number(rig_read(file) ?: "") > 0);
	eventually(NULL, is_gone(first_number(rig_read(file))));
	eventually(loop, s.calls);
	child_free(c);
	assert_int_equal(s.calls, 1);
	assert_true(s.exited);
	assert_false(s.timed_out);
	assert_int_equal(s.code, 3);
	assert_string_equal(s.output, "out\n");
}

static void a_descendant_in_another_group_is_not_waited_for(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	/* the fifo makes sure that the grandchild runs */
	const char *fifo = rig_path("away"), *file = rig_path("pid");
	CLEANUP(freep)
	char *script = xasprintf(
		"mkfifo %s; setsid sh -c 'echo $$; : >%s; exec sleep 1000' & cat %s; echo $$ >%s",
		fifo, fifo, fifo, file);
	struct child_spec spec = shell(&s, script);
	struct child *c;

	spec.deadline = USEC_PER_SEC;
	c = spawn(&spec);
	eventually(NULL, first_number(rig_read(file) ?: "") > 0);
	eventually(NULL, is_gone(first_number(rig_read(file))));
	eventually(loop, s.calls);
	child_free(c);
	assert_int_equal(s.calls, 1);
	assert_true(s.exited);
	assert_false(s.timed_out);
	assert_false(is_gone(first_number(s.output)));
	kill(first_number(s.output), SIGKILL);
}

static void freeing_kills_and_reaps_in_silence(void **state UNUSED)
{
	CLEANUP(forget) struct seen s = { 0 };
	struct child_spec spec = shell(&s, "echo up; sleep 1000");
	struct child *c;

	spec.on_output = on_output;
	c = spawn(&spec);
	eventually(loop, s.streamed);
	child_free(c);
	eventually(loop, waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	assert_int_equal(s.calls, 0);
}

/* A change of identity clears the death signal: it must be set again. */
static int become_nobody(void *ctx UNUSED, const char **what UNUSED)
{
	return syscall(SYS_setresuid, 65534, 65534, 65534) < 0 ? errno : 0;
}

/* A daemon of its own; its child writes its pid to a file. */
static void be_daemon(const char *script)
{
	struct seen s = { 0 };
	struct child_spec spec = shell(&s, script);
	struct child *c;

	if (sd_event_new(&loop) < 0)
		_exit(1);
	spec.prepare = become_nobody;
	if (child_spawn(loop, &spec, &c, NULL) < 0)
		_exit(1);
	for (;;)
		sd_event_run(loop, UINT64_MAX);
}

static void a_child_dies_with_its_daemon(void **state UNUSED)
{
	const char *file = rig_path("pid");
	CLEANUP(freep) char *script = xasprintf("echo $$ >%s; exec sleep 1000", file);
	pid_t daemon;

	rig_write(file, "%s", "");
	assert_int_equal(chmod(file, 0666), 0);
	daemon = fork();
	assert_true(daemon >= 0);
	if (daemon == 0)
		be_daemon(script);
	eventually(NULL, first_number(rig_read(file)) > 0);
	assert_false(is_gone(first_number(rig_read(file))));
	rig_stop(daemon, SIGKILL);
	eventually(NULL, is_gone(first_number(rig_read(file))));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(both_outputs_and_the_status_arrive),
		TEST(output_is_kept_only_on_request_but_always_streamed),
		TEST(of_too_many_errors_both_ends_stay),
		TEST(a_signal_is_told_from_an_exit),
		TEST(an_open_executable_is_run),
		TEST(input_is_read_to_its_end),
		TEST(input_that_is_not_read_blocks_nothing),
		TEST(a_child_cannot_write_to_its_input),
		TEST(nothing_is_inherited),
		TEST(a_failed_preparation_is_reported_in_words),
		TEST(a_missing_program_is_reported_in_words),
		TEST(the_deadline_kills_the_whole_group),
		TEST(what_is_left_of_the_group_ends_with_the_child),
		TEST(an_end_that_is_noticed_late_is_no_timeout),
		TEST(a_descendant_in_another_group_is_not_waited_for),
		TEST(freeing_kills_and_reaps_in_silence),
		TEST(a_child_dies_with_its_daemon),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
