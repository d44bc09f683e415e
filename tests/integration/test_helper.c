/*
 * The helper, which alone keeps the privileges of the sandbox: what it refuses, what the process
 * that started it lacks from then on, and what is left when one of the two dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "nginx/enclosed.h"
#include "nginx/helper_channel.h"
#include "nginx/peek.h"
#include "nginx/proc.h"
#include "rig_sandbox.h"
#include "sys/renounce.h"

/* --- what it refuses -------------------------------------------------------------------------- */

static struct enclosed good_run(const struct host *h)
{
	return (struct enclosed){ .kind = ENCLOSED_TEST,
				  .binary = h->settings.binary,
				  .config = h->settings.config,
				  .prefix = "",
				  .staged = h->staged,
				  .live = h->live };
}

static char failure[1024];

static void on_run_end(void *ctx UNUSED, const struct child_result *r)
{
	snprintf(failure, sizeof(failure), "%s", r->failure ?: "");
}

static const char *run_through_helper(struct enclosed *q)
{
	const struct child_spec spec = { .launch = helper_launch,
					 .launch_ctx = q,
					 .deadline = RIG_PATIENCE,
					 .done = on_run_end };
	struct err e;

	if (child_run(&spec, &e) < 0)
		fail_msg("%s", e.text);
	return failure;
}

#define assert_says(text, words) assert_non_null(strstr(text, words))

static void only_generations_of_the_state_directory_are_tested(void **state)
{
	struct host *h = *state;
	struct enclosed q = good_run(h);

	host_start_helper(h);
	assert_string_equal(run_through_helper(&q), "");
	q.staged = "/etc/nginx";
	assert_says(run_through_helper(&q), "only generations of the state directory");
	q.staged = rig_path("state/generations/..");
	assert_says(run_through_helper(&q), "only generations of the state directory");
	assert_int_equal(symlink("/etc", rig_path("state/generations/7")), 0);
	q.staged = rig_path("state/generations/7");
	assert_says(run_through_helper(&q), "only generations of the state directory");
	q.staged = h->staged;
	assert_string_equal(run_through_helper(&q), "");
}

static void kernel_file_systems_and_relative_paths_are_refused(void **state)
{
	struct host *h = *state;
	struct enclosed q = good_run(h);

	host_start_helper(h);
	enclosed_cover(&q, COVER_DIRECTORY, "/proc/self/fd");
	assert_says(run_through_helper(&q), "covers no file system of the kernel");
	q = good_run(h);
	enclosed_cover(&q, COVER_PARENT, "/proc/self/fd/none");
	assert_says(run_through_helper(&q), "covers no file system of the kernel");
	q = good_run(h);
	q.binary = "nginx";
	assert_says(run_through_helper(&q), "only absolute paths");
}

static void messages_that_make_no_sense_are_ignored(void **state)
{
	static const char *const senseless[] = { "x", "R", "L", "Rxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };
	struct look_answer a;
	struct host *h = *state;

	host_start_helper(h);
	for (size_t i = 0; i < ARRAY_SIZE(senseless); i++)
		assert_true(send(helper_channel(), senseless[i], strlen(senseless[i]), 0) > 0);
	assert_true(peek(LOOK_EXECUTABLE, getpid(), "", &a, NULL));
	assert_non_null(strstr(a.text, "test_helper"));
	host_assert_passed(host_test_in_namespace(h));
}

/* With one of these a file of the master's mounts could be opened again for writing. */
static void no_descriptor_of_an_executable_or_a_namespace_is_given_away(void **state)
{
	struct look_answer a;
	int fd;

	host_start_helper(*state);
	assert_true(peek(LOOK_EXECUTABLE, getpid(), "", &a, &fd));
	assert_int_equal(fd, -1);
	assert_true(peek(LOOK_NAMESPACE, getpid(), "", &a, &fd));
	assert_int_equal(fd, -1);
	assert_true(peek(LOOK_FILE, getpid(), "/etc", &a, &fd));
	assert_int_equal(fd, -1);
	assert_true(S_ISDIR(a.st.st_mode));
}

/* --- what the process lacks ------------------------------------------------------------------- */

static int fd_of_init = -1;

static long enter_the_namespace_of_init(void)
{
	return setns(fd_of_init, CLONE_NEWNS);
}

static long make_a_mount_namespace(void)
{
	return unshare(CLONE_NEWNS);
}

static long make_a_user_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
}

static long mount_a_tmpfs(void)
{
	return mount("tmpfs", "/mnt", "tmpfs", 0, NULL);
}

static long clone_a_mount(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, "/", 1);
}

static long change_the_root(void)
{
	return chroot("/");
}

static long trace_the_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static long write_to_the_memory_of_the_parent(void)
{
	return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}

static long open_a_file_by_handle(void)
{
	return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY);
}

static long load_a_module(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

static long load_a_bpf_program(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long use_keys(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long set_the_host_name(void)
{
	return sethostname("x", 1);
}

#define FORBIDDEN(X)                                                                               \
	X(enter_the_namespace_of_init)                                                             \
	X(make_a_mount_namespace)                                                                  \
	X(make_a_user_namespace)                                                                   \
	X(mount_a_tmpfs)                                                                           \
	X(clone_a_mount)                                                                           \
	X(change_the_root)                                                                         \
	X(trace_the_parent)                                                                        \
	X(write_to_the_memory_of_the_parent)                                                       \
	X(open_a_file_by_handle)                                                                   \
	X(load_a_module)                                                                           \
	X(load_a_bpf_program)                                                                      \
	X(use_keys)                                                                                \
	X(set_the_host_name)

static const struct attempt {
	const char *name;
	long (*make)(void);
} forbidden[] = {
#define X(name) { #name, name },
	FORBIDDEN(X)
#undef X
};

static bool has_renounced(void)
{
	struct err e;

	fd_of_init = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	return renounce(&e) == 0;
}

/* Its exit status says which attempt was not refused. */
static int attempt_all(void)
{
	if (!has_renounced())
		return 255;
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		errno = 0;
		if (forbidden[i].make() != -1 || errno != EPERM)
			return 1 + (int)i;
	}
	/* the root of another process is behind the same door as its namespace */
	return access("/proc/1/root/etc", F_OK) == 0 ? 254 : 0;
}

static int status_of(int (*act)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(act());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 253;
}

static void what_the_helper_can_do_the_daemon_cannot(void **state UNUSED)
{
	int status = status_of(attempt_all);

	if (status > 0 && (size_t)status <= ARRAY_SIZE(forbidden))
		fail_msg("%s was not refused", forbidden[status - 1].name);
	assert_int_equal(status, 0);
}

/* As the commands of the settings may be: they inherit the filter. */
static int run_a_command(void)
{
	if (!has_renounced())
		return 255;
	return rig_run(NULL,
		       (char *[]){ (char *)"sh", (char *)"-c",
				   (char *)"echo text >out && cat out | grep -q text && rm out "
					   "&& kill -0 $PPID && ls /proc/net >/dev/null",
				   NULL });
}

static void commands_still_run(void **state UNUSED)
{
	assert_int_equal(chdir(rig_directory()), 0);
	assert_int_equal(status_of(run_a_command), 0);
	assert_int_equal(chdir("/"), 0);
}

/* --- when one of the two dies ----------------------------------------------------------------- */

static void find_helper(void *ctx, pid_t child)
{
	CLEANUP(buf_fini) struct buf name = BUF_INIT;

	if (proc_read(child, "comm", &name) && strcmp(buf_str(&name), "zknginxd-helper\n") == 0)
		*(pid_t *)ctx = child;
}

static void find_any(void *ctx, pid_t child)
{
	*(pid_t *)ctx = child;
}

static pid_t child_of(pid_t pid, void (*find)(void *ctx, pid_t child))
{
	pid_t found = 0;

	proc_children(pid, find, &found);
	return found;
}

static bool is_nginx(pid_t pid)
{
	static const char start[] = "nginx\0-T";
	CLEANUP(buf_fini) struct buf line = BUF_INIT;

	return pid && proc_read(pid, "cmdline", &line) && line.size > sizeof(start) &&
	       memcmp(line.data, start, sizeof(start)) == 0;
}

/* A process that has given up its privileges, and whose nginx -t waits for ever. */
static void hang(struct host *h)
{
	struct err e;

	h->loop = NULL;
	if (sd_event_new(&h->loop) < 0)
		_exit(1);
	host_start_helper(h);
	if (renounce(&e) < 0)
		_exit(1);
	host_begin(h, SANDBOX_NAMESPACE);
	sd_event_loop(h->loop);
	_exit(0);
}

static void configure_to_hang(struct host *h)
{
	CLEANUP(freep) char *include = xasprintf("include %s;", rig_path("fifo"));

	assert_int_equal(mkfifo(rig_path("fifo"), 0644), 0);
	host_configure(h, "", include);
}

static pid_t start_hanging(struct host *h, pid_t *helper, pid_t *nginx)
{
	pid_t owner;

	configure_to_hang(h);
	owner = fork();
	if (owner == 0)
		hang(h);
	*nginx = 0;
	eventually(NULL, (*helper = child_of(owner, find_helper)) &&
				 is_nginx(*nginx = child_of(*helper, find_any)));
	return owner;
}

static bool is_gone(pid_t pid)
{
	struct proc_stat st;

	return !proc_stat(pid, &st) || kill(pid, 0) < 0;
}

static void nothing_is_left_of_a_daemon_that_was_killed(void **state)
{
	pid_t helper, nginx, owner = start_hanging(*state, &helper, &nginx);

	assert_int_equal(kill(owner, SIGKILL), 0);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
	eventually(NULL, is_gone(helper) && is_gone(nginx));
}

static void a_test_ends_with_the_helper(void **state)
{
	pid_t helper, nginx, owner = start_hanging(*state, &helper, &nginx);

	assert_int_equal(kill(helper, SIGKILL), 0);
	eventually(NULL, is_gone(nginx));
	assert_int_equal(kill(owner, SIGKILL), 0);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
}

static void the_result_says_so_when_the_helper_dies(void **state)
{
	struct host *h = *state;
	pid_t helper;

	configure_to_hang(h);
	host_start_helper(h);
	host_begin(h, SANDBOX_NAMESPACE);
	helper = child_of(getpid(), find_helper);
	assert_true(helper > 0);
	eventually(h->loop, is_nginx(child_of(helper, find_any)));
	assert_int_equal(kill(helper, SIGKILL), 0);
	eventually(h->loop, h->result.over);
	assert_false(h->result.passed);
	assert_true(h->result.failed); /* nginx has refused nothing */
	host_assert_says(&h->result, "the process that had started it has ended");
}

static void a_cancelled_test_leaves_no_process(void **state)
{
	struct host *h = *state;
	pid_t helper;

	configure_to_hang(h);
	host_start_helper(h);
	host_begin(h, SANDBOX_NAMESPACE);
	helper = child_of(getpid(), find_helper);
	assert_true(helper > 0);
	eventually(h->loop, is_nginx(child_of(helper, find_any)));
	sandbox_cancel(h->sandbox);
	eventually(h->loop, child_of(helper, find_any) == 0);
	host_configure(h, "", host_include(h));
	host_assert_passed(host_test_in_namespace(h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test_case(only_generations_of_the_state_directory_are_tested),
		host_test_case(kernel_file_systems_and_relative_paths_are_refused),
		host_test_case(messages_that_make_no_sense_are_ignored),
		host_test_case(no_descriptor_of_an_executable_or_a_namespace_is_given_away),
		host_test_case(what_the_helper_can_do_the_daemon_cannot),
		host_test_case(commands_still_run),
		host_test_case(nothing_is_left_of_a_daemon_that_was_killed),
		host_test_case(a_test_ends_with_the_helper),
		host_test_case(the_result_says_so_when_the_helper_dies),
		host_test_case(a_cancelled_test_leaves_no_process),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
