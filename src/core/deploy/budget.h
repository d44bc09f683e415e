/*
 * Budget: how often `nginx -t` may run because of refusals.
 *
 * A refusal may last for days, and every change may be refused. So the tests that look for the
 * cause have an allowance of a number of tests and of the time that they take. It fills up again
 * with time. Pure: time is an argument (CLOCK_MONOTONIC, microseconds).
 */
#ifndef ZKNGINX_BUDGET_H
#define ZKNGINX_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_TESTS 300         /* at once, after a quiet time … */
#define BUDGET_TESTS_A_MINUTE 20 /* … and in the long run */
#define BUDGET_SECONDS 120       /* of testing at once … */
#define BUDGET_PERCENT 5         /* … and of the time in the long run */

struct budget {
	double tests, microseconds; /* left */
	uint64_t filled;            /* when that was true */
};

void budget_init(struct budget *b, uint64_t now);
/* When the next test may begin; `now` or earlier means at once. */
uint64_t budget_due(struct budget *b, uint64_t now);
/* Is more than half of it left, after so many tests? */
bool budget_is_ample(struct budget *b, uint64_t now, size_t tests);
/* A test has run and took this long. */
void budget_spend(struct budget *b, uint64_t now, uint64_t duration);

#endif
