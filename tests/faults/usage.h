/* What a process uses, over time: is it flat? */
#ifndef ZKNGINX_TESTS_USAGE_H
#define ZKNGINX_TESTS_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum usage_kind { USAGE_RSS, USAGE_DESCRIPTORS, USAGE_THREADS, USAGE_N }; /* RSS in KiB */

extern const char *const usage_names[USAGE_N];

#define USAGE_SAMPLES 4096

struct usage_series {
	struct {
		uint64_t at; /* µs */
		long values[USAGE_N];
	} samples[USAGE_SAMPLES];
	size_t count;
};

/* 0 where there is no such process. */
long usage_now(pid_t pid, enum usage_kind kind);
/* Seconds of processor time so far. */
double usage_cpu(pid_t pid);

/* Past USAGE_SAMPLES, every other sample is dropped. */
void usage_add(struct usage_series *s, pid_t pid);
/* The mean of the last quarter minus that of the second one: the first is the warm-up. */
double usage_growth(const struct usage_series *s, enum usage_kind kind);
/* The slope of the least-squares line after the first quarter, an hour. */
double usage_slope(const struct usage_series *s, enum usage_kind kind);
void usage_print(const struct usage_series *s);

#endif
