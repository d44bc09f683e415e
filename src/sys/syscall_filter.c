/* Instructions for the kernel's filter of system calls; the header says what they have in common.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <zknginx/macros.h>

#include "syscall_filter.h"

#define NEWEST 462 /* mseal(); the numbers are the same on all architectures from 424 on */

void filter_put(struct filter *f, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (f->size == FILTER_MOST)
		die("the filter of system calls has no room");
	f->code[f->size++] = (struct sock_filter){ code, yes, no, k };
}

static void filter_load(struct filter *f, size_t offset)
{
	filter_put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half of an argument: the numbers and flags that are compared have 32 bits. */
void filter_load_argument(struct filter *f, unsigned n)
{
	filter_load(f, offsetof(struct seccomp_data, args) + n * sizeof(uint64_t));
}

static void filter_load_call(struct filter *f)
{
	filter_load(f, offsetof(struct seccomp_data, nr));
}

void filter_answer(struct filter *f, uint32_t answer)
{
	filter_put(f, BPF_RET | BPF_K, answer, 0, 0);
}

void filter_error(struct filter *f, int error)
{
	filter_answer(f, SECCOMP_RET_ERRNO | (uint32_t)error);
}

void filter_case(struct filter *f, int call, uint8_t count)
{
	filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, count);
}

void filter_allowed(struct filter *f, int call)
{
	filter_case(f, call, 1);
	filter_answer(f, SECCOMP_RET_ALLOW);
}

void filter_without(struct filter *f, int call, unsigned argument, uint32_t bits)
{
	filter_case(f, call, 4);
	filter_load_argument(f, argument);
	filter_put(f, BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
	filter_answer(f, SECCOMP_RET_ALLOW);
	filter_error(f, EPERM);
}

void filter_with(struct filter *f, int call, unsigned argument, const uint32_t *values,
		 uint8_t count)
{
	filter_case(f, call, (uint8_t)(2 * count + 2));
	filter_load_argument(f, argument);
	for (uint8_t i = 0; i < count; i++) {
		filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
		filter_answer(f, SECCOMP_RET_ALLOW);
	}
	filter_error(f, EPERM);
}

void filter_with_one(struct filter *f, int call, unsigned argument, uint32_t value)
{
	filter_with(f, call, argument, &value, 1);
}

void filter_refused(struct filter *f, int call)
{
	filter_case(f, call, 1);
	filter_error(f, EPERM);
}

#ifdef FILTER_ARCHITECTURE

void filter_start(struct filter *f)
{
	filter_load(f, offsetof(struct seccomp_data, arch));
	filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCHITECTURE, 1, 0);
	filter_error(f, EPERM);
	filter_load_call(f);
	filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0);
	filter_put(f, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	filter_error(f, ENOSYS);
}

int filter_install(const struct filter *f, struct err *e)
{
	struct sock_fprog code = { .len = f->size,
				   .filter = (struct sock_filter *)(uintptr_t)f->code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code, 0, 0) < 0
		       ? err_sys(e, "cannot filter the system calls of a thread")
		       : 0;
}

#else

void filter_start(struct filter *f UNUSED)
{
}

int filter_install(const struct filter *f UNUSED, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "system calls are not filtered on this architecture");
}

#endif
