/*
 * The threads that talk to ZooKeeper: what they may do, seen from within such a thread and in a
 * daemon that runs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_host.h"
#include "sys/thread.h"

static struct rig_host host;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* --- from within ------------------------------------------------------------------------------ */

static int namespace_of_init = -1;
static char *file;

static long enter_the_namespace_of_init(void)
{
	return setns(namespace_of_init, CLONE_NEWNS);
}

static long make_a_namespace(void)
{
	return unshare(CLONE_NEWNS);
}

static long mount_a_tmpfs(void)
{
	return mount("tmpfs", "/mnt", "tmpfs", 0, NULL);
}

static long change_the_root(void)
{
	return chroot("/");
}

static long start_a_program(void)
{
	char *const argv[] = { (char *)"true", NULL };

	return execve("/bin/true", argv, argv + 1);
}

static long make_a_process(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long trace_the_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static long write_to_the_memory_of_the_parent(void)
{
	return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}

static long signal_the_parent(void)
{
	return kill(getppid(), 0);
}

static long write_a_file(void)
{
	return open(file, O_WRONLY | O_CLOEXEC);
}

static long create_a_file(void)
{
	return open(rig_path("new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long append_to_a_file(void)
{
	return open(file, O_RDWR | O_APPEND | O_CLOEXEC);
}

static long remove_a_file(void)
{
	return unlink(file);
}

static long make_memory_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long make_a_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long become_root(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long use_keys(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long use_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

#define FORBIDDEN(X)                                                                               \
	X(enter_the_namespace_of_init)                                                             \
	X(make_a_namespace)                                                                        \
	X(mount_a_tmpfs)                                                                           \
	X(change_the_root)                                                                         \
	X(start_a_program)                                                                         \
	X(make_a_process)                                                                          \
	X(trace_the_parent)                                                                        \
	X(write_to_the_memory_of_the_parent)                                                       \
	X(signal_the_parent)                                                                       \
	X(write_a_file)                                                                            \
	X(create_a_file)                                                                           \
	X(append_to_a_file)                                                                        \
	X(remove_a_file)                                                                           \
	X(make_memory_executable)                                                                  \
	X(make_a_local_socket)                                                                     \
	X(become_root)                                                                             \
	X(use_keys)                                                                                \
	X(use_io_uring)

static const struct attempt {
	const char *name;
	long (*make)(void);
} forbidden[] = {
#define X(name) { #name, name },
	FORBIDDEN(X)
#undef X
};

struct answer {
	long rc;
	int error;
};

static struct answer answers[ARRAY_SIZE(forbidden)];

static void *make_attempts(void *arg UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		errno = 0;
		answers[i].rc = forbidden[i].make();
		answers[i].error = errno;
	}
	return NULL;
}

static void a_thread_may_do_nothing_but_talk(void **state UNUSED)
{
	file = rig_path("file");
	rig_write(file, "as it was\n");
	namespace_of_init = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	assert_int_equal(thread_call("test", CONFINE_NETWORK, make_attempts, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		if (answers[i].rc != -1 || answers[i].error != EPERM)
			fail_msg("%s: %ld, %s", forbidden[i].name, answers[i].rc,
				 strerror(answers[i].error));
	}
	assert_string_equal(rig_read(file), "as it was\n");
	close(namespace_of_init);
	rig_clean();
}

static void *read_a_file(void *arg)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), *got = arg;
	char text[32];

	*got = fd < 0 ? -1 : (int)read(fd, text, sizeof(text));
	close(fd);
	return NULL;
}

static void *read_on_a_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, read_a_file, arg) == 0)
		pthread_join(thread, NULL);
	return NULL;
}

static void it_reads_files_and_its_threads_do_so_too(void **state UNUSED)
{
	int got = 0;

	file = rig_path("file");
	rig_write(file, "some text\n");
	assert_int_equal(thread_call("test", CONFINE_NETWORK, read_on_a_thread, &got), 0);
	assert_int_equal(got, strlen("some text\n"));
	rig_clean();
}

static void *inherited_attempt(void *arg UNUSED)
{
	answers[0].rc = forbidden[0].make();
	answers[0].error = errno;
	return NULL;
}

static void the_other_threads_keep_what_they_have(void **state UNUSED)
{
	int got = 0;

	file = rig_path("file");
	rig_write(file, "some text\n");
	assert_int_equal(thread_call("test", CONFINE_NETWORK, read_a_file, &got), 0);
	assert_int_equal(thread_call("test", CONFINE_NAMES, inherited_attempt, NULL), 0);
	assert_int_equal(answers[0].error, EPERM);
	got = open(file, O_WRONLY | O_CLOEXEC);
	assert_true(got >= 0);
	close(got);
	rig_clean();
}

/* --- in the daemon ---------------------------------------------------------------------------- */

static bool has_line(const char *status, const char *name, const char *value)
{
	const char *at = strstr(status, name);

	return at && strncmp(at + strlen(name), value, strlen(value)) == 0;
}

static bool is_confined(const char *status)
{
	static const char none[] = "0000000000000000\n";

	return has_line(status, "CapEff:\t", none) && has_line(status, "CapPrm:\t", none) &&
	       has_line(status, "CapInh:\t", none) && has_line(status, "CapAmb:\t", none) &&
	       has_line(status, "NoNewPrivs:\t", "1\n") && has_line(status, "Seccomp:\t", "2\n");
}

static bool read_status(const char *tid, char *text, size_t room)
{
	char path[128];
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)host.daemon, tid);
	f = fopen(path, "re");
	if (f) {
		size = fread(text, 1, room - 1, f);
		fclose(f);
	}
	text[size] = '\0';
	return size > 0;
}

/* Counts the threads beside the first, which has the loop. A sanitizer has one of its own, which
 * begins before the program does. */
static unsigned confined_threads(unsigned *others)
{
	char directory[64], status[4096];
	struct dirent *entry;
	unsigned count = 0;
	DIR *d;

	snprintf(directory, sizeof(directory), "/proc/%d/task", (int)host.daemon);
	d = opendir(directory);
	assert_non_null(d);
	*others = 0;
	while ((entry = readdir(d))) {
		if (*entry->d_name == '.' || atoi(entry->d_name) == host.daemon ||
		    !read_status(entry->d_name, status, sizeof(status)))
			continue;
		if (is_confined(status))
			count++;
		else
			++*others;
	}
	closedir(d);
	return count;
}

#if defined(__SANITIZE_THREAD__)
#define OTHERS 1
#else
#define OTHERS 0
#endif

static void the_threads_of_the_daemon_have_no_capabilities_and_a_filter(void **state UNUSED)
{
	char status[4096], self[16];
	unsigned others;

	rig_host_start(&host);
	/* the relay, and two threads for each of two sessions */
	eventually(NULL, confined_threads(&others) >= 5 && others == OTHERS);
	snprintf(self, sizeof(self), "%d", (int)host.daemon);
	assert_true(read_status(self, status, sizeof(status)));
	assert_true(has_line(status, "NoNewPrivs:\t", "1\n"));
}

/* --- its first thread ------------------------------------------------------------------------- */

static uint64_t capabilities(const char *status)
{
	const char *at = strstr(status, "CapPrm:\t");

	assert_non_null(at);
	return strtoull(at + strlen("CapPrm:\t"), NULL, 16);
}

static pid_t helper_pid(void)
{
	char *text = NULL, pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)host.daemon);
	rig_run(&text, (char *[]){ (char *)"pgrep", (char *)"-P", pid, (char *)"-x",
				   (char *)"zknginxd-helper", NULL });
	return text ? (pid_t)atoi(text) : 0;
}

#define BIT(n) (UINT64_C(1) << (n))

static void the_thread_with_the_loop_lacks_the_privileges_of_the_sandbox(void **state UNUSED)
{
	const uint64_t lost = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_CHROOT) |
			      BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) | BIT(CAP_SETPCAP) |
			      BIT(CAP_MKNOD) | BIT(CAP_SYS_BOOT) | BIT(CAP_SYS_TIME);
	char status[4096], self[16];

	rig_host_start(&host);
	snprintf(self, sizeof(self), "%d", (int)host.daemon);
	assert_true(read_status(self, status, sizeof(status)));
	assert_int_equal(capabilities(status) & lost, 0);
	assert_true(has_line(status, "Seccomp:\t", "2\n"));
	assert_string_equal(rig_host_status_text(&host, "nginx.sandbox"), "namespace");
	assert_true(helper_pid() > 0);
	assert_int_equal(rig_host_stop_daemon(&host, SIGTERM), 0);
}

static void a_daemon_whose_helper_dies_says_so_and_ends(void **state UNUSED)
{
	int port = rig_port(), status;
	pid_t daemon, helper;

	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	helper = helper_pid();
	assert_true(helper > 0);
	assert_int_equal(kill(helper, SIGKILL), 0);
	daemon = host.daemon;
	eventually(NULL, waitpid(daemon, &status, WNOHANG) == daemon);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(rig_read(host.log), "the helper process, which runs nginx -t, has "
						   "ended; zknginxd ends too"));
	assert_true(rig_nginx_says(port, "one"));
	rig_host_start_daemon(&host);
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_nginx_says(port, "two"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_may_do_nothing_but_talk),
		cmocka_unit_test(it_reads_files_and_its_threads_do_so_too),
		cmocka_unit_test(the_other_threads_keep_what_they_have),
		cmocka_unit_test_setup_teardown(
			the_threads_of_the_daemon_have_no_capabilities_and_a_filter, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_thread_with_the_loop_lacks_the_privileges_of_the_sandbox, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_daemon_whose_helper_dies_says_so_and_ends, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("confinement", tests, NULL, NULL);
}
