/* See points.h. */
#include "points.h"

#define POINTS_PER_WEIGHT 160

/* --- the points of a server ------------------------------------------------------------------ */

/* "HOST:PORT": where the port begins, or the end of the text when it has none. */
static size_t port_begin(const ngx_str_t *name)
{
	size_t at = name->len;

	while (at && name->data[at - 1] >= '0' && name->data[at - 1] <= '9')
		at--;
	return at && name->data[at - 1] == ':' ? at : name->len + 1;
}

/* The CRC of the host, a zero byte and the port, not yet final. */
static uint32_t seed(const ngx_str_t *name)
{
	bool local = name->len >= 5 && ngx_strncasecmp(name->data, (u_char *)"unix:", 5) == 0;
	size_t port = local ? name->len + 1 : port_begin(name), from = local ? 5 : 0;
	uint32_t crc;

	ngx_crc32_init(crc);
	ngx_crc32_update(&crc, name->data + from, port - 1 - from);
	ngx_crc32_update(&crc, (u_char *)"", 1);
	if (port <= name->len)
		ngx_crc32_update(&crc, name->data + port, name->len - port);
	return crc;
}

/* Each point's hash goes on from the seed with the hash before it, its least byte first. */
static struct point *put_points(struct point *at, const struct weighted_name *server)
{
	uint32_t begin = seed(&server->name), hash = 0;

	for (ngx_uint_t i = 0; i < server->weight * POINTS_PER_WEIGHT; i++) {
		u_char last[] = { (u_char)hash, (u_char)(hash >> 8), (u_char)(hash >> 16),
				  (u_char)(hash >> 24) };

		hash = begin;
		ngx_crc32_update(&hash, last, sizeof(last));
		ngx_crc32_final(hash);
		*at++ = (struct point){ hash, (ngx_str_t *)&server->name };
	}
	return at;
}

/* --- in their order -------------------------------------------------------------------------- */

/* By one byte of the hash; equal ones keep their order. */
static void sort_by_byte(struct point *to, const struct point *from, size_t count, unsigned shift)
{
	size_t at[256] = { 0 }, sum = 0;

	for (size_t i = 0; i < count; i++)
		at[from[i].hash >> shift & 0xff]++;
	for (unsigned i = 0; i < 256; i++) {
		size_t here = at[i];

		at[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[at[from[i].hash >> shift & 0xff]++] = from[i];
}

/* An even number of passes: the result is where it began. */
static void sort(struct point *points, struct point *other, size_t count)
{
	for (unsigned shift = 0; shift < 32; shift += 16) {
		sort_by_byte(other, points, count, shift);
		sort_by_byte(points, other, count, shift + 8);
	}
}

/* --- from one list to the next --------------------------------------------------------------- */

static bool same_server(const struct weighted_name *a, const struct weighted_name *b)
{
	return a->weight == b->weight && a->name.len == b->name.len &&
	       ngx_memcmp(a->name.data, b->name.data, a->name.len) == 0;
}

/* What both lists begin and end with stays. Whatever is between counts as changed: after one change
 * that is one server at most. Returns where it begins; *end: in the new list. */
static size_t match_lists(const struct ring *old, struct weighted_name *names, size_t count,
			  size_t *end)
{
	size_t head = 0, tail = 0;
	size_t shorter = ngx_min(old->name_count, count);
	struct weighted_name *last = old->names + old->name_count;

	while (head < shorter && same_server(&old->names[head], &names[head])) {
		old->names[head].moved = &names[head];
		head++;
	}
	while (tail < shorter - head && same_server(last - tail - 1, &names[count - tail - 1])) {
		(last - tail - 1)->moved = &names[count - tail - 1];
		tail++;
	}
	for (size_t i = head; i < old->name_count - tail; i++)
		old->names[i].moved = NULL;
	*end = count - tail;
	return head;
}

static size_t count_points(const struct weighted_name *names, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += names[i].weight * POINTS_PER_WEIGHT;
	return total;
}

/* The points of these servers, in their order. *points has room for twice as many. */
static void put_sorted(struct point *points, const struct weighted_name *names, size_t count)
{
	struct point *at = points;

	for (size_t i = 0; i < count; i++)
		at = put_points(at, &names[i]);
	sort(points, at, (size_t)(at - points));
}

static bool is_before(const struct point *a, const struct point *b)
{
	return a->hash != b->hash ? a->hash < b->hash : a->server < b->server;
}

static void merge(const struct ring *old, const struct point *added, size_t added_count,
		  struct point *out)
{
	const struct point *end = added + added_count;

	for (size_t i = 0; i < old->count; i++) {
		const struct weighted_name *name = (struct weighted_name *)old->all[i].server;
		struct point kept = { old->all[i].hash, (ngx_str_t *)name->moved };

		if (!kept.server)
			continue;
		while (added < end && is_before(added, &kept))
			*out++ = *added++;
		*out++ = kept;
	}
	while (added < end)
		*out++ = *added++;
}

/* Of points with one hash, the first server's stays. */
static void hide_equal(struct points *points, const struct point *all, size_t count)
{
	points->number = 0;
	for (size_t i = 0; i < count; i++) {
		if (!i || all[i].hash != all[i - 1].hash)
			points->point[points->number++] = all[i];
	}
}

bool ring_make(const struct ring *old, struct weighted_name *names, size_t count, struct ring *out,
	       ngx_log_t *log)
{
	size_t end, begin = match_lists(old, names, count, &end);
	size_t added = count_points(names + begin, end - begin);
	size_t total = count_points(names, count);
	struct point *sorted = ngx_alloc((2 * added + 1) * sizeof(*sorted), log);

	*out = (struct ring){ .count = total, .names = names, .name_count = count };
	out->all = ngx_alloc((total + 1) * sizeof(*out->all), log);
	out->points = ngx_alloc(sizeof(*out->points) + total * sizeof(struct point), log);
	if (!sorted || !out->all || !out->points) {
		free(sorted);
		out->names = NULL;
		ring_fini(out);
		return false;
	}
	put_sorted(sorted, names + begin, end - begin);
	merge(old, sorted, added, out->all);
	free(sorted);
	hide_equal(out->points, out->all, total);
	return true;
}

void ring_fini(struct ring *ring)
{
	free(ring->points);
	free(ring->all);
	free(ring->names);
	*ring = (struct ring){ .count = 0 };
}

/* --- the ring of a worker -------------------------------------------------------------------- */

/* Room for names and their text, and what was copied. */
struct names {
	struct weighted_name *name;
	size_t room, text, count;
	bool whole; /* there was room for all */
};

static void copy_names(struct servers *s, void *data)
{
	struct names *n = data;
	u_char *at = (u_char *)(n->name + n->room), *end = at + n->text;
	const struct entry *e = s->half[0].first;

	for (n->count = 0; e && n->count < n->room; e = e->next) {
		const ngx_str_t server = e->peer->server;

		if (server.len > (size_t)(end - at))
			break;
		n->name[n->count++] = (struct weighted_name){
			.name = { server.len, at },
			.weight = (ngx_uint_t)e->peer->weight,
		};
		at = ngx_cpymem(at, server.data, server.len);
	}
	n->whole = !e;
}

/* The names as they are now. Memory is taken before, for some more than there are. */
static struct weighted_name *read_names(struct servers *s, ngx_log_t *log, size_t *count)
{
	struct names n = { .room = s->half[0].number + 64,
			   .text = s->text + (size_t)64 * MODULE_NAME_MAX };

	n.name = ngx_alloc(n.room * sizeof(*n.name) + n.text, log);
	if (!n.name)
		return NULL;
	servers_read(s, copy_names, &n);
	if (!n.whole || !n.count) {
		free(n.name);
		return NULL;
	}
	*count = n.count;
	return n.name;
}

bool ring_renew(struct ring *ring, struct servers *s, ngx_log_t *log)
{
	size_t count = 0;
	struct weighted_name *names = read_names(s, log, &count);
	struct ring next;

	if (!names || !ring_make(ring, names, count, &next, log)) {
		free(names);
		return false;
	}
	ring_fini(ring);
	*ring = next;
	return true;
}
