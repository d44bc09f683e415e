/* Full disks, errors and death at any moment: `live` stays one complete generation. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig_stage.h"

static int fresh(void **state UNUSED)
{
	rig_state_fresh();
	return 0;
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static bool may_mount(void)
{
	static int may = -1;

	if (may < 0)
		may = unshare(CLONE_NEWNS) == 0 &&
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return may;
}

static char *lines(size_t size)
{
	char *text = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		text[i] = i % 64 == 63 ? '\n' : '#';
	text[size] = '\0';
	return text;
}

static void a_full_disk_changes_nothing(void **state UNUSED)
{
	char *text = lines(200000);
	struct bundle *big = rig_bundle(text, "");
	unsigned long n = 0;
	struct stage *s;
	struct err e;

	free(text);
	if (!may_mount()) {
		bundle_unref(big);
		skip();
	}
	mkdir(rig_state(), 0755);
	assert_int_equal(mount("none", rig_state(), "tmpfs", 0, "size=128k,nr_inodes=24"), 0);
	s = rig_stage_open();
	rig_stage_put(s, "# 1", "");
	assert_int_equal(stage_write(s, big, "", &n, &e), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(e.sys, ENOSPC);
	if (!strstr(e.text, "generations/2/http.conf"))
		fail_msg("%s", e.text);
	assert_false(rig_state_has("generations/2"));
	assert_string_equal(rig_state_file("live/http.conf"), "# 1\n");
	rig_stage_put(s, "# 2", ""); /* a small one fits */

	/* out of inodes */
	for (int i = 0; symlink("x", rig_path("%s/f%d", strrchr(rig_state(), '/') + 1, i)) == 0;
	     i++)
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(stage_write(s, big, "", &n, &e), -1);
	assert_int_equal(e.sys, ENOSPC);
	assert_string_equal(rig_state_file("live/http.conf"), "# 2\n");

	stage_close(s);
	assert_int_equal(umount(rig_state()), 0);
	bundle_unref(big);
}

/* In a child: one whole deployment; 0 when the new text was published. */
static int deploy_once(struct stage *s, const char *text, int phase, void (*at)(void *), void *ctx)
{
	struct applied a = { .generation = 1, .pid = 1, .start_time = 1 };
	struct bundle *b = rig_bundle(text, text);
	struct tree *t = rig_tree("/a\n");
	unsigned long n;
	int rc = -1;

	for (int step = 0; step < 5; step++) {
		if (step == phase)
			at(ctx);
		if ((step == 0 && stage_write(s, b, "", &n, NULL) < 0) ||
		    (step == 1 && stage_sync(s, n, NULL) < 0) ||
		    (step == 2 && (rc = stage_publish(s, n, NULL)) < 0)) {
			stage_discard(s, n);
			break;
		}
		if (step == 3)
			stage_record(s, n, t, NULL);
		if (step == 4) {
			stage_set_applied(s, &a, NULL);
			stage_prune(s, 0);
		}
	}
	return rc;
}

static void expect_whole(const char *text)
{
	const char *name;
	struct stage *s = rig_stage_open();

	assert_true(stage_live_is_intact(s, &name));
	assert_string_equal(rig_state_file("live/http.conf"), rig_state_file("live/stream.conf"));
	if (text)
		assert_string_equal(rig_state_file("live/http.conf"), text);
	stage_close(s);
}

struct injection {
	long call;
	int error;
};

static void inject(void *ctx)
{
	const struct injection *i = ctx;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)i->call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)i->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(99);
}

static void an_error_of_any_call_leaves_a_whole_generation(void **state UNUSED)
{
	static const struct injection injections[] = {
		{ __NR_mkdirat, EROFS },    { __NR_write, ENOSPC },   { __NR_write, EIO },
		{ __NR_fsync, EIO },        { __NR_openat, EMFILE },  { __NR_renameat, EIO },
		{ __NR_symlinkat, ENOSPC }, { __NR_unlinkat, EROFS }, { __NR_fchmod, EPERM },
		{ __NR_readlinkat, EIO },   { __NR_getdents64, EIO },
	};
	unsigned count = 0;

	stage_close(rig_stage_open());
	for (size_t i = 0; i < 5 * ARRAY_SIZE(injections); i++) {
		struct injection injection = injections[i / 5];
		char before[40], text[32], after[40];
		int status;
		pid_t pid;

		snprintf(before, sizeof(before), "%s", rig_state_file("live/http.conf"));
		snprintf(text, sizeof(text), "# %u", ++count);
		snprintf(after, sizeof(after), "%s\n", text);
		pid = fork();
		if (pid == 0)
			_exit(deploy_once(rig_stage_open(), text, (int)(i % 5), inject, &injection)
				      ? 1
				      : 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
			skip();
		assert_true(WIFEXITED(status));
		/* its result is true: published, or nothing changed */
		expect_whole(WEXITSTATUS(status) == 0 ? after : before);
	}
}

static void stop_here(void *ctx UNUSED)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(99);
	raise(SIGSTOP);
}

/* Runs it until its nth system call and kills it there; false when it ended before. */
static bool kill_at(pid_t pid, unsigned nth)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		return false;
	for (unsigned stops = 0; stops < 2 * nth; stops++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status)) {
			assert_true(WIFEXITED(status));
			return false;
		}
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return true;
}

static void death_at_any_call_leaves_a_whole_generation(void **state UNUSED)
{
	unsigned nth = 0;
	bool killed = true;

	stage_close(rig_stage_open());
	while (killed) {
		char text[32];
		pid_t pid;

		snprintf(text, sizeof(text), "# %u", nth);
		pid = fork();
		if (pid == 0) {
			stop_here(NULL);
			_exit(deploy_once(rig_stage_open(), text, -1, NULL, NULL) ? 1 : 0);
		}
		killed = kill_at(pid, nth++);
		expect_whole(NULL);
	}
	if (nth < 50)
		skip(); /* no ptrace here */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_full_disk_changes_nothing, fresh),
		cmocka_unit_test_setup(an_error_of_any_call_leaves_a_whole_generation, fresh),
		cmocka_unit_test_setup(death_at_any_call_leaves_a_whole_generation, fresh),
	};

	return cmocka_run_group_tests_name("stage_faults", tests, NULL, clean);
}
