/*
 * The filter is a program of classic BPF that is made from the tables below. A system call that is
 * in no table fails with EPERM. A system call that is newer than this file fails with ENOSYS, so
 * that the C library uses the older one in its place. clone3() has its flags in memory, where a
 * filter cannot read them, and fails with ENOSYS as well.
 *
 * The filter does not end the process: a forbidden call is an error of the caller, and nginx
 * depends on a daemon that lives.
 *
 * A sanitizer runs in each thread. Its builds have the calls that it needs as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
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

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

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

#ifdef ARCHITECTURE

#define NEWEST 462 /* mseal(); the numbers are the same on all architectures from 424 on */
#define PROGRAM_MOST 512

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

struct program {
	struct sock_filter code[PROGRAM_MOST];
	unsigned short size;
};

static void put(struct program *p, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->size == PROGRAM_MOST)
		die("the filter of system calls has no room");
	p->code[p->size++] = (struct sock_filter){ code, yes, no, k };
}

static void put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half of an argument: the numbers and flags that are compared have 32 bits. */
static void put_load_argument(struct program *p, unsigned n)
{
	put_load(p, offsetof(struct seccomp_data, args) + n * sizeof(uint64_t));
}

static void put_load_call(struct program *p)
{
	put_load(p, offsetof(struct seccomp_data, nr));
}

static void put_answer(struct program *p, uint32_t answer)
{
	put(p, BPF_RET | BPF_K, answer, 0, 0);
}

static void put_error(struct program *p, int error)
{
	put_answer(p, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* The next `count` instructions are for this call alone. */
static void put_case(struct program *p, int call, uint8_t count)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, count);
}

static void put_allowed(struct program *p, int call)
{
	put_case(p, call, 1);
	put_answer(p, SECCOMP_RET_ALLOW);
}

/* Only with these bits of an argument clear. */
static void put_without(struct program *p, int call, unsigned argument, uint32_t bits)
{
	put_case(p, call, 4);
	put_load_argument(p, argument);
	put(p, BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
	put_answer(p, SECCOMP_RET_ALLOW);
	put_error(p, EPERM);
}

/* Only with one of these values of an argument. */
static void put_with(struct program *p, int call, unsigned argument, const uint32_t *values,
		     uint8_t count)
{
	put_case(p, call, (uint8_t)(2 * count + 2));
	put_load_argument(p, argument);
	for (uint8_t i = 0; i < count; i++) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
		put_answer(p, SECCOMP_RET_ALLOW);
	}
	put_error(p, EPERM);
}

static void put_with_one(struct program *p, int call, unsigned argument, uint32_t value)
{
	put_with(p, call, argument, &value, 1);
}

/* Memory that may be executed: only modules need it. */
static void put_memory(struct program *p, enum confinement kind)
{
	uint32_t refused = kind == CONFINE_NAMES ? 0 : PROT_EXEC;

	put_without(p, SYS_mmap, 2, refused);
	put_without(p, SYS_mprotect, 2, refused);
}

/* Sockets of the network; netlink tells the C library which addresses this host has. */
static void put_sockets(struct program *p, enum confinement kind)
{
	const uint32_t families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX };

	put_with(p, SYS_socket, 0, families, kind == CONFINE_NAMES ? 4 : 3);
}

static void put_files(struct program *p)
{
	const uint32_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

	put_without(p, SYS_openat, 2, writes);
#ifdef SYS_open
	put_without(p, SYS_open, 1, writes);
#endif
}

/* A new thread, no new process. A signal reaches this process alone: abort() sends one. */
static void put_process(struct program *p)
{
	put_case(p, SYS_clone, 4);
	put_load_argument(p, 0);
	put(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	put_answer(p, SECCOMP_RET_ALLOW);
	put_error(p, EPERM);
	put_with_one(p, SYS_tgkill, 0, (uint32_t)getpid());
	put_with_one(p, SYS_prlimit64, 0, 0);
	if (SANITIZED)
		put_allowed(p, SYS_prctl);
	else
		put_with_one(p, SYS_prctl, 0, PR_SET_NAME);
}

static void put_start(struct program *p)
{
	put_load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	put_error(p, EPERM);
	put_load_call(p);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0);
	put(p, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	put_error(p, ENOSYS);
}

static int filter_calls(enum confinement kind, struct err *e)
{
	struct program p = { .size = 0 };
	struct sock_fprog code = { .filter = p.code };

	put_start(&p);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		put_allowed(&p, allowed[i]);
	put_memory(&p, kind);
	put_sockets(&p, kind);
	put_files(&p);
	put_process(&p);
	put_error(&p, EPERM);
	code.len = p.size;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code, 0, 0) < 0
		       ? err_sys(e, "cannot filter the system calls of a thread")
		       : 0;
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
