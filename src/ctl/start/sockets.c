/* /proc/net/tcp{,6} for the sockets, /proc/PID/fd for their owners. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

#define LISTENING 0x0a /* TCP_LISTEN */

struct sockets {
	struct arena *arena;
	struct socket *items;
	size_t count, room;
};

/* The kernel prints each 32-bit word of an address in the host's byte order. */
static bool read_address(const char *hex, void *out, size_t words)
{
	uint32_t *to = out;

	for (size_t i = 0; i < words; i++) {
		unsigned word;

		if (sscanf(hex + 8 * i, "%8x", &word) != 1)
			return false;
		to[i] = word;
	}
	return true;
}

static const char *host_text(struct arena *a, int family, const char *hex)
{
	unsigned char bytes[sizeof(struct in6_addr)] = { 0 };
	static const unsigned char any[sizeof(struct in6_addr)];
	size_t size = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];

	if (!read_address(hex, bytes, size / 4))
		return NULL;
	if (memcmp(bytes, any, size) == 0)
		return "*";
	inet_ntop(family, bytes, text, sizeof(text));
	return family == AF_INET ? arena_strdup(a, text) : arena_printf(a, "[%s]", text);
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 …" */
static void read_line(struct sockets *s, const char *line, int family)
{
	char hex[40];
	unsigned port, state;
	unsigned long inode;
	const char *host;

	if (sscanf(line, " %*u: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %lu", hex,
		   &port, &state, &inode) != 4 ||
	    state != LISTENING || !(host = host_text(s->arena, family, hex)))
		return;
	s->items = arena_grow(s->arena, s->items, s->count, &s->room, sizeof(*s->items));
	s->items[s->count++] =
		(struct socket){ .family = family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6,
				 .host = host,
				 .port = (long)port,
				 .inode = inode };
}

static void read_table(struct sockets *s, const char *path, int family)
{
	FILE *f = fopen(path, "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		read_line(s, line, family);
	if (f)
		fclose(f);
}

/* --- owners ---------------------------------------------------------------------------------- */

static void take_descriptor(struct sockets *s, pid_t pid, int directory, const char *name)
{
	char target[64];
	ssize_t size = readlinkat(directory, name, target, sizeof(target) - 1);
	unsigned long inode;

	if (size < 0)
		return;
	target[size] = '\0';
	if (sscanf(target, "socket:[%lu]", &inode) != 1)
		return;
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].inode == inode && !s->items[i].owner)
			s->items[i].owner = pid;
	}
}

static void take_process(struct sockets *s, pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		take_descriptor(s, pid, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
}

static void find_owners(struct sockets *s)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && pid > 0)
			take_process(s, (pid_t)pid);
	}
	if (proc)
		closedir(proc);
}

struct socket *sockets_read(struct arena *a, size_t *count)
{
	struct sockets s = { .arena = a };

	read_table(&s, "/proc/net/tcp", AF_INET);
	read_table(&s, "/proc/net/tcp6", AF_INET6);
	if (s.count)
		find_owners(&s);
	*count = s.count;
	return s.items;
}

/* nginx binds IPv6 sockets for IPv6 alone. Another program's wildcard of IPv6 may take IPv4, too.
 */
bool socket_conflicts(const struct socket *s, const struct listen_address *a, long port)
{
	bool any = strcmp(s->host, "*") == 0;

	if (a->family == FAMILY_UNIX || s->port != port)
		return false;
	if (s->family != a->family)
		return any && s->family == FAMILY_IPV6;
	return any || a->wildcard || strcmp(s->host, a->host) == 0;
}
