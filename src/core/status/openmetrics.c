/* OpenMetrics text, and the older text that is made of it. */
#include <stdbool.h>
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
	const char *value = label->value ? label->value : "";

	buf_puts(out, label->name);
	buf_puts(out, "=\"");
	for (;;) {
		size_t plain = strcspn(value, "\n\\\"");

		buf_put(out, value, plain);
		value += plain;
		if (!*value)
			break;
		buf_putc(out, '\\');
		buf_putc(out, *value == '\n' ? 'n' : *value);
		value++;
	}
	buf_putc(out, '"');
}

/* Most numbers are small counts. A page has thousands, so these do without printf. */
static void put_number(struct buf *out, double value)
{
	char digits[24], *at = digits + sizeof(digits);
	unsigned long whole;

	if (!(value >= 0 && value < 1e15) || value != (double)(unsigned long)value) {
		buf_printf(out, "%.15g", value);
		return;
	}
	whole = (unsigned long)value;
	do
		*--at = (char)('0' + whole % 10);
	while (whole /= 10);
	buf_put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void openmetrics_sample(struct buf *out, const char *name, const char *suffix,
			const struct openmetrics_label *labels, size_t label_count, double value)
{
	buf_puts(out, "zknginx_");
	buf_puts(out, name);
	buf_puts(out, suffix);
	for (size_t i = 0; i < label_count; i++) {
		buf_putc(out, i ? ',' : '{');
		put_label(out, &labels[i]);
	}
	buf_puts(out, label_count ? "} " : " ");
	put_number(out, value);
	buf_putc(out, '\n');
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

static const char type_line[] = "# TYPE ";

struct span {
	const char *at;
	size_t size;
};

/* Both are in the text. */
struct family {
	struct span name, type;
};

static bool is(const struct span *s, const char *word)
{
	return s->size == strlen(word) && memcmp(s->at, word, s->size) == 0;
}

/* "# TYPE name type" */
static bool read_type(const char *line, struct family *f)
{
	if (strncmp(line, type_line, strlen(type_line)) != 0)
		return false;
	f->name.at = line + strlen(type_line);
	f->name.size = strcspn(f->name.at, " ");
	f->type.at = f->name.at + f->name.size + 1;
	f->type.size = strcspn(f->type.at, "\n");
	return true;
}

/* The rest of a head's line, after the name of the family. */
static void put_head(struct buf *out, const char *line, size_t size, const struct family *f)
{
	size_t before = strlen(type_line) + f->name.size; /* all heads begin with as many bytes */
	bool is_type = strncmp(line, type_line, strlen(type_line)) == 0;

	buf_put(out, line, before);
	for (size_t i = 0; i < ARRAY_SIZE(older_types); i++) {
		if (!is(&f->type, older_types[i].type))
			continue;
		buf_puts(out, older_types[i].suffix);
		if (is_type) {
			buf_printf(out, " %s\n", older_types[i].older);
			return;
		}
	}
	buf_put(out, line + before, size - before);
}

/* The first line from here on that begins with '#'; NULL: there is none. `at` begins a line. */
static const char *next_comment(const char *at)
{
	if (*at == '#')
		return at;
	at = strstr(at, "\n#");
	return at ? at + 1 : NULL;
}

void openmetrics_as_text(const char *text, struct buf *out)
{
	struct family family = { { "", 0 }, { "", 0 } };
	const char *line = next_comment(text);

	while (line) {
		size_t size = strcspn(line, "\n");
		const char *end = line + size + (line[size] == '\n');

		buf_put(out, text, (size_t)(line - text)); /* samples */
		if (read_type(line, &family) || strncmp(line, "# EOF", 5) != 0)
			put_head(out, line, (size_t)(end - line), &family);
		else
			buf_put(out, line, (size_t)(end - line));
		text = end;
		line = next_comment(text);
	}
	buf_puts(out, text);
}
