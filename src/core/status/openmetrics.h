/*
 * OpenMetrics text: families and their samples. All names get the prefix "zknginx_". The samples of
 * a family follow its head at once, as the format demands.
 */
#ifndef ZKNGINX_CORE_OPENMETRICS_H
#define ZKNGINX_CORE_OPENMETRICS_H

#include <zknginx/buf.h>
#include <zknginx/numbers.h>

/* TYPE, UNIT (NULL: none) and HELP. */
void openmetrics_head(struct buf *out, const char *name, const char *type, const char *unit,
		      const char *help);

struct openmetrics_label {
	const char *name, *value;
};
/* One sample; `suffix` is "" or what the type demands ("_total", "_info"). */
void openmetrics_sample(struct buf *out, const char *name, const char *suffix,
			const struct openmetrics_label *labels, size_t label_count, double value);
/* The samples of a histogram; three labels at most. */
void openmetrics_histogram(struct buf *out, const char *name,
			   const struct openmetrics_label *labels, size_t label_count,
			   const struct histogram *h);

/* The same in Prometheus' text format 0.0.4, of what the functions above have written. Its comments
 * keep the units. */
void openmetrics_as_text(const char *text, struct buf *out);

#endif
