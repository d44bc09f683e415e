/*
 * Networks of IP addresses. IPv4 addresses are kept in their IPv4-mapped IPv6 form, so that
 * 127.0.0.1 and [::ffff:127.0.0.1] are one address here, as they are for the kernel.
 */
#ifndef ZKNGINX_CORE_NETWORK_H
#define ZKNGINX_CORE_NETWORK_H

#include <stdbool.h>
#include <zknginx/macros.h>

struct network {
	unsigned char bytes[16];
	unsigned char bits; /* 0 to 128; 128: one address */
};

/*
 * "10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1". Returns NULL, or the rest of a sentence that says
 * what is wrong. An IPv4 network has to be written as one, and no bit after the prefix may be set.
 */
const char *network_parse(const char *text, struct network *out);

/*
 * The address of a server in its canonical form, "10.0.0.1:80" or "[fd00::1]:80", the port being
 * optional. False: it is a host name.
 */
bool network_of_server(const char *address, struct network *out);

/* Is every address of `inner` also one of `outer`? */
bool network_is_within(const struct network *inner, const struct network *outer);

/*
 * The IPv4 address inside an IPv6 address that gateways and kernels translate: NAT64's
 * 64:ff9b::/96, 6to4's 2002::/16, and ::/96. False: it has none.
 */
bool network_embedded(const struct network *address, struct network *out);

#endif
