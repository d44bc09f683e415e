/* What is given up; the header says why. */
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zknginx/log.h>
#include <zknginx/macros.h>

#include "renounce.h"
#include "syscall_filter.h"

#define BIT(n) (UINT64_C(1) << (n))

/* CAP_NET_ADMIN and CAP_NET_RAW are for commands that move an address; the unit has neither. */
static const uint64_t kept_by_daemon =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |
	BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETUID) | BIT(CAP_SETGID) |
	BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW);

/* CAP_SETPCAP narrows the bounding set of a test, CAP_SYS_RESOURCE gives it the master's limits;
 * the unit has neither. The last two are the test's. */
static const uint64_t kept_by_helper = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_CHROOT) |
				       BIT(CAP_SYS_PTRACE) | BIT(CAP_KILL) | BIT(CAP_SETUID) |
				       BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SYS_RESOURCE) |
				       BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_NET_BIND_SERVICE);

static int keep_capabilities(uint64_t kept, struct err *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "cannot forbid new privileges to this process");
	if (syscall(SYS_capget, &header, data) < 0)
		return err_sys(e, "cannot read the capabilities of this process");
	for (unsigned i = 0; i < ARRAY_SIZE(data); i++) {
		uint32_t mask = (uint32_t)(kept >> (32 * i));

		data[i].permitted &= mask;
		data[i].effective &= mask;
		data[i].inheritable &= mask;
	}
	return syscall(SYS_capset, &header, data) < 0 ? err_sys(e, "cannot give up capabilities")
						      : 0;
}

/* The helper needs these. */
static const int enclosing[] = {
	SYS_setns,      SYS_mount,  SYS_umount2,  SYS_pivot_root, SYS_chroot, SYS_open_tree,
	SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,    SYS_fspick, SYS_mount_setattr,
};

/* Neither of the two needs these. */
static const int refused[] = {
	/* other processes */
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_getfd,
	SYS_kcmp,
	/* files outside of the mounts */
	SYS_open_by_handle_at,
	SYS_fanotify_init,
	/* the kernel */
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_syslog,
	SYS_acct,
	SYS_quotactl,
	SYS_quotactl_fd,
	SYS_swapon,
	SYS_swapoff,
	SYS_reboot,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_vhangup,
	/* the clock */
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
#ifdef __x86_64__
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
#endif
};

static void refuse(struct filter *f, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		filter_refused(f, calls[i]);
}

/* namespaces: of these kinds none may be made. */
static int filter_calls(bool may_enclose, uint32_t namespaces, struct err *e)
{
	struct filter f = { .size = 0 };

	filter_start(&f);
	refuse(&f, refused, ARRAY_SIZE(refused));
	if (!may_enclose)
		refuse(&f, enclosing, ARRAY_SIZE(enclosing));
	/* the sanitizer that looks for leaks traces its own process */
	if (!FILTER_SANITIZED)
		filter_refused(&f, SYS_ptrace);
	filter_without(&f, SYS_clone, 0, namespaces);
	filter_without(&f, SYS_unshare, 0, namespaces | CLONE_NEWTIME);
	filter_answer(&f, SECCOMP_RET_ALLOW);
	return filter_install(&f, e);
}

/* A kernel that cannot filter is no reason to leave nginx without a daemon. */
static void log_unfiltered(const struct err *why)
{
	if (why->code == ERR_UNAVAILABLE)
		log_debug("%s", why->text);
	else
		log_warning("%s; what the filter would refuse is refused only where it needs a "
			    "capability that was given up",
			    why->text);
}

static int give_up(uint64_t kept, bool may_enclose, uint32_t namespaces, struct err *e)
{
	struct err unfiltered;

	if (keep_capabilities(kept, e) < 0)
		return -1;
	if (filter_calls(may_enclose, namespaces, &unfiltered) < 0)
		log_unfiltered(&unfiltered);
	return 0;
}

#define NAMESPACES                                                                                 \
	(CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |            \
	 CLONE_NEWNET)

int renounce(struct err *e)
{
	return give_up(kept_by_daemon, false, NAMESPACES | CLONE_NEWNS, e);
}

int renounce_all_but_enclosing(struct err *e)
{
	return give_up(kept_by_helper, true, NAMESPACES, e);
}
