/* STATE/status.json, and how old it is. */
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/console/age.h"
#include "fleet_json.h"
#include "fleet_text.h"
#include "local_status.h"
#include "sys/disk.h"

/* A daemon that runs writes the file every ten seconds. */
#define FRESH (30 * USEC_PER_SEC)

bool local_status_read(const struct ctl *ctl, struct arena *a, const char *host,
		       struct local_status *out)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	*out = (struct local_status){
		.path = arena_printf(a, "%s/status.json", ctl->settings.state.directory),
	};
	return disk_read_path(out->path, &text, NULL) == 0 &&
	       status_parse(a, buf_str(&text), text.size, &out->report, NULL) == 0 &&
	       (!host || strcmp(host, out->report.host) == 0);
}

bool local_status_is_fresh(const struct local_status *l, uint64_t now)
{
	return now < l->report.updated + FRESH;
}

void local_status_print(const struct local_status *l, const struct screen *screen, uint64_t now)
{
	char age[AGE_SIZE];

	screen_lines(screen, COLOR_WARNING, 0,
		     "The state of the fleet is not known. This is the last status of this host "
		     "alone, written %s ago to %s.",
		     age_print(now, l->report.updated, age), l->path);
	if (!local_status_is_fresh(l, now))
		screen_lines(screen, COLOR_BAD, 0,
			     "zknginxd does not run here: it writes this file every 10 seconds.");
	fputc('\n', screen->out);
	report_print(&l->report, screen, now);
}

json_t *local_status_json(const struct local_status *l, uint64_t now)
{
	json_t *j = json_object();

	json_put_text(j, "source", l->path);
	json_put(j, "connected", json_false());
	json_put(j, "healthy", json_null());
	json_put(j, "quiet", json_null());
	json_put(j, "time", json_time(now));
	json_put(j, "current", json_boolean(local_status_is_fresh(l, now)));
	json_put(j, "report", report_json(&l->report));
	return j;
}
