/*
 * The probe's part in a deployment: after the kernel shows that a reload was taken, nginx is asked
 * over loopback which generation it runs, until it answers with the marker of the new one.
 *
 * For the first 100 ms the old workers still accept, so another marker means nothing before the
 * deadline of the verification. What it means then:
 *
 *	another marker	nginx runs something else than what is live: the outcome is unknown, the
 *			new generation does not count as applied, and the next run signals again
 *	no answer	nginx is overloaded, or its workers hang. The outcome is unknown, but the
 *			kernel's evidence counts: the generation is applied. Going back would be one
 *			more reload on top, and would blame znodes
 *
 * A port that another process has is not such a case: nginx refuses the reload then.
 */
#ifndef ZKNGINX_NGINX_CONFIRM_H
#define ZKNGINX_NGINX_CONFIRM_H

#include "instance.h"
#include "probe.h"

struct confirm {
	sd_event *loop;                  /* borrowed */
	const struct instance *instance; /* … whose workers are asked */
	struct probe_workers workers;
	struct probe *probe;
	char *address;      /* nginx.probe that it was made for; NULL: not looked at yet */
	const char *marker; /* borrowed: the wanted one */
	bool asking;        /* a question is under way */
	bool agreed;        /* nginx has answered with the marker */
	bool disagreed;     /* its last answer was another marker */
	uint64_t ask_at;
	char answer[512]; /* why it does not agree: a sentence; "" = not asked yet */
};

void confirm_init(struct confirm *c, sd_event *loop, const struct instance *instance);
void confirm_fini(struct confirm *c);
/* The probe that the setting wants ("" or NULL: none); not while a question may be under way. True:
 * a new one was made. */
bool confirm_configure(struct confirm *c, const char *address);

/* Before a verification, and after it. */
void confirm_forget(struct confirm *c);
/* Does nginx answer with this marker (valid until confirm_forget())? True also without a probe or a
 * marker. To be called again and again. */
bool confirm_agrees(struct confirm *c, const char *marker);

#endif
