/* The metrics of a status that have labels: one function a family, for the tables of fields. */
#ifndef ZKNGINX_CORE_FAMILIES_H
#define ZKNGINX_CORE_FAMILIES_H

#include <zknginx/status.h>

typedef void family_fn(const struct status *s, struct buf *out);

/* families.c: of the fields that status.json has as well */
family_fn family_build, family_state, family_revision, family_problems, family_drains,
	family_checked, family_checks, family_updates, family_alerts, family_deployments,
	family_steps, family_phase, family_session;

/* number_families.c: of the numbers */
family_fn family_results, family_step_durations, family_deployment_durations, family_changes,
	family_upstreams, family_servers, family_tests, family_memory, family_connections,
	family_pings;

#endif
