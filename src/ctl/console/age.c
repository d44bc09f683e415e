/* Two of a unit are the least, so that a number is never far from the truth. */
#include <stdio.h>

#include <zknginx/macros.h>

#include "age.h"

const char *age_print(uint64_t now, uint64_t since, char out[static AGE_SIZE])
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = { { 2 * 86400, "d" }, { 2 * 3600, "h" }, { 2 * 60, "m" }, { 0, "s" } };
	static const uint64_t divisors[] = { 86400, 3600, 60, 1 };
	uint64_t age = now > since ? (now - since) / USEC_PER_SEC : 0;
	size_t i = 0;

	while (age < units[i].seconds)
		i++;
	snprintf(out, AGE_SIZE, "%llu%s", (unsigned long long)(age / divisors[i]), units[i].unit);
	return since ? out : "-";
}
