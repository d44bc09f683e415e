/*
 * Overrides are read again at each call, because their effect depends on the clock. What is
 * remembered of each is when its bytes were seen first: an operator who writes a time that is far
 * ahead cannot have meant a loss that had not happened yet.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zknginx/err.h>

#include "core/data/layout.h"
#include "core/decode/fields.h"
#include "override.h"

/* One znode below cluster/overrides. */
struct override {
	char *path;
	int64_t mzxid;
	uint64_t seen;      /* since when these bytes are known */
	uint64_t confirmed; /* 0: it has no effect */
	bool here;          /* … in the tree at hand */
};

struct overrides {
	struct override *items;
	size_t count, room;
	struct problems problems; /* of the last reading */
};

struct overrides *overrides_new(void)
{
	struct overrides *o = xcalloc(1, sizeof(*o));

	problems_init(&o->problems);
	return o;
}

void overrides_free(struct overrides *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->count; i++)
		free(o->items[i].path);
	free(o->items);
	problems_fini(&o->problems);
	free(o);
}

/* --- the time ------------------------------------------------------------------------------- */

/* `digits` digits at *s, within least..most; advances *s past them and `after`. */
static bool take_number(const char **s, int digits, int least, int most, char after, int *out)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)**s))
			return false;
		number = number * 10 + *(*s)++ - '0';
	}
	if (number < least || number > most)
		return false;
	*out = number;
	return !after || toupper((unsigned char)*(*s)++) == after;
}

static bool is_utc(const char *s)
{
	return strcmp(s, "Z") == 0 || strcmp(s, "z") == 0 || strcmp(s, "+00:00") == 0 ||
	       strcmp(s, "-00:00") == 0;
}

/* The fraction of a second in microseconds; finer digits are cut off. */
static bool take_fraction(const char **s, uint64_t *out)
{
	uint64_t unit = USEC_PER_SEC;

	*out = 0;
	if (**s != '.')
		return true;
	++*s;
	if (!isdigit((unsigned char)**s))
		return false;
	for (; isdigit((unsigned char)**s); ++*s) {
		unit /= 10;
		*out += unit * (uint64_t)(**s - '0');
	}
	return true;
}

/* timegm() takes the 31st of February for a day in March. */
static bool is_date(struct tm tm)
{
	int day = tm.tm_mday;

	timegm(&tm);
	return tm.tm_mday == day;
}

uint64_t override_time(const char *text)
{
	struct tm tm = { 0 }, date;
	uint64_t fraction;

	if (!take_number(&text, 4, 1970, 9999, '-', &tm.tm_year) ||
	    !take_number(&text, 2, 1, 12, '-', &tm.tm_mon) ||
	    !take_number(&text, 2, 1, 31, 'T', &tm.tm_mday) ||
	    !take_number(&text, 2, 0, 23, ':', &tm.tm_hour) ||
	    !take_number(&text, 2, 0, 59, ':', &tm.tm_min) ||
	    !take_number(&text, 2, 0, 60, '\0', &tm.tm_sec) || !take_fraction(&text, &fraction) ||
	    !is_utc(text))
		return 0;
	if (tm.tm_sec == 60 && (tm.tm_hour != 23 || tm.tm_min != 59))
		return 0; /* leap seconds end a day */
	tm.tm_year -= 1900;
	tm.tm_mon--;
	date = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday };
	if (!is_date(date))
		return 0;
	return (uint64_t)timegm(&tm) * USEC_PER_SEC + fraction;
}

void override_print(uint64_t confirm, struct buf *out)
{
	time_t seconds = (time_t)(confirm / USEC_PER_SEC);
	unsigned fraction = (unsigned)(confirm % USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_printf(out, "{\"confirm\":\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction)
		buf_printf(out, ".%06u", fraction);
	buf_printf(out, "Z\"}\n");
}

/* --- one override --------------------------------------------------------------------------- */

struct content {
	uint64_t wall;
	uint64_t confirm; /* as written; 0: it is no time */
};

static void read_confirm(struct reader *r, const json_t *value, void *where)
{
	struct content *c = where;
	const char *s = reader_text(r, value);

	if (!s)
		return;
	c->confirm = override_time(s);
	if (!c->confirm)
		reader_problem(r, NULL,
			       "expected a time in UTC in the format of RFC 3339, such as "
			       "2026-11-22T15:04:05Z, found \"%.80s\"; the override has no effect",
			       s);
	else if (c->confirm > c->wall + OVERRIDE_AHEAD)
		reader_problem(r, NULL,
			       "\"%.80s\" is more than a minute ahead of this host's clock; the "
			       "override has no effect: write the current time, in UTC",
			       s);
}

/* False: it is a problem, and has no effect. */
static bool read_content(struct overrides *o, const struct znode *z, struct content *c)
{
	static const struct field rows[] = {
		{ .name = "confirm", .kind = FIELD_CUSTOM, .required = true, .read = read_confirm },
	};
	static const struct fields fields = FIELDS(rows);
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct reader r = { .arena = a, .znode = z, .problems = &o->problems };
	json_auto_t *object = reader_parse(&r);

	if (object)
		fields_read(&r, object, &fields, c);
	return !r.failed;
}

/* From the wall clock to the other one; 0: before the host was booted. */
static uint64_t to_monotonic(uint64_t time, uint64_t now, uint64_t wall)
{
	if (time >= wall)
		return now + (time - wall);
	return wall - time < now ? now - (wall - time) : 0;
}

/* Returns when its time is not too far ahead any more, or NEVER. */
static uint64_t read_one(struct overrides *o, struct override *item, const struct znode *z,
			 uint64_t now, uint64_t wall)
{
	struct content c = { .wall = wall };
	uint64_t limit = item->seen + OVERRIDE_AHEAD;

	item->confirmed = 0;
	if (read_content(o, z, &c)) {
		item->confirmed = to_monotonic(c.confirm, now, wall);
		if (item->confirmed > limit)
			item->confirmed = limit;
	}
	return c.confirm > wall + OVERRIDE_AHEAD ? now + (c.confirm - wall - OVERRIDE_AHEAD)
						 : NEVER;
}

/* --- all of them ---------------------------------------------------------------------------- */

static struct override *find(const struct overrides *o, const char *path)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->items[i].path, path) == 0)
			return &o->items[i];
	}
	return NULL;
}

static struct override *item_for(struct overrides *o, const struct znode *z, uint64_t now)
{
	struct override *item = find(o, z->path);

	if (!item) {
		if (o->count == o->room) {
			o->room = o->room ? 2 * o->room : 8;
			o->items = xrealloc(o->items, o->room * sizeof(*o->items));
		}
		item = &o->items[o->count++];
		*item = (struct override){ .path = xstrdup(z->path), .seen = now };
	} else if (item->mzxid != z->mzxid) {
		item->seen = now;
	}
	item->mzxid = z->mzxid;
	item->here = true;
	return item;
}

static void forget_gone(struct overrides *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (o->items[i].here)
			o->items[kept++] = o->items[i];
		else
			free(o->items[i].path);
	}
	o->count = kept;
}

uint64_t overrides_read(struct overrides *o, const struct tree *tree, const char *cluster,
			uint64_t now, uint64_t wall)
{
	CLEANUP(freep) char *parent = cluster_path_new(cluster, CLUSTER_OVERRIDES, NULL);
	uint64_t due = NEVER, later;

	problems_fini(&o->problems);
	problems_init(&o->problems);
	for (size_t i = 0; i < o->count; i++)
		o->items[i].here = false;
	for (size_t i = tree_lower_bound(tree, parent); i < tree_count(tree); i++) {
		const struct znode *z = tree_at(tree, i);

		if (path_is_below(z->path, parent)) {
			later = read_one(o, item_for(o, z, now), z, now, wall);
			due = later < due ? later : due;
		} else if (strcmp(z->path, parent) != 0) {
			break;
		}
	}
	forget_gone(o);
	return due;
}

uint64_t overrides_confirmed(const struct overrides *o, const char *upstream)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(path_name(o->items[i].path), upstream) == 0)
			return o->items[i].confirmed;
	}
	return 0;
}

static bool is_upstream(const char *name, const struct tree *tree, const char *root,
			const struct model *m)
{
	CLEANUP(freep) char *path = config_path(root, CONFIG_UPSTREAM, name);

	return model_upstream(m, name) || tree_find(tree, path);
}

void overrides_problems(const struct overrides *o, const struct tree *tree, const char *root,
			const struct model *m, struct problems *problems)
{
	for (size_t i = 0; i < o->problems.count; i++) {
		const struct problem *p = &o->problems.items[i];
		struct problem *copy = problems_add(problems, p->znode, PROBLEM_OVERRIDE, p->field,
						    "%s", p->message);

		copy->line = p->line;
	}
	for (size_t i = 0; i < o->count; i++) {
		const char *path = o->items[i].path;

		if (!is_upstream(path_name(path), tree, root, m))
			problems_add(problems, path, PROBLEM_OVERRIDE, NULL,
				     "there is no upstream \"%.80s\": the override has no effect; "
				     "give it the name of an upstream, or delete it",
				     path_name(path));
	}
}
