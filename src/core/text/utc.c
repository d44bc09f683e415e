/* Times are read strictly: a text that another program could read as another time is none. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "utc.h"

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

uint64_t utc_parse(const char *text)
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

void utc_print(uint64_t when, struct buf *out)
{
	time_t seconds = (time_t)(when / USEC_PER_SEC);
	unsigned fraction = (unsigned)(when % USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction)
		buf_printf(out, ".%06u", fraction);
	buf_puts(out, "Z");
}
