/*
 * Which addresses a server may have.
 *
 * nginx sends requests of clients to the servers of an upstream, from the host's own network. So a
 * server with the address of a cloud's metadata service would hand the host's credentials to
 * clients, and one with a loopback address reaches services that listen for the host alone. Such
 * ranges are admitted only by a network in discover.networks that lies inside the range: a large
 * network that has them among others does not list them.
 */
#include "policy.h"

struct special {
	struct network range;
	const char *what; /* the rest of a sentence about the address */
	bool always;      /* also without a list, and for persistent znodes */
};

#define IPV4(a, b, c, d, size)                                                                     \
	{                                                                                          \
		{ [10] = 0xff, 0xff, a, b, c, d }, (size) + 96                                     \
	}
#define CLOUD "is that of a cloud's metadata service"

/* 100,000 servers are compared with these, so they are not parsed. */
static const struct special specials[] = {
	{ IPV4(169, 254, 0, 0, 16), "is link-local (as a cloud's metadata service is)", true },
	{ { { 0xfe, 0x80 }, 10 }, "is link-local", true },
	{ { { 0xfd, 0x00, 0x0e, 0xc2 }, 32 }, CLOUD, true },
	{ { { 0xfd, 0x20, 0x00, 0xce }, 32 }, CLOUD, true },
	{ IPV4(100, 100, 100, 200, 32), CLOUD, true },
	{ IPV4(192, 0, 0, 192, 32), CLOUD, true },
	{ IPV4(168, 63, 129, 16, 32), CLOUD, true },
	{ IPV4(0, 0, 0, 0, 8), "is unspecified", true },
	{ { { 0 }, 128 }, "is unspecified", true },
	{ IPV4(224, 0, 0, 0, 4), "is a multicast address", true },
	{ { { 0xff }, 8 }, "is a multicast address", true },
	{ IPV4(255, 255, 255, 255, 32), "is the broadcast address", true },
	{ IPV4(127, 0, 0, 0, 8), "is a loopback address", false },
	{ { { [15] = 1 }, 128 }, "is a loopback address", false },
};

static const struct special *find_special(const struct network *address)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		if (network_is_within(address, &specials[i].range))
			return &specials[i];
	}
	return NULL;
}

/* Does a network of the list have the address, and lie within `range` (NULL: anywhere)? */
static bool is_listed(const struct policy *p, const struct network *address,
		      const struct network *range)
{
	for (size_t i = 0; i < p->network_count; i++) {
		const struct network *n = &p->networks[i];

		if (network_is_within(address, n) && (!range || network_is_within(n, range)))
			return true;
	}
	return false;
}

static const char *check_special(const struct policy *p, const struct network *address,
				 bool limited)
{
	const struct special *s = find_special(address);

	if (!s || (!s->always && !limited) || is_listed(p, address, &s->range))
		return NULL;
	return s->what;
}

const char *policy_refuses_address(const struct policy *p, const char *address, bool registered)
{
	bool limited = registered && p->network_count;
	struct network n, inner;
	const char *what;

	if (!network_of_server(address, &n))
		return NULL;
	what = check_special(p, &n, limited);
	if (!what && network_embedded(&n, &inner) && !is_listed(p, &n, NULL))
		what = check_special(p, &inner, limited);
	if (!what && limited && !is_listed(p, &n, NULL))
		what = "is in none of its networks";
	return what;
}
