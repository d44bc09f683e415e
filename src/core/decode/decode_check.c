/* See decode_check.h. The daemon itself sends the request, so nothing in it has variables. */
#include <string.h>

#include <zknginx/check.h>
#include <zknginx/model.h>

#include "decode_check.h"
#include "kinds.h"

#define LEAST_INTERVAL (100 * USEC_PER_MSEC)
#define MOST_INTERVAL (3600 * USEC_PER_SEC)
#define LEAST_TIMEOUT (10 * USEC_PER_MSEC)

/* What the znode says, before the defaults. */
struct draft {
	const char *type;
	const char *path, *host, *status;
	const char *interval, *timeout;
	long fall, rise, port, panic;
};

/* --- times ------------------------------------------------------------------------------------ */

/* "250ms", "2s", "1m", "1h"; 0: it is none of them. */
static uint64_t parse_time(const char *s)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = { { "ms", USEC_PER_MSEC },
		      { "s", USEC_PER_SEC },
		      { "", USEC_PER_SEC },
		      { "m", 60 * USEC_PER_SEC },
		      { "h", 3600 * USEC_PER_SEC } };
	size_t digits = strspn(s, "0123456789");
	uint64_t n = 0;

	if (!digits || digits > 9)
		return 0;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + (uint64_t)(s[i] - '0');
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(s + digits, units[i].name) == 0)
			return n * units[i].usec;
	}
	return 0;
}

static const char *check_interval(const struct reader *r UNUSED, const char *s)
{
	uint64_t usec = parse_time(s);

	return usec >= LEAST_INTERVAL && usec <= MOST_INTERVAL
		       ? NULL
		       : "is not a time from \"100ms\" to \"1h\", such as \"2s\"";
}

static const char *check_timeout(const struct reader *r UNUSED, const char *s)
{
	uint64_t usec = parse_time(s);

	return usec >= LEAST_TIMEOUT && usec <= MOST_INTERVAL
		       ? NULL
		       : "is not a time from \"10ms\" to \"1h\", such as \"1s\"";
}

const char *check_slow_start(const struct reader *r UNUSED, const char *s)
{
	uint64_t usec = parse_time(s);

	return usec >= USEC_PER_SEC && usec <= MOST_INTERVAL
		       ? NULL
		       : "is not a time from \"1s\" to \"1h\", such as \"30s\"";
}

uint64_t decode_slow_start(const char *s)
{
	return s ? parse_time(s) : 0;
}

/* --- texts ------------------------------------------------------------------------------------ */

static const char *check_type(const struct reader *r UNUSED, const char *s)
{
	return strcmp(s, "http") == 0 || strcmp(s, "tcp") == 0 ? NULL
							       : "is not \"http\" or \"tcp\"";
}

/* It is sent as it is. */
static const char *check_request_path(const struct reader *r UNUSED, const char *s)
{
	if (*s != '/' || strlen(s) > 1000)
		return "is not a path that begins with / and has at most 1000 bytes";
	for (const char *c = s; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return "has a blank or a byte that is no printable ASCII character";
	}
	return NULL;
}

static const char *check_request_host(const struct reader *r UNUSED, const char *s)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_:[]";

	return *s && strlen(s) <= 255 && !s[strspn(s, bytes)]
		       ? NULL
		       : "is not a host name or an address, with or without a port";
}

/* Three digits, from 200 to 599; 0: it is something else. */
static unsigned take_status(const char **s)
{
	unsigned n = 0;

	if (strspn(*s, "0123456789") != 3)
		return 0;
	for (size_t i = 0; i < 3; i++)
		n = 10 * n + (unsigned)(*(*s)++ - '0');
	return n >= 200 && n <= 599 ? n : 0;
}

/* "200", "200-399" */
static bool take_range(const char **s, struct check_range *out)
{
	out->least = out->most = take_status(s);
	if (out->least && **s == '-') {
		++*s;
		out->most = take_status(s);
	}
	return out->least && out->least <= out->most;
}

/* "200-299,404". Returns how many there are; 0: it is no such list. */
static size_t parse_ranges(const char *s, struct check_range *out)
{
	for (size_t n = 0; n < CHECK_RANGES_MOST; n++) {
		if (!take_range(&s, &out[n]))
			return 0;
		if (!*s)
			return n + 1;
		if (*s++ != ',')
			return 0;
	}
	return 0;
}

static const char *check_status(const struct reader *r UNUSED, const char *s)
{
	struct check_range ranges[CHECK_RANGES_MOST];

	return parse_ranges(s, ranges) ? NULL
				       : "is not a list of statuses from 200 to 599, such as "
					 "\"200-399\" or \"200,404\"";
}

/* --- the whole -------------------------------------------------------------------------------- */

#define AT(member) .where = offsetof(struct draft, member)
static const struct field rows[] = {
	{ "type", FIELD_TEXT, AT(type), .check = check_type },
	{ "path", FIELD_TEXT, AT(path), .check = check_request_path },
	{ "host", FIELD_TEXT, AT(host), .check = check_request_host },
	{ "status", FIELD_TEXT, AT(status), .check = check_status },
	{ "interval", FIELD_TEXT, AT(interval), .check = check_interval },
	{ "timeout", FIELD_TEXT, AT(timeout), .check = check_timeout },
	{ "fall", FIELD_NUMBER, AT(fall), .least = 1, .most = 100 },
	{ "rise", FIELD_NUMBER, AT(rise), .least = 1, .most = 100 },
	{ "port", FIELD_NUMBER, AT(port), .least = 1, .most = 65535 },
	{ "panic", FIELD_NUMBER, AT(panic), .least = 0, .most = 100 },
};
const struct fields check_fields = FIELDS(rows);

static struct check_rule *rule_of(struct arena *a, const struct draft *d, bool tcp)
{
	struct check_rule *rule = arena_array(a, struct check_rule, 1);
	uint64_t interval = d->interval ? parse_time(d->interval) : 2 * USEC_PER_SEC;

	*rule = (struct check_rule){
		.tcp = tcp,
		.path = d->path ?: "/",
		.host = d->host,
		.interval = interval,
		.timeout = d->timeout                ? parse_time(d->timeout)
			   : interval < USEC_PER_SEC ? interval
						     : USEC_PER_SEC,
		.fall = d->fall,
		.rise = d->rise,
		.port = d->port,
		.panic = d->panic,
	};
	rule->range_count = parse_ranges(d->status ?: "200-399", rule->ranges);
	return rule;
}

static void check_draft(struct reader *r, const struct draft *d, bool tcp)
{
	static const char only_http[] = "is possible only with \"type\": \"http\"";

	if (tcp && d->path)
		reader_problem(r, "path", only_http);
	if (tcp && d->host)
		reader_problem(r, "host", only_http);
	if (tcp && d->status)
		reader_problem(r, "status", only_http);
	if (d->timeout && parse_time(d->timeout) > parse_time(d->interval ? d->interval : "2s"))
		reader_problem(r, "timeout", "is longer than \"interval\"");
}

void decode_check(struct reader *r, const json_t *value, void *upstream)
{
	struct upstream *u = upstream;
	struct draft d = { .fall = 3, .rise = 2, .port = UNSET, .panic = 50 };
	unsigned found = r->found;
	bool tcp;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &check_fields, &d);
	tcp = d.type ? strcmp(d.type, "tcp") == 0 : !(r->kinds & ONLY_HTTP);
	if (r->found != found)
		return;
	check_draft(r, &d, tcp);
	u->check = rule_of(r->arena, &d, tcp);
}
