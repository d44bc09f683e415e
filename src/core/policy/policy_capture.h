/* What a group of a regular expression may capture of a URI. */
#ifndef ZKNGINX_CORE_POLICY_CAPTURE_H
#define ZKNGINX_CORE_POLICY_CAPTURE_H

#include "policy_place.h"

/*
 * A path is at one of the places `from`. Returns the places that it may be at after the text that
 * the group has captured in a URI of this world. An unset group captures "".
 */
unsigned capture_places(const struct regex *r, unsigned group, unsigned from,
			const struct uri_world *w);

#endif
