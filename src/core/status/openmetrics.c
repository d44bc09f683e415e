/* OpenMetrics text, and the older text that is made of it. */
#include <stdio.h>
#include <string.h>

#include "openmetrics.h"

#define LABELS_MOST 4

void openmetrics_head(struct buf *out, const char *name, const char *type, const char *unit,
		      const char *help)
{
	buf_printf(out, "# TYPE zknginx_%s %s\n", name, type);
	if (unit)
		buf_printf(out, "# UNIT zknginx_%s %s\n", name, unit);
	buf_printf(out, "# HELP zknginx_%s %s\n", name, help);
}

/* In a value, a backslash, a quote and a line feed are escaped. */
static void put_label(struct buf *out, const struct openmetrics_label *label)
{
	const char *value = label->value;

	buf_printf(out, "%s=\"", label->name);
	for (; value && *value; value++) {
		if (*value == '\n')
			buf_puts(out, "\\n");
		else if (*value == '\\' || *value == '"')
			buf_printf(out, "\\%c", *value);
		else
			buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

void openmetrics_sample(struct buf *out, const char *name, const char *suffix,
			const struct openmetrics_label *labels, size_t label_count, double value)
{
	buf_printf(out, "zknginx_%s%s", name, suffix);
	for (size_t i = 0; i < label_count; i++) {
		buf_putc(out, i ? ',' : '{');
		put_label(out, &labels[i]);
	}
	buf_printf(out, "%s %.15g\n", label_count ? "}" : "", value);
}

/* --- histograms ------------------------------------------------------------------------------ */

static void put_bucket(struct buf *out, const char *name, const struct openmetrics_label *labels,
		       size_t label_count, const char *bound, unsigned long count)
{
	struct openmetrics_label all[LABELS_MOST];

	memcpy(all, labels, label_count * sizeof(*all));
	all[label_count] = (struct openmetrics_label){ "le", bound };
	openmetrics_sample(out, name, "_bucket", all, label_count + 1, (double)count);
}

void openmetrics_histogram(struct buf *out, const char *name,
			   const struct openmetrics_label *labels, size_t label_count,
			   const struct histogram *h)
{
	static const char *const bounds[HISTOGRAM_BUCKETS] = {
#define X(bound) #bound,
		HISTOGRAM_BOUNDS(X)
#undef X
			"+Inf"
	};
	struct openmetrics_label none[1] = { { NULL, NULL } };
	unsigned long count = 0;

	if (!label_count)
		labels = none;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += h->buckets[i];
		put_bucket(out, name, labels, label_count, bounds[i], count);
	}
	openmetrics_sample(out, name, "_count", labels, label_count, (double)count);
	openmetrics_sample(out, name, "_sum", labels, label_count, h->sum);
}

/* --- the older text format -------------------------------------------------------------------- */

/*
 * In it a head names the samples themselves, and it has fewer types. Samples are the same.
 */
static const struct {
	const char *type, *suffix, *older;
} older_types[] = {
	{ "counter", "_total", "counter" },
	{ "info", "_info", "gauge" },
};

struct family {
	char name[128], type[16];
};

static bool read_type(const char *line, struct family *f)
{
	return sscanf(line, "# TYPE %127s %15s", f->name, f->type) == 2;
}

/* The rest of a head's line, after the name of the family. */
static void put_head(struct buf *out, const char *line, size_t size, const struct family *f)
{
	size_t before = strlen("# TYPE ") + strlen(f->name);
	const char *suffix = "", *type = f->type;
	bool is_type = strncmp(line, "# TYPE ", 7) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(older_types); i++) {
		if (strcmp(f->type, older_types[i].type) == 0) {
			suffix = older_types[i].suffix;
			type = older_types[i].older;
		}
	}
	buf_put(out, line, before);
	buf_puts(out, suffix);
	if (is_type)
		buf_printf(out, " %s\n", type);
	else
		buf_put(out, line + before, size - before);
}

void openmetrics_as_text(const char *text, struct buf *out)
{
	struct family family = { "", "" };

	while (*text) {
		size_t size = strcspn(text, "\n");

		size += text[size] == '\n';
		if (text[0] == '#' && (read_type(text, &family) || strncmp(text, "# EOF", 5) != 0))
			put_head(out, text, size, &family);
		else
			buf_put(out, text, size);
		text += size;
	}
}
