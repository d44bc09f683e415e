/* One question at a time, and the next one 10 ms after its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "confirm.h"
#include "sys/timing.h"

#define PERIOD (2 * USEC_PER_SEC)
#define AGAIN (10 * USEC_PER_MSEC)

static size_t users_of_workers(void *ctx, uid_t *out, size_t room)
{
	const struct confirm *c = ctx;
	const struct master *m = instance_master(c->instance);
	struct workers w;

	if (!m)
		return 0;
	master_workers(m, &w);
	return workers_users(&w, out, room);
}

void confirm_init(struct confirm *c, sd_event *loop, const struct instance *instance)
{
	*c = (struct confirm){ .loop = loop, .instance = instance };
	c->workers = (struct probe_workers){ users_of_workers, c };
}

void confirm_fini(struct confirm *c)
{
	probe_free(TAKE(c->probe));
	free(TAKE(c->address));
}

bool confirm_configure(struct confirm *c, const char *address)
{
	struct err e;

	address = address ?: "";
	if (c->address && strcmp(c->address, address) == 0)
		return false;
	confirm_fini(c);
	c->address = xstrdup(address);
	if (!*address)
		return false;
	if (probe_new(c->loop, address, PERIOD, &c->workers, &c->probe, &e) == 0)
		return true;
	log_error("there is no probe: %s", e.text);
	return false;
}

void confirm_forget(struct confirm *c)
{
	if (c->probe)
		probe_cancel(c->probe);
	c->asking = c->agreed = c->disagreed = false;
	c->marker = NULL;
	c->ask_at = 0;
	c->answer[0] = '\0';
}

static void on_generation(void *ctx, bool ok, const char *text)
{
	struct confirm *c = ctx;

	c->asking = false;
	c->ask_at = timing_now() + AGAIN;
	c->agreed = ok && strcmp(text, c->marker) == 0;
	c->disagreed = ok && !c->agreed;
	if (c->disagreed)
		snprintf(c->answer, sizeof(c->answer),
			 "its probe answers with generation marker %.32s in place of %s", text,
			 c->marker);
	else
		snprintf(c->answer, sizeof(c->answer), "%s", text);
}

bool confirm_agrees(struct confirm *c, const char *marker)
{
	if (!c->probe || !*marker || c->agreed)
		return true;
	if (!c->asking && timing_now() >= c->ask_at) {
		c->asking = true;
		c->marker = marker;
		if (!*c->answer)
			snprintf(c->answer, sizeof(c->answer), "its probe has not answered");
		probe_generation(c->probe, on_generation, c);
	}
	return false;
}
