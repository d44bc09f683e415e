/* See policy_place.h: the steps from place to place. */
#include "policy_place.h"

static unsigned after_slash(unsigned place, const struct uri_world *w)
{
	unsigned passed = place / PLACE_PARENT;

	if (place % PLACE_PARENT != PLACE_DOTS)
		return PLACE_EMPTY + passed * PLACE_PARENT;
	return passed < w->parents ? PLACE_EMPTY + PLACE_PARENT : PLACE_OUT;
}

unsigned place_step(unsigned place, enum letter letter, const struct uri_world *w)
{
	unsigned passed = place - place % PLACE_PARENT;

	if (letter == LETTER_SLASH)
		return after_slash(place, w);
	switch (place % PLACE_PARENT) {
	case PLACE_START:
		return PLACE_OUT;
	case PLACE_EMPTY:
		return passed + (letter == LETTER_DOT ? PLACE_DOT : PLACE_WORD);
	case PLACE_DOT:
		return passed + (letter == LETTER_DOT ? PLACE_DOTS : PLACE_WORD);
	default:
		return passed + PLACE_WORD;
	}
}

bool place_may_end(unsigned place, const struct uri_world *w)
{
	if (place == PLACE_START || place == PLACE_START + PLACE_PARENT || place == PLACE_OUT)
		return false;
	if (place % PLACE_PARENT != PLACE_DOTS)
		return true;
	return w->trailing && place == PLACE_DOTS;
}

unsigned places_step(unsigned places, enum letter letter, const struct uri_world *w)
{
	unsigned out = places & PLACE_BIT(PLACE_OUT);

	for (unsigned place = 0; place < PLACE_OUT; place++) {
		if (places & PLACE_BIT(place))
			out |= PLACE_BIT(place_step(place, letter, w));
	}
	return out;
}
