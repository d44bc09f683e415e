/*
 * What most upstreams do not have. A model has the traits of its upstreams in a list of their own,
 * so that who seeks those with one trait does not read all others.
 */
#ifndef ZKNGINX_CORE_TRAITS_H
#define ZKNGINX_CORE_TRAITS_H

#include <zknginx/model.h>

enum upstream_trait {
	TRAIT_STREAM = 1, /* its protocol */
	TRAIT_STICKY = 2, /* a sticky cookie */
	TRAIT_DISCOVERS = 4,
	TRAIT_CHECK = 8,
	TRAIT_SLOW_START = 16,
};

unsigned char upstream_traits(const struct upstream *u);

/* False: upstream i has not this trait. True: it has, or it is not known. */
static inline bool model_may_have(const struct model *m, size_t i, enum upstream_trait trait)
{
	return !m->traits || m->traits[i] & trait;
}

#endif
