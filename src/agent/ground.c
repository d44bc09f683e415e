/* What is known of the ground. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "ground.h"
#include "sys/timing.h"

#define PAUSE_MIN USEC_PER_SEC
#define PAUSE_MAX (30 * USEC_PER_SEC)

void ground_fail(struct ground *g, char *message)
{
	if (!g->message || strcmp(g->message, message) != 0) {
		log_error("nginx -t refuses the configuration that nginx runs: %s; nginx keeps "
			  "serving it, but no change can be deployed",
			  message);
		g->traced = false;
		g->pause = PAUSE_MIN;
	} else {
		g->pause = 2 * g->pause < PAUSE_MAX ? 2 * g->pause : PAUSE_MAX;
	}
	free(g->message);
	g->message = message;
	g->due = timing_now() + g->pause;
}

void ground_pass(struct ground *g)
{
	if (!g->message)
		return;
	log_notice("nginx -t passes again for the configuration that nginx runs");
	free(TAKE(g->message));
	g->traced = false;
}

void ground_fini(struct ground *g)
{
	free(TAKE(g->message));
}
