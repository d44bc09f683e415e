/*
 * The probe's part in a deployment: after the kernel's word that a reload was taken, nginx
 * is asked over loopback what it runs, until it answers with the marker of the new bundle.
 * For the first 100 ms the old workers still accept, so that another marker means nothing
 * before the deadline of the whole verification.
 *
 * What it means at the deadline. It is no reason to go back: the master has taken the
 * files that nginx -t had passed, and its new workers live. A port that another process
 * has is no such case, for nginx refuses the reload then.
 *
 *	another marker	nginx runs something else than what is live, whatever the kernel
 *			saw: the outcome is unknown, and not believed to be applied, so
 *			that the next run signals again
 *	no answer	nginx is overloaded, or its workers hang: going back would be one
 *			more reload on top of it, and would put the blame on znodes. The
 *			outcome is unknown, but nothing is signalled again for it: the
 *			kernel's word stands. Whoever judges the revision sees that the
 *			probe does not answer, and is slow to call it good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy_parts.h"

#define PERIOD (2 * USEC_PER_SEC)
#define AGAIN (10 * USEC_PER_MSEC)

static const char *wanted(const struct deploy *d)
{
	return d->nginx->probe ?: "";
}

void deploy_probe_free(struct deploy *d)
{
	probe_free(TAKE(d->probe));
	free(TAKE(d->probe_address));
}

static void warn_of_missing_status(const struct deploy *d)
{
	struct render_options options;

	sandbox_render_options(d->sandbox, &options);
	if (options.probe_lacks_status)
		log_warning("nginx.probe: %s is built without stub_status, so it cannot be asked "
			    "for its requests",
			    d->nginx->binary);
}

void deploy_probe_configure(struct deploy *d)
{
	struct err e;

	if (d->probe_address && strcmp(d->probe_address, wanted(d)) == 0)
		return;
	deploy_probe_free(d);
	d->probe_address = xstrdup(wanted(d));
	if (!*d->probe_address)
		return;
	if (probe_new(d->loop, d->probe_address, PERIOD, &d->probe, &e) < 0)
		log_error("there is no probe: %s", e.text);
	else
		warn_of_missing_status(d);
}

void deploy_probe_forget(struct deploy *d)
{
	if (d->probe)
		probe_cancel(d->probe);
	d->verify.asking = d->verify.agreed = d->verify.disagreed = false;
	d->verify.ask_at = 0;
	d->verify.said[0] = '\0';
}

static void on_generation(void *ctx, bool ok, const char *text)
{
	struct deploy *d = ctx;
	struct verify *v = &d->verify;
	const char *marker = d->flight.bundle->marker;

	v->asking = false;
	v->ask_at = timing_now() + AGAIN;
	v->agreed = ok && strcmp(text, marker) == 0;
	v->disagreed = ok && !v->agreed;
	if (v->disagreed)
		snprintf(v->said, sizeof(v->said),
			 "its probe answers with generation marker %.32s in place of %s", text,
			 marker);
	else
		snprintf(v->said, sizeof(v->said), "%s", text);
}

bool deploy_probe_agrees(struct deploy *d)
{
	struct verify *v = &d->verify;

	if (!d->probe || d->state != RELOAD_VERIFYING || !*d->flight.bundle->marker || v->agreed)
		return true;
	if (!v->asking && timing_now() >= v->ask_at) {
		v->asking = true;
		if (!*v->said)
			snprintf(v->said, sizeof(v->said), "its probe has not answered");
		probe_generation(d->probe, on_generation, d);
	}
	return false;
}
