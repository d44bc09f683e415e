/*
 * The status as OpenMetrics text: the rows that have a metric, in their order. A group that is not
 * there has no metrics.
 */
#include <string.h>

#include "openmetrics.h"
#include "status_fields.h"

static double text_number(const struct status_field *f, const char *s)
{
	const char *word = f->metric.word;

	return s && (word ? strcmp(s, word) == 0 : *s != '\0');
}

static double number(const struct status_field *f, const struct status *s)
{
	const void *where = (const char *)s + f->where;

	if (f->metric.value)
		return f->metric.value(s);
	switch (f->kind) {
	case STATUS_COUNT:
		return (double)*(const unsigned long *)where;
	case STATUS_FLAG:
		return *(const bool *)where;
	case STATUS_MAYBE:
		return *(const enum status_maybe *)where == STATUS_YES;
	case STATUS_NAME:
		return strcmp(f->names.name(*(const unsigned *)where), f->metric.word) == 0;
	case STATUS_TIME:
		return (double)*(const uint64_t *)where / USEC_PER_SEC;
	case STATUS_MS:
		return *(const double *)where / 1000;
	case STATUS_TEXT:
		return text_number(f, *(const char *const *)where);
	default:
		return 0; /* a test looks at each row: no other kind has a number */
	}
}

static void put_metric(const struct status_field *f, const struct status *s, struct buf *out)
{
	const struct status_metric *m = &f->metric;

	if (m->write) {
		m->write(s, out);
	} else if (m->name) {
		openmetrics_head(out, m->name, m->type, m->unit, m->help);
		openmetrics_sample(out, m->name, strcmp(m->type, "counter") == 0 ? "_total" : "",
				   NULL, 0, number(f, s));
	}
}

static bool is_absent(const struct status_field *f, const void *where)
{
	if (f->kind == STATUS_MAYBE)
		return *(const enum status_maybe *)where == STATUS_UNKNOWN;
	return f->optional && !*(const bool *)where;
}

static void put_rows(const struct status_fields *fields, const struct status *s, struct buf *out)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct status_field *f = &fields->rows[i];

		if (is_absent(f, (const char *)s + f->where))
			continue;
		put_metric(f, s, out);
		if (f->kind == STATUS_GROUP)
			put_rows(&f->inner, s, out);
	}
}

void status_write_metrics(const struct status *s, struct buf *out)
{
	put_rows(&status_fields, s, out);
	put_rows(&number_fields, s, out);
	buf_puts(out, "# EOF\n");
}
