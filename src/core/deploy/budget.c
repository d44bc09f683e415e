/* Budget: two allowances. Each test spends both, and each fills up at its own rate. */
#include <zknginx/macros.h>

#include "budget.h"

#define TESTS_PER_US ((double)BUDGET_TESTS_A_MINUTE / (60.0 * (double)USEC_PER_SEC))
#define US_PER_US ((double)BUDGET_PERCENT / 100.0)
#define US_MAX ((double)BUDGET_SECONDS * (double)USEC_PER_SEC)

void budget_init(struct budget *b, uint64_t now)
{
	*b = (struct budget){ .tests = BUDGET_TESTS, .microseconds = US_MAX, .filled = now };
}

static void fill(struct budget *b, uint64_t now)
{
	double passed = now > b->filled ? (double)(now - b->filled) : 0;

	b->tests += passed * TESTS_PER_US;
	if (b->tests > BUDGET_TESTS)
		b->tests = BUDGET_TESTS;
	b->microseconds += passed * US_PER_US;
	if (b->microseconds > US_MAX)
		b->microseconds = US_MAX;
	b->filled = now;
}

uint64_t budget_due(struct budget *b, uint64_t now)
{
	double wait = 0;

	fill(b, now);
	if (b->tests < 1)
		wait = (1 - b->tests) / TESTS_PER_US;
	if (b->microseconds < 0 && -b->microseconds / US_PER_US > wait)
		wait = -b->microseconds / US_PER_US;
	return now + (uint64_t)wait;
}

bool budget_is_ample(struct budget *b, uint64_t now, size_t tests)
{
	fill(b, now);
	return b->tests - (double)tests > BUDGET_TESTS / 2.0 && b->microseconds > US_MAX / 2.0;
}

void budget_spend(struct budget *b, uint64_t now, uint64_t duration)
{
	fill(b, now);
	b->tests -= 1;
	b->microseconds -= (double)duration;
}
