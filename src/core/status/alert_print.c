/* An alert as JSON, for alerts.command. */
#include <zknginx/alerts.h>

#include "core/text/json_text.h"

void alert_print(const struct alert *a, const struct alert_stamp *stamp, struct buf *out)
{
	json_t *j = json_object();

	json_put_text(j, "event", alert_event_name(a->event));
	json_put_text(j, "key", a->key);
	json_put_text(j, "subject", a->subject);
	json_put_text(j, "severity", alert_severity_name(a->severity));
	json_put_text(j, "message", a->message);
	json_put_text(j, "since", stamp->since);
	json_put_text(j, "time", stamp->time);
	json_put_text(j, "host", stamp->host);
	json_put_number(j, "flaps", a->flaps);
	json_print(j, JSON_COMPACT, out);
}
