/*
 * nginx connects its sockets, one of each worker, so the table's lines that matter have our address
 * as the remote one. What was read is used for a second: a worker's socket may be closed before its
 * last datagram is read. A sender that is not in it has the table read again, but not more than
 * MISSES times a second; after that it does not count.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <zknginx/err.h>

#include "probe_sender.h"
#include "sys/timing.h"

#define SENDERS_MAX 2048
#define USERS_MAX 8
#define MISSES 20

struct sender {
	char address[33]; /* as in the table: hex of each 32 bits */
	unsigned port;
};

struct probe_senders {
	struct sender to;
	bool is_v6;
	const struct probe_workers *workers;
	struct sender *known;
	size_t count;
	uint64_t read_at;  /* 0: never */
	bool is_open;      /* the table could not be read, or the users are not known */
	unsigned misses;   /* in the second … */
	uint64_t counting; /* … that began then */
};

static struct sender sender_of(const struct probe_address *a)
{
	struct sender s = { .port = ntohs(a->v4.sin_port) };
	const struct in6_addr *v6 = &a->v6.sin6_addr;

	if (a->any.sa_family == AF_INET)
		snprintf(s.address, sizeof(s.address), "%08X", a->v4.sin_addr.s_addr);
	else
		snprintf(s.address, sizeof(s.address), "%08X%08X%08X%08X", v6->s6_addr32[0],
			 v6->s6_addr32[1], v6->s6_addr32[2], v6->s6_addr32[3]);
	return s;
}

static bool is_same(const struct sender *a, const struct sender *b)
{
	return a->port == b->port && strcmp(a->address, b->address) == 0;
}

/* --- the table -------------------------------------------------------------------------------- */

/* "  12: 0100007F:B4E1 0100007F:25AA 01 00000000:00000000 00:00000000 00000000    33  …" */
static bool read_line(const char *line, struct sender *from, struct sender *to, uid_t *user)
{
	return sscanf(line, " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%x %*x %*x:%*x %*x:%*x %*x %u",
		      from->address, &from->port, to->address, &to->port, user) == 5;
}

static bool is_among(uid_t user, const uid_t *users, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (users[i] == user)
			return true;
	}
	return false;
}

static void read_table(struct probe_senders *s)
{
	FILE *f = fopen(s->is_v6 ? "/proc/net/udp6" : "/proc/net/udp", "re");
	uid_t users[USERS_MAX], user;
	size_t user_count = s->workers->users(s->workers->ctx, users, USERS_MAX);
	struct sender from, to;
	char line[512];

	s->is_open = !f || !user_count;
	s->count = 0;
	s->read_at = timing_now();
	while (f && s->count < SENDERS_MAX && fgets(line, sizeof(line), f)) {
		if (read_line(line, &from, &to, &user) && is_same(&to, &s->to) &&
		    is_among(user, users, user_count))
			s->known[s->count++] = from;
	}
	if (f)
		fclose(f);
}

/* --- one sender ------------------------------------------------------------------------------- */

static bool is_known(const struct probe_senders *s, const struct sender *from)
{
	for (size_t i = 0; i < s->count; i++) {
		if (is_same(&s->known[i], from))
			return true;
	}
	return s->is_open;
}

static bool may_read_again(struct probe_senders *s, uint64_t now)
{
	if (now - s->counting >= USEC_PER_SEC) {
		s->counting = now;
		s->misses = 0;
	}
	return ++s->misses <= MISSES;
}

bool probe_sender_counts(struct probe_senders *s, const struct probe_address *from)
{
	struct sender sender = sender_of(from);
	uint64_t now = timing_now();

	if (!s->workers->users)
		return true;
	if (!s->read_at || now - s->read_at >= USEC_PER_SEC)
		read_table(s);
	if (is_known(s, &sender))
		return true;
	if (!may_read_again(s, now))
		return false;
	read_table(s);
	return is_known(s, &sender);
}

struct probe_senders *probe_senders_new(const struct probe_address *to,
					const struct probe_workers *workers)
{
	struct probe_senders *s = xcalloc(1, sizeof(*s));

	s->to = sender_of(to);
	s->is_v6 = to->any.sa_family == AF_INET6;
	s->workers = workers;
	s->known = xcalloc(SENDERS_MAX, sizeof(*s->known));
	return s;
}

void probe_senders_free(struct probe_senders *s)
{
	if (!s)
		return;
	free(s->known);
	free(s);
}
