/*
 * Trust: while a live file bears somebody else's bytes, or nginx.conf does not include ours,
 * any reload by anybody takes nginx away from the live generation. So the record that it
 * runs it is withdrawn at once (for a restart of ours, too), and given back when all is
 * well again and the workers still are those from before: then nobody has reloaded, and
 * neither need we.
 */
#include "deploy_parts.h"

void deploy_is_sane(struct deploy *d, const struct workers *w)
{
	d->sane = *w;
}

void deploy_doubt(struct deploy *d)
{
	unsigned long live = stage_live(d->stage);

	if (deploy_is_applied(d, live)) {
		d->has_doubted = true;
		d->doubted = live;
	}
	stage_doubt_applied(d->stage);
}

static bool are_the_same(const struct deploy *d)
{
	struct workers now;

	if (!deploy_may_signal(d))
		return false;
	master_workers(&d->master, &now);
	for (size_t i = 0; i < now.serving_count; i++) {
		if (!workers_have(&d->sane, now.serving[i]))
			return false;
	}
	return now.serving_count > 0 && !now.starting;
}

void deploy_trust(struct deploy *d)
{
	unsigned long live = stage_live(d->stage);
	bool had = d->has_doubted && d->doubted == live;

	if (d->lost || deploy_drifted(d))
		return; /* not before all is well */
	d->has_doubted = false;
	if (!are_the_same(d))
		stage_doubt_applied(d->stage);
	else if (had)
		deploy_note_applied(d, live);
}
