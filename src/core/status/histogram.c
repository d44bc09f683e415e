/* Histograms: which bucket a value belongs to. */
#include <zknginx/numbers.h>

void histogram_add(struct histogram *h, double seconds)
{
	static const double bounds[] = {
#define X(bound) bound,
		HISTOGRAM_BOUNDS(X)
#undef X
	};
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS - 1 && seconds > bounds[i])
		i++;
	h->buckets[i]++;
	h->sum += seconds;
}
