/* Random numbers that are the same in each run. */
#ifndef ZKNGINX_TESTS_DICE_H
#define ZKNGINX_TESTS_DICE_H

#include <stdint.h>

static uint64_t dice_state;

/* From 0 to sides - 1. */
static inline unsigned dice(unsigned sides)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(dice_state >> 33) % sides;
}

#endif
