/*
 * Weights: what the workers of nginx have in place of the weights of the model, while servers start
 * slowly (ramp.h). nginx takes whole numbers, so the weights of an upstream's primary servers are
 * multiplied by a scale: then a part of the weight 1 is a number, too. A value; nothing of it is in
 * the model or in the files.
 */
#ifndef ZKNGINX_WEIGHTS_H
#define ZKNGINX_WEIGHTS_H

#include <zknginx/model.h>

struct weights_server {
	const char *address;
	long weight; /* at that scale */
};

struct weights_upstream {
	const char *upstream;
	long scale;
	const struct weights_server *servers; /* those with a weight of their own, by address */
	size_t count;
};

struct weights {
	const struct weights_upstream *items; /* sorted by upstream */
	size_t count;
};

/* w may be NULL. NULL: the upstream has the weights of the model. */
const struct weights_upstream *weights_find(const struct weights *w, const char *upstream);
/* Both may be NULL. */
bool weights_same(const struct weights_upstream *a, const struct weights_upstream *b);
/* The weight of a server that has this one in the model; w may be NULL. */
long weights_of(const struct weights_upstream *w, const char *address, bool backup, long weight);

#endif
