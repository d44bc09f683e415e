/*
 * Weights: shares become nginx's whole numbers.
 *
 * A share is relative: that of an ordinary server is 1 in every format. If one of them has a
 * fraction, all are multiplied by 100. Then all are divided by their greatest common divisor, so
 * ten servers of weight 10 become ten of weight 1.
 */

#include "discover.h"

#define WEIGHT_MAX 65535.0

static bool is_whole(double share)
{
	double rest = share - (double)(long)share;

	return rest < 1e-6 || rest > 1 - 1e-6;
}

static bool has_discovered(const struct upstream *u)
{
	for (size_t i = 0; i < u->server_count; i++) {
		if (u->servers[i].discover)
			return true;
	}
	return false;
}

static long divisor(long a, long b)
{
	while (b) {
		long rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The factor for all shares. */
static double scale(const struct upstream *u)
{
	double most = 0, by = 1;

	for (size_t i = 0; i < u->server_count; i++) {
		double share = u->servers[i].share;

		if (u->servers[i].params.down)
			continue;
		most = share > most ? share : most;
		if (share < WEIGHT_MAX && !is_whole(share))
			by = 100;
	}
	return most * by > WEIGHT_MAX ? WEIGHT_MAX / most : by;
}

void discover_weigh(struct upstream *u)
{
	double by;
	long common = 0;

	if (u->decoded || !has_discovered(u))
		return;
	by = scale(u);
	for (size_t i = 0; i < u->server_count; i++) {
		struct server *s = &u->servers[i];

		s->params.weight = 1;
		if (s->params.down)
			continue;
		s->params.weight = (long)(s->share * by + 0.5);
		if (s->params.weight < 1)
			s->params.weight = 1;
		common = divisor(common, s->params.weight);
	}
	for (size_t i = 0; common > 1 && i < u->server_count; i++) {
		if (!u->servers[i].params.down)
			u->servers[i].params.weight /= common;
	}
}
