/*
 * The child gives up what nginx -t does not need: it gets a read-only copy of the master's file
 * system, becomes nobody, and keeps only the capabilities to read every file and to bind low ports.
 * It cannot gain others.
 *
 * Only async-signal-safe calls: system calls, and string functions that touch only their arguments.
 * Identities are changed by bare system calls, because the library's wrappers would look for the
 * threads of the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_namespace.h"

#define NOBODY 65534U
#define TMPFS_OPTIONS "mode=1777,size=32m,nr_inodes=32k"
#define CAPABILITY(n) (UINT64_C(1) << (n))

static const uint64_t kept_capabilities =
	CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_NET_BIND_SERVICE);

/* Returns errno, with "sandbox: cannot VERB PATH" in the words. */
static int failed(struct enclosure *in, const char *verb, const char *path)
{
	static const char start[] = "sandbox: cannot ";
	const char *const parts[] = { start, verb, path ? " " : "", path ? path : "" };
	int sys = errno;
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t size = strnlen(parts[i], sizeof(in->words) - 1 - used);

		memcpy(in->words + used, parts[i], size);
		used += size;
	}
	in->words[used] = '\0';
	return sys ? sys : EINVAL;
}

/* --- the file system -------------------------------------------------------------------------- */

static int leave_host(struct enclosure *in)
{
	struct mount_attr closed = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
				     .propagation = MS_PRIVATE };

	in->staged_tree = -1;
	if (in->staged) {
		in->staged_tree =
			open_tree(AT_FDCWD, in->staged, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (in->staged_tree < 0)
			return failed(in, "clone", in->staged);
		if (mount_setattr(in->staged_tree, "", AT_EMPTY_PATH, &closed, sizeof(closed)) < 0)
			return failed(in, "make read-only", in->staged);
	}
	/* setns() needs a root and a working directory that no other thread shares; a sanitizer
	 * has a thread */
	if (in->mount_namespace >= 0 &&
	    (unshare(CLONE_FS) < 0 || setns(in->mount_namespace, CLONE_NEWNS) < 0))
		return failed(in, "enter the mount namespace of the master", NULL);
	if (unshare(CLONE_NEWNS) < 0)
		return failed(in, "make a mount namespace", NULL);
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &closed, sizeof(closed)) < 0)
		return failed(in, "remount the root read-only", NULL);
	return chdir("/") < 0 ? failed(in, "enter", "/") : 0;
}

static int attach(int tree, const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -1;
	return move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static int cover(struct enclosure *in, const struct mount_step *s)
{
	int host = open_tree(AT_FDCWD, s->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	int rc = 0;

	if (host < 0)
		return failed(in, "clone", s->path);
	if (mount("tmpfs", s->path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, TMPFS_OPTIONS) < 0)
		rc = failed(in, "mount a tmpfs over", s->path);
	else if (attach(host, s->target) < 0)
		rc = failed(in, "attach", s->target);
	close(host);
	return rc;
}

static int take_step(struct enclosure *in, const struct mount_step *s)
{
	switch (s->kind) {
	case MOUNT_COVER:
		return cover(in, s);
	case MOUNT_MAKE:
		return mkdir(s->path, 0777) < 0 ? failed(in, "make", s->path) : 0;
	case MOUNT_LINK:
		return symlink(s->target, s->path) < 0 ? failed(in, "link", s->path) : 0;
	case MOUNT_ATTACH:
		return attach(in->staged_tree, s->path) < 0 ? failed(in, "attach", s->path) : 0;
	}
	return 0;
}

/* A directory that does not exist in the master's namespace needs no cover there. */
static int furnish(struct enclosure *in)
{
	bool absent = false;

	umask(0);
	for (size_t i = 0; i < in->step_count; i++) {
		const struct mount_step *s = &in->steps[i];
		int rc;

		if (absent && (s->kind == MOUNT_MAKE || s->kind == MOUNT_LINK))
			continue;
		rc = take_step(in, s);
		absent = s->kind == MOUNT_COVER && rc == ENOENT;
		if (rc != 0 && !absent)
			return rc;
	}
	umask(022);
	return 0;
}

/* --- the identity ----------------------------------------------------------------------------- */

/* Best effort: with no_new_privs the bounding set cannot matter. */
static void narrow_bounding_set(void)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++) {
		if (c >= 64 || !(kept_capabilities & CAPABILITY(c)))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	}
}

/* Keeps those of the two that the daemon has. */
static int keep_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	for (unsigned i = 0; i < ARRAY_SIZE(data); i++) {
		uint32_t kept = data[i].permitted & (uint32_t)(kept_capabilities >> (32 * i));

		data[i].permitted = data[i].effective = data[i].inheritable = kept;
	}
	return (int)syscall(SYS_capset, &header, data);
}

static void raise_ambient(void)
{
	for (unsigned long c = 0; c < 64; c++) {
		if (kept_capabilities & CAPABILITY(c))
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0);
	}
}

/* A log "/dev/stderr" is our pipe: the user nobody must be able to open it. */
static void open_up_output(void)
{
	if (fchmod(STDOUT_FILENO, 0622) < 0 || fchmod(STDERR_FILENO, 0622) < 0)
		return;
}

/* The master's limit of open files, or as close to it as we may come. */
static void take_limits_of_master(const struct enclosure *in)
{
	struct rlimit l;

	if (in->files.rlim_cur == 0 || setrlimit(RLIMIT_NOFILE, &in->files) == 0 ||
	    getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = in->files.rlim_cur < l.rlim_max ? in->files.rlim_cur : l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
}

static int become_nobody(struct enclosure *in)
{
	const struct rlimit none = { 0, 0 };

	open_up_output();
	take_limits_of_master(in);
	narrow_bounding_set();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed(in, "give up privileges", NULL);
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		return failed(in, "give up groups", NULL);
	if (syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) < 0 ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) < 0)
		return failed(in, "become nobody", NULL);
	if (keep_capabilities() < 0)
		return failed(in, "give up capabilities", NULL);
	raise_ambient();
	return setrlimit(RLIMIT_CORE, &none) < 0 ? failed(in, "forbid core files", NULL) : 0;
}

int enclosure_enter(void *ctx, const char **what)
{
	struct enclosure *in = ctx;
	int rc = leave_host(in);

	*what = in->words;
	if (rc == 0)
		rc = furnish(in);
	if (rc == 0)
		rc = become_nobody(in);
	if (rc == 0 && in->ends)
		_exit(0);
	return rc;
}
