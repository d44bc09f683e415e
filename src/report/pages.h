/* What is answered on metrics.listen: /metrics, /status, /healthz and /readyz. */
#ifndef ZKNGINX_REPORT_PAGES_H
#define ZKNGINX_REPORT_PAGES_H

#include "host/http.h"

/* Their argument is the report. */
extern const struct http_page report_pages[];
extern const size_t report_page_count;

#endif
