/*
 * The fields of a status: one row a field {name, kind, where, metric}, in the order of the metrics.
 *
 * The JSON writer, the JSON reader and the OpenMetrics writer all walk these rows. A row without a
 * name is a metric only, one without a metric is JSON only. Nothing here knows what a field means.
 */
#ifndef ZKNGINX_CORE_STATUS_FIELDS_H
#define ZKNGINX_CORE_STATUS_FIELDS_H

#include <zknginx/status.h>

enum status_kind {
	STATUS_TEXT,    /* const char *; "" is null */
	STATUS_COUNT,   /* unsigned long */
	STATUS_LINE,    /* unsigned; 0 is null */
	STATUS_PID,     /* long; null unless it is above 0 */
	STATUS_FLAG,    /* bool */
	STATUS_MAYBE,   /* enum status_maybe; unknown is null, and has no metric */
	STATUS_TIME,    /* uint64_t, microseconds since the epoch; 0 is null */
	STATUS_SESSION, /* int64_t, a session or a zxid, written in hex; 0 is null */
	STATUS_MS,      /* double, milliseconds */
	STATUS_NAME,    /* an enum, written as its name */
	STATUS_GROUP,   /* an object, of the rows `inner` */
	STATUS_LIST,    /* an array of such objects */
	STATUS_KIND_N
};

struct status_metric {
	const char *name; /* without "zknginx_"; NULL: the field has no metric of its own */
	const char *type, *unit, *help;
	/* A text's number: 1 when it is this word, or (NULL) when there is any; else 0. */
	const char *word;
	/* The number, where it is not that of the field. */
	double (*value)(const struct status *s);
	/* Writes a whole family, or several: one with labels. */
	void (*write)(const struct status *s, struct buf *out);
};

/* The names of an enum. */
struct status_names {
	const char *(*name)(unsigned value);
	unsigned count;
};

struct status_fields {
	const struct status_field *rows;
	size_t count;
};

struct status_field {
	const char *name; /* its key in JSON; NULL: none */
	enum status_kind kind;
	size_t where;               /* offset; of the rows of a group: from the outermost struct */
	bool omitted;               /* it is left out where it would be null */
	bool required;              /* a status without it is not one; kind NAME only */
	bool counts;                /* it changes all the time, so a change of it is no news */
	bool optional;              /* GROUP: the bool at `where` says whether it is there */
	bool limited;               /* LIST: may be shortened */
	size_t count, size;         /* LIST: offset of the number of elements; size of one */
	struct status_names names;  /* NAME */
	struct status_fields inner; /* GROUP, LIST */
	struct status_metric metric;
};

extern const struct status_fields status_fields;
/* Metrics only: the numbers (number_fields.c). */
extern const struct status_fields number_fields;

#endif
