/*
 * A filter of system calls for the calling thread: a program of classic BPF, put together case by
 * case and installed for ever. The first case that matches a call decides about it.
 *
 * A system call that is newer than this file fails with ENOSYS, so that the C library uses the
 * older one in its place. clone3() has its flags in memory, where a filter cannot read them, and
 * fails with ENOSYS as well.
 */
#ifndef ZKNGINX_SYS_SYSCALL_FILTER_H
#define ZKNGINX_SYS_SYSCALL_FILTER_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include <zknginx/err.h>

/* Defined where the system calls can be filtered. */
#if defined(__x86_64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

/* A sanitizer runs in each thread: its builds have the calls that it needs as well. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTER_SANITIZED 1
#else
#define FILTER_SANITIZED 0
#endif

#define FILTER_MOST 512

struct filter {
	struct sock_filter code[FILTER_MOST];
	unsigned short size;
};

/* Comes first. */
void filter_start(struct filter *f);

/* One instruction. */
void filter_put(struct filter *f, unsigned short code, uint32_t k, uint8_t yes, uint8_t no);
void filter_load_argument(struct filter *f, unsigned n);
void filter_answer(struct filter *f, uint32_t answer);
void filter_error(struct filter *f, int error);
/* The next `count` instructions are for this call alone. */
void filter_case(struct filter *f, int call, uint8_t count);

void filter_allowed(struct filter *f, int call);
/* This call fails with EPERM. */
void filter_refused(struct filter *f, int call);
/* Only with these bits of an argument clear. */
void filter_without(struct filter *f, int call, unsigned argument, uint32_t bits);
/* Only with one of these values of an argument. */
void filter_with(struct filter *f, int call, unsigned argument, const uint32_t *values,
		 uint8_t count);
void filter_with_one(struct filter *f, int call, unsigned argument, uint32_t value);

/* From now on, for the calling thread and what it starts. The last case has to match every call. */
int filter_install(const struct filter *f, struct err *e);

#endif
