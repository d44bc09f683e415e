/*
 * Each form refuses what would fail, or mean something else, later: paths are written into nginx
 * configuration, names become znodes, addresses are passed to libraries that accept nearly
 * anything. Only a missing ZooKeeper port is filled in.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>

#include "core/fleet/rights.h"
#include "core/text/network.h"
#include "settings_value.h"

#define DEFAULT_PORT "2181"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits, then exactly one of the units. */
static bool parse_scaled(const char *text, const struct unit *units, size_t count, uint64_t *out)
{
	uint64_t n = 0;
	size_t digits = 0;

	for (; isdigit((unsigned char)text[digits]); digits++) {
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(text[digits] - '0'), &n))
			return false;
	}
	if (digits == 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text + digits, units[i].name) == 0)
			return !__builtin_mul_overflow(n, units[i].factor, out);
	}
	return false;
}

bool duration_parse(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ms", USEC_PER_MSEC },       { "s", USEC_PER_SEC },
		{ "m", 60 * USEC_PER_SEC },    { "h", 3600 * USEC_PER_SEC },
		{ "d", 86400 * USEC_PER_SEC },
	};

	return parse_scaled(text, units, ARRAY_SIZE(units), out);
}

bool size_parse(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", 1024 },
		{ "m", 1024 * 1024 },
		{ "g", 1024 * 1024 * 1024 },
	};

	return parse_scaled(text, units, ARRAY_SIZE(units), out);
}

static bool refuse(const char **why, const char *expected)
{
	*why = expected;
	return false;
}

static bool port_is_valid(const char *text)
{
	size_t size = strlen(text);

	return size >= 1 && size <= 5 && strspn(text, "0123456789") == size && text[0] != '0' &&
	       atol(text) <= 65535;
}

static bool host_is_valid(const char *host)
{
	size_t size = strlen(host);

	if (size == 0 || size > 253 || host[0] == '-' || host[0] == '.')
		return false;
	for (; *host; host++) {
		if (!isalnum((unsigned char)*host) && !strchr("._-", *host))
			return false;
	}
	return true;
}

static bool is_ipv6(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_ipv4(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1;
}

/* Cut "host:port" in place and remove brackets; *port is NULL when there is none. */
static bool split_address(char *text, char **host, char **port, bool *bracketed)
{
	char *close = strchr(text, ']'), *colon;

	*bracketed = text[0] == '[';
	*port = NULL;
	if (*bracketed) {
		if (!close || (close[1] && close[1] != ':'))
			return false;
		*host = text + 1;
		if (close[1])
			*port = close + 2;
		*close = '\0';
		return is_ipv6(*host) && (!*port || port_is_valid(*port));
	}
	*host = text;
	colon = strchr(text, ':');
	if (colon) {
		*port = colon + 1;
		*colon = '\0';
	}
	return host_is_valid(text) && (!*port || port_is_valid(*port));
}

static bool path_is_plain(const char *path, const char *refused)
{
	size_t size = strlen(path);

	if (path[0] != '/' || size < 2 || size > 1024 || path[size - 1] == '/' ||
	    strstr(path, "//"))
		return false;
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr(refused, *c))
			return false;
		if (c[0] == '/' && c[1] == '.' &&
		    (c[2] == '/' || !c[2] || (c[2] == '.' && (c[3] == '/' || !c[3]))))
			return false;
	}
	return true;
}

bool form_znode(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	*value = text;
	return path_is_plain(text, "") ||
	       refuse(why, "expected an absolute znode path without a slash at its end, such as "
			   "\"/nginx/config\"");
}

bool form_znode_maybe(struct arena *a, const char *text, const char **value, const char **why)
{
	*value = text;
	return !*text || form_znode(a, text, value, why);
}

bool form_file(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	*value = text;
	return path_is_plain(text, " ;{}\"'\\#$`") ||
	       refuse(why, "expected an absolute path without blanks, quotes, \"..\", or a slash "
			   "at its end");
}

bool form_file_maybe(struct arena *a, const char *text, const char **value, const char **why)
{
	*value = text;
	return !*text || form_file(a, text, value, why);
}

/* It is executed and never written into a configuration, so any character may be in its name. */
bool form_program(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	*value = text;
	return path_is_plain(text, "") ||
	       refuse(why, "expected the absolute path of a program as the first entry, such as "
			   "[ \"/usr/local/sbin/notify\" ]; no shell reads it");
}

static bool put_host(struct arena *a, struct buf *out, const char *text, size_t size)
{
	char *host, *port;
	bool bracketed;

	while (size && *text == ' ') {
		text++;
		size--;
	}
	if (!split_address(arena_copy(a, text, size), &host, &port, &bracketed))
		return false;
	buf_printf(out, bracketed ? "%s[%s]:%s" : "%s%s:%s", out->size ? "," : "", host,
		   port ? port : DEFAULT_PORT);
	return true;
}

bool form_hosts(struct arena *a, const char *text, const char **value, const char **why)
{
	const char *chroot = strchr(text, '/'), *end = chroot ? chroot : text + strlen(text);
	struct buf out = BUF_INIT;
	bool ok = !chroot || path_is_plain(chroot, "");

	while (ok && text <= end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));

		ok = put_host(a, &out, text, (size_t)((comma ? comma : end) - text));
		text = comma ? comma + 1 : end + 1;
	}
	if (ok && chroot)
		buf_puts(&out, chroot);
	*value = arena_strdup(a, buf_str(&out));
	buf_fini(&out);
	return ok || refuse(why, "expected \"host:port,host:port\", perhaps with a \"/chroot\" "
				 "after it; a port is 1 to 65535, an IPv6 address is in brackets");
}

static bool numeric_address(struct arena *a, const char *text, char **host)
{
	char *port;
	bool bracketed;

	return split_address(arena_strdup(a, text), host, &port, &bracketed) && port &&
	       (bracketed || is_ipv4(*host));
}

/* As many bytes as the kernel takes for the path of a socket. */
static bool unix_socket(const char *text)
{
	return strncmp(text, "unix:/", 6) == 0 && text[6] && strlen(text + 5) < 108;
}

bool form_listen(struct arena *a, const char *text, const char **value, const char **why)
{
	char *host;

	*value = text;
	return !*text || numeric_address(a, text, &host) || unix_socket(text) ||
	       refuse(why, "expected a numeric address and a port, such as \"127.0.0.1:9641\" or "
			   "\"[::1]:9641\", or a unix socket, such as "
			   "\"unix:/run/zknginxd/metrics.sock\"");
}

static bool numeric_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool form_loopback(struct arena *a, const char *text, const char **value, const char **why)
{
	char *host;

	*value = text;
	return !*text || (numeric_address(a, text, &host) && numeric_loopback(host)) ||
	       refuse(why, "expected a loopback address and a port, such as \"127.0.0.1:9642\" or "
			   "\"[::1]:9642\"");
}

bool form_identity(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	const char *id;
	size_t size;

	*value = text;
	return rights_split_identity(text, &size, &id) ||
	       refuse(why, "expected identities as in ZooKeeper's ACLs, \"SCHEME:ID\", such as "
			   "\"digest:operator:HASH\" or \"x509:CN=web1\"; not \"world\" or "
			   "\"auth\"");
}

bool form_name(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	*value = text;
	return !*text || host_is_valid(text) ||
	       refuse(why, "expected a host name: letters, digits, '.', '-' and '_'");
}

bool form_member(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	*value = text;
	return host_is_valid(text) ||
	       refuse(why, "expected names of hosts, as in their cluster.host: letters, digits, "
			   "'.', '-' and '_'");
}

bool form_address(struct arena *a, const char *text, const char **value, const char **why)
{
	char *host, *port;
	bool bracketed;

	*value = text;
	return !*text || split_address(arena_strdup(a, text), &host, &port, &bracketed) ||
	       refuse(why, "expected \"host\" or \"host:port\"; an IPv6 address is in brackets");
}

bool form_network(struct arena *a, const char *text, const char **value, const char **why)
{
	struct network network;
	const char *wrong = network_parse(text, &network);

	*value = text;
	if (wrong)
		*why = arena_printf(a,
				    "expected networks such as \"10.0.0.0/8\", \"fd00::/8\" or "
				    "\"192.0.2.7\"; \"%.60s\" %s",
				    text, wrong);
	return !wrong;
}

bool form_share(struct arena *a UNUSED, const char *text, const char **value, const char **why)
{
	size_t digits = strspn(text, "0123456789");
	long n = digits && digits < 6 ? atol(text) : 0;

	*value = text;
	return (n >= 1 && (!text[digits] || (strcmp(text + digits, "%") == 0 && n <= 100))) ||
	       refuse(why, "expected a number of hosts, \"3\", or a share of them, \"25%\"");
}
