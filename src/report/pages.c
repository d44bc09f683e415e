/*
 * Each page is made of the status of now.
 *
 *	/metrics	OpenMetrics where the client asks for it, else Prometheus' text format
 *	/status		the status as JSON; on loopback and a unix socket only, as it quotes znodes
 *	/healthz	200 while the daemon's loop runs
 *	/readyz		200 while this host's nginx is fit to be sent requests, else 503 and why not
 */
#include "pages.h"
#include "core/status/accept.h"
#include "core/status/openmetrics.h"
#include "core/status/state.h"
#include "report.h"

#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PROMETHEUS_TEXT "text/plain; version=0.0.4; charset=utf-8"

static void write_metrics(void *report, const struct http_request *request, struct http_reply *out)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (accepts_openmetrics(request->accept)) {
		out->type = OPENMETRICS;
		report_write_metrics(report, &out->body);
		return;
	}
	out->type = PROMETHEUS_TEXT;
	report_write_metrics(report, &text);
	openmetrics_as_text(buf_str(&text), &out->body);
}

static void write_status(void *report, const struct http_request *request, struct http_reply *out)
{
	if (!request->is_local) {
		out->status = 403;
		buf_puts(&out->body, "the status is shown only if metrics.listen is a loopback "
				     "address or a unix socket\n");
		return;
	}
	out->type = "application/json";
	report_write_status(report, &out->body);
}

static void write_health(void *report UNUSED, const struct http_request *request UNUSED,
			 struct http_reply *out)
{
	buf_puts(&out->body, "ok\n");
}

static void write_readiness(void *report, const struct http_request *request UNUSED,
			    struct http_reply *out)
{
	const char *why = report_not_ready(report);

	out->status = why ? 503 : 200;
	buf_printf(&out->body, "%s\n", why ? why : "ok");
}

const struct http_page report_pages[] = {
	{ "/metrics", write_metrics },
	{ "/status", write_status },
	{ "/healthz", write_health },
	{ "/readyz", write_readiness },
};
const size_t report_page_count = ARRAY_SIZE(report_pages);
