/*
 * The filter is made from the tables below. A system call that is in no table fails with EPERM.
 *
 * The filter does not end the process: a forbidden call is an error of the caller, and nginx
 * depends on a daemon that lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zknginx/macros.h>

#include "confine.h"
#include "syscall_filter.h"

/* --- capabilities ----------------------------------------------------------------------------- */

/* The bare system call is about the calling thread alone. The ambient set ends with the others. */
static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, none) < 0
		       ? err_sys(e, "cannot give up the capabilities of a thread")
		       : 0;
}

/* --- system calls ----------------------------------------------------------------------------- */

#ifdef FILTER_ARCHITECTURE

/* Whatever their arguments are. */
static const int allowed[] = {
	/* memory */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* threads */
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getcpu,
	SYS_gettid,
	SYS_getpid,
	SYS_exit,
	SYS_exit_group,
	SYS_membarrier,
	/* signals */
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_sigaltstack,
	/* time */
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	/* descriptors */
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_write,
	SYS_writev,
	SYS_close,
	SYS_fcntl,
	SYS_ioctl,
	SYS_lseek,
	SYS_pipe2,
	SYS_eventfd2,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
#ifdef SYS_epoll_pwait2
	SYS_epoll_pwait2,
#endif
	SYS_ppoll,
	SYS_pselect6,
	/* files to read */
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_fstatfs,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_faccessat,
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
	/* connections */
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept4,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_recvmmsg,
	SYS_shutdown,
	/* the process */
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
	SYS_getrusage,
#ifdef __x86_64__
	/* older forms of calls above */
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_poll,
	SYS_select,
	SYS_epoll_wait,
	SYS_epoll_create,
	SYS_pipe,
	SYS_accept,
	SYS_eventfd,
	SYS_time,
	SYS_getdents,
	SYS_arch_prctl,
#endif
};

/* Memory that may be executed: only modules need it. */
static void put_memory(struct filter *p, enum confinement kind)
{
	uint32_t refused = kind == CONFINE_NAMES ? 0 : PROT_EXEC;

	filter_without(p, SYS_mmap, 2, refused);
	filter_without(p, SYS_mprotect, 2, refused);
}

/* Sockets of the network; netlink tells the C library which addresses this host has. */
static void put_sockets(struct filter *p, enum confinement kind)
{
	const uint32_t families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX };

	filter_with(p, SYS_socket, 0, families, kind == CONFINE_NAMES ? 4 : 3);
}

static void put_files(struct filter *p)
{
	const uint32_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

	filter_without(p, SYS_openat, 2, writes);
#ifdef SYS_open
	filter_without(p, SYS_open, 1, writes);
#endif
}

/* A new thread, no new process. A signal reaches this process alone: abort() sends one. */
static void put_process(struct filter *p)
{
	filter_case(p, SYS_clone, 4);
	filter_load_argument(p, 0);
	filter_put(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	filter_answer(p, SECCOMP_RET_ALLOW);
	filter_error(p, EPERM);
	filter_with_one(p, SYS_tgkill, 0, (uint32_t)getpid());
	filter_with_one(p, SYS_prlimit64, 0, 0);
	if (FILTER_SANITIZED)
		filter_allowed(p, SYS_prctl);
	else
		filter_with_one(p, SYS_prctl, 0, PR_SET_NAME);
}

static int filter_calls(enum confinement kind, struct err *e)
{
	struct filter p = { .size = 0 };

	filter_start(&p);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		filter_allowed(&p, allowed[i]);
	put_memory(&p, kind);
	put_sockets(&p, kind);
	put_files(&p);
	put_process(&p);
	filter_error(&p, EPERM);
	return filter_install(&p, e);
}

#else

static int filter_calls(enum confinement kind UNUSED, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE,
		       "the system calls of threads are not filtered on this architecture");
}

#endif

int confine_thread(enum confinement kind, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "cannot forbid new privileges to a thread");
	return drop_capabilities(e) < 0 ? -1 : filter_calls(kind, e);
}
