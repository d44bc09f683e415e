/*
 * How long this machine takes to wake a process that has slept, by the size of its memory. On a
 * virtual machine that keeps page tables of its own, it is the longer the more pages a process has:
 * no program can answer sooner.
 */
#ifndef ZKNGINX_TESTS_WAKE_H
#define ZKNGINX_TESTS_WAKE_H

#include <stddef.h>

#define WAKE_SIZES 3

/* ms[i]: from a write to a pipe until a process with mb[i] megabytes has read it; medians of 15,
 * each after more than a second of sleep. */
void wake_measure(const double mb[static WAKE_SIZES], double ms[static WAKE_SIZES]);

#endif
