/* OpenMetrics text. */
#include "openmetrics.h"

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
