/* See ranges.h. */
#include "ranges.h"

struct range *ranges_new(const struct servers *s, ngx_log_t *log)
{
	return ngx_alloc((s->capacity + 1) * sizeof(struct range), log);
}

static void read_servers(struct servers *s, void *data)
{
	struct range *ranges = data;
	size_t at = 0;
	ngx_uint_t sum = 0;

	for (const struct entry *e = s->half[0].first; e && at < s->capacity; e = e->next) {
		ranges[at++] = (struct range){ e->peer, sum };
		sum += (ngx_uint_t)e->peer->weight;
	}
	for (; at <= s->capacity; at++)
		ranges[at] = (struct range){ ranges[0].peer, (ngx_uint_t)-1 };
}

void ranges_renew(struct range *ranges, struct servers *s)
{
	servers_read(s, read_servers, ranges);
}
