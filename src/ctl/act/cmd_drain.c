/* drain and undrain: an override takes a server out of the traffic of every host. */
#include <stdlib.h>
#include <string.h>

#include "core/text/address.h"
#include "core/text/json_text.h"
#include "core/text/utc.h"
#include "ctl/commands.h"
#include "ctl/znodes/composed.h"
#include "host/settings_value.h"
#include "hosts_wait.h"
#include "override_edit.h"
#include "sys/timing.h"

#define SERVERS_NAMED 30

struct job {
	struct ctl *ctl;
	const char *result; /* "drained" */
	const char *upstream;
	char server[ADDRESS_SIZE]; /* in the model's spelling; "" = all of them */
	uint64_t until;            /* of a drain; 0: none */
	bool force;
	const struct upstream *model; /* NULL with --force */
	int64_t written;              /* zxid of the override; 0: it was deleted */
	/* The drains that are to be there, or not to be there, on every host. */
	struct drains drains;
};

/* --- which server ---------------------------------------------------------------------------- */

static int take_server(struct job *j, const char *text)
{
	const char *why = address_parse_server(text, j->server);

	return why ? ctl_usage("the server \"%s\" %s", text, why) : CTL_OK;
}

static bool has_server(const struct upstream *u, const char *server)
{
	for (size_t i = 0; i < u->server_count; i++) {
		if (strcmp(u->servers[i].address, server) == 0)
			return true;
	}
	return false;
}

static void say_servers(const struct upstream *u, const char *server)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;

	for (size_t i = 0; i < u->server_count && i < SERVERS_NAMED; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", u->servers[i].address);
	ctl_say("%s has no server %s; it has: %s%s (--force drains one that is not registered "
		"now)",
		u->name, server, u->server_count ? buf_str(&names) : "none",
		u->server_count > SERVERS_NAMED ? ", …" : "");
}

static bool gets_requests(const struct override_edit *o, const struct server *s)
{
	const struct drain *d = override_edit_drain(o, s->address);

	return !s->params.down && (!d || (d->until && d->until <= timing_wall()));
}

/* Would the drain leave the upstream without a server that gets new requests? */
static bool takes_the_last(const struct override_edit *o, const struct job *j)
{
	bool takes_one = false;

	for (size_t i = 0; i < j->model->server_count; i++) {
		const struct server *s = &j->model->servers[i];

		if (!gets_requests(o, s))
			continue;
		if (strcmp(s->address, j->server) != 0)
			return false;
		takes_one = true;
	}
	return takes_one;
}

/* --- the change of the override -------------------------------------------------------------- */

static int change_drain(struct override_edit *o, void *job)
{
	struct job *j = job;

	if (!j->force && takes_the_last(o, j)) {
		ctl_say("%s is the last server of %s that gets requests: every other one is "
			"drained "
			"or down, and nginx would answer with 502; --force drains it all the same",
			j->server, j->upstream);
		return CTL_BAD;
	}
	override_edit_add(o, j->server, j->until);
	return CTL_OK;
}

static int say_not_drained(const struct override_edit *o, const struct job *j)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	const struct drains *d = &o->content.drains;

	for (size_t i = 0; i < d->count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", d->items[i].server);
	if (!d->count)
		ctl_say("no server of %s is drained", j->upstream);
	else
		ctl_say("%s of %s is not drained; drained are: %s", j->server, j->upstream,
			buf_str(&names));
	return CTL_BAD;
}

/* What is undrained is remembered, for the output. */
static int change_undrain(struct override_edit *o, void *job)
{
	struct job *j = job;
	struct drain *one = *j->server ? override_edit_drain(o, j->server) : NULL;
	struct drains *all = &o->content.drains;

	if (!all->count || (*j->server && !one))
		return say_not_drained(o, j);
	j->drains.items = arena_array(o->arena, struct drain, all->count);
	j->drains.count = one ? 1 : all->count;
	memcpy(j->drains.items, one ?: all->items, j->drains.count * sizeof(*all->items));
	if (one)
		override_edit_remove(o, j->server);
	else
		all->count = 0;
	return CTL_OK;
}

/* --- until every host follows ---------------------------------------------------------------- */

static const struct status_drain *reported(const struct status *s, const char *upstream,
					   const char *server)
{
	for (size_t i = 0; i < s->drain_count; i++) {
		if (strcmp(s->drains[i].upstream, upstream) == 0 &&
		    strcmp(s->drains[i].server, server) == 0)
			return &s->drains[i];
	}
	return NULL;
}

/* A report has milliseconds. A long list is shortened there, so it may not name this one. */
static bool shows_drain(void *job, const struct status *s)
{
	const struct job *j = job;
	const struct status_drain *d = reported(s, j->upstream, j->server);

	if (!d)
		return s->drain_total > s->drain_count;
	return d->until / USEC_PER_MSEC == j->until / USEC_PER_MSEC;
}

static bool shows_no_drain(void *job, const struct status *s)
{
	const struct job *j = job;

	for (size_t i = 0; i < j->drains.count; i++) {
		if (reported(s, j->upstream, j->drains.items[i].server))
			return false;
	}
	return s->overrides >= j->written;
}

/* --- output ---------------------------------------------------------------------------------- */

static json_t *servers_json(const struct job *j)
{
	json_t *list = json_array();

	if (!j->drains.count)
		json_array_append_new(list, json_text(j->server));
	for (size_t i = 0; i < j->drains.count; i++)
		json_array_append_new(list, json_text(j->drains.items[i].server));
	return list;
}

static void print_json(const struct job *j, const struct hosts_wait *w)
{
	json_t *object = json_object();

	json_put_text(object, "result", j->result);
	json_put_text(object, "upstream", j->upstream);
	json_put(object, "servers", servers_json(j));
	json_put(object, "until", json_time(j->until));
	json_put(object, "hosts", hosts_json(w));
	ctl_print_json(object);
}

static void print_text(const struct job *j, const struct hosts_wait *w)
{
	const struct screen *s = &j->ctl->screen;
	CLEANUP(buf_fini) struct buf until = BUF_INIT;
	size_t count = j->drains.count ? j->drains.count : 1;

	for (size_t i = 0; i < count; i++) {
		screen_print(s, COLOR_GOOD, "%s", j->result);
		screen_print(s, COLOR_NONE, ": %s of %s",
			     j->drains.count ? j->drains.items[i].server : j->server, j->upstream);
		if (j->until) {
			utc_print(j->until, &until);
			screen_print(s, COLOR_NONE, ", until %s", buf_str(&until));
		}
		if (w->timeout)
			hosts_print(w, s);
		fputc('\n', s->out);
	}
}

static void print_result(void *job, const struct hosts_wait *w)
{
	const struct job *j = job;

	if (j->ctl->json)
		print_json(j, w);
	else
		print_text(j, w);
}

/* --- the commands ---------------------------------------------------------------------------- */

/* Changes the override, and sees that the hosts follow. */
static int run(struct job *j, int (*change)(struct override_edit *o, void *job),
	       bool (*shows)(void *job, const struct status *s), bool waits)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct hosts_follow f = {
		.wait = { .shows = shows, .ctx = j },
		.waits = waits,
		.print = print_result,
		.away = "an nginx that runs there does not follow until its daemon is back",
	};
	int code = override_edit(j->ctl, a, j->upstream, change, j, &j->written);

	return code == CTL_OK ? hosts_follow(j->ctl, &f) : code;
}

/* Does the upstream have the server? */
static int check_server(struct job *j, const struct composed *c)
{
	j->model = composed_upstream(c, j->upstream);
	if (!j->model)
		return CTL_BAD;
	if (has_server(j->model, j->server))
		return CTL_OK;
	say_servers(j->model, j->server);
	return CTL_BAD;
}

/* With --force the override is written as it is asked for. */
static int drain_server(struct job *j, bool waits)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	int code = CTL_OK;
	struct err e;

	if (!j->force)
		code = composed_read(j->ctl, &c, &e) < 0 ? ctl_fail(&e) : check_server(j, c);
	return code == CTL_OK ? run(j, change_drain, shows_drain, waits) : code;
}

static int take_duration(struct job *j, const struct arguments *args)
{
	const char *text = arguments_value(args, "for");
	uint64_t span;

	if (!text)
		return CTL_OK;
	if (!duration_parse(text, &span) || !span)
		return ctl_usage("--for \"%s\": not a time such as 90s, 30m or 2h", text);
	j->until = (timing_wall() + span) / USEC_PER_SEC * USEC_PER_SEC;
	return CTL_OK;
}

static int drain(struct ctl *ctl, const struct arguments *args)
{
	struct job j = { .ctl = ctl,
			 .result = "drained",
			 .upstream = arguments_at(args, 0),
			 .force = arguments_has(args, "force") };
	int code = override_check_name(j.upstream);

	if (code == CTL_OK)
		code = take_server(&j, arguments_at(args, 1));
	if (code == CTL_OK)
		code = take_duration(&j, args);
	return code == CTL_OK ? drain_server(&j, !arguments_has(args, "no-wait")) : code;
}

static int undrain(struct ctl *ctl, const struct arguments *args)
{
	struct job j = { .ctl = ctl, .result = "undrained", .upstream = arguments_at(args, 0) };
	const char *server = arguments_at(args, 1);
	bool all = arguments_has(args, "all");
	int code = override_check_name(j.upstream);

	if (code != CTL_OK)
		return code;
	if (all == (server != NULL))
		return ctl_usage("expected a server or --all");
	code = server ? take_server(&j, server) : CTL_OK;
	if (code != CTL_OK)
		return code;
	return run(&j, change_undrain, shows_no_drain, !arguments_has(args, "no-wait"));
}

static const struct command_option drain_options[] = {
	{ "for", 0, "TIME", WORD_NONE, "end the drain after this time (90s, 30m, 2h)" },
	{ "force", 'f', NULL, WORD_NONE, "drain a server that is not there, or the last one" },
	{ "no-wait", 0, NULL, WORD_NONE, "do not wait until every host follows" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_drain = {
	.name = "drain",
	.synopsis = "UPSTREAM SERVER",
	.summary = "take a server out of the traffic on every host",
	.help = "New requests go to the other servers of the upstream; running ones end. The "
		"server\n"
		"stays drained when it registers again, until \"undrain\" or the end of --for.\n"
		"No rollout delays a drain, and no guard counts it as a loss.\n\n"
		"SERVER is ADDRESS:PORT, or the HOST:PORT of its znode, which drains all "
		"addresses\n"
		"of that host.",
	.example = "  zknginxctl drain shop 10.0.0.1:8080 --for 30m",
	.least = 2,
	.most = 2,
	.words = { WORD_UPSTREAM, WORD_SERVER },
	.options = drain_options,
	.run = drain,
};

static const struct command_option undrain_options[] = {
	{ "all", 'a', NULL, WORD_NONE, "all drained servers of the upstream" },
	{ "no-wait", 0, NULL, WORD_NONE, "do not wait until every host follows" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_undrain = {
	.name = "undrain",
	.synopsis = "UPSTREAM SERVER|--all",
	.summary = "give a drained server new requests again",
	.example = "  zknginxctl undrain shop 10.0.0.1:8080\n  zknginxctl undrain shop --all",
	.least = 1,
	.most = 2,
	.words = { WORD_UPSTREAM, WORD_SERVER },
	.options = undrain_options,
	.run = undrain,
};
