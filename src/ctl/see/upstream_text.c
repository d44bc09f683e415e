/* An upstream for people: its servers, each with where it comes from, and what was refused. */
#include <string.h>

#include "core/text/utc.h"
#include "ctl/console/table.h"
#include "fleet_text.h"
#include "upstream_view.h"

#define FOREIGN_SHOWN 3

static const char *parameters(struct arena *a, const struct server *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, "max_fails=%ld fail_timeout=%s", s->params.max_fails,
		   s->params.fail_timeout ?: "10s");
	if (s->params.max_conns > 0)
		buf_printf(&text, " max_conns=%ld", s->params.max_conns);
	if (s->params.backup)
		buf_puts(&text, " backup");
	if (s->tls)
		buf_puts(&text, " tls");
	return arena_strdup(a, buf_str(&text));
}

static const char *from(struct arena *a, const struct server *s)
{
	const char *kind = s->discover ? discover_format(s->discover) : "znode";

	return arena_printf(a, "%s %s%s%s", kind, s->source->path,
			    !s->discover && s->source->owner ? " (ephemeral)" : "",
			    s->name ? arena_printf(a, " as %s", s->name) : "");
}

/* "until TIME", "" */
static const char *until(struct arena *a, const struct drain *d)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (!d->until)
		return "";
	utc_print(d->until, &text);
	return arena_printf(a, " until %s", buf_str(&text));
}

/* Of the host where it has the smallest part of its weight; NULL: it starts slowly on none. */
static const struct status_ramp *ramp_of(const struct composed *c, const struct upstream *u,
					 const char *server)
{
	const struct status_ramp *least = NULL;

	for (size_t i = 0; i < c->view.host_count; i++) {
		const struct status_ramp *r = upstream_ramp(&c->view.hosts[i], u, server);

		if (r && (!least || upstream_ramp_percent(r) < upstream_ramp_percent(least)))
			least = r;
	}
	return least;
}

/* "3", "0.72 of 3" */
static const char *weight(struct arena *a, const struct server *s, const struct status_ramp *r)
{
	return r ? arena_printf(a, "%.2f of %ld",
				(double)s->params.weight * upstream_ramp_percent(r) / 100,
				s->params.weight)
		 : arena_printf(a, "%ld", s->params.weight);
}

static void add_server(const struct composed *c, const struct upstream *u, struct table *t,
		       const struct server *s)
{
	const struct status_ramp *ramp = ramp_of(c, u, s->address);
	const char *state = s->drained                              ? "drained"
			    : s->params.down                        ? "down"
			    : upstream_failing_on(c, u, s->address) ? "failing"
			    : ramp                                  ? "starting"
								    : "up";

	table_add(t, COLOR_NONE, "%s", s->address);
	table_add(t, strcmp(state, "up") == 0 ? COLOR_GOOD : COLOR_WARNING, "%s", state);
	table_add(t, COLOR_NONE, "%s", weight(c->arena, s, ramp));
	table_add(t, COLOR_NONE, "%s", parameters(c->arena, s));
	table_add(t, COLOR_NONE, "%s", from(c->arena, s));
}

static void print_servers(const struct composed *c, const struct screen *screen,
			  const struct upstream *u)
{
	static const char *const titles[] = { "SERVER", "STATE", ">WEIGHT", "PARAMETERS", "FROM" };
	static const unsigned char spare[] = { 0, 0, 2, 3, 1 };
	CLEANUP(table_fini) struct table t;

	fputc('\n', screen->out);
	if (!u->server_count)
		screen_lines(
			screen, COLOR_BAD, 0,
			"There is no server in ZooKeeper: nginx answers with 502, or the guard "
			"holds the last ones.");
	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < u->server_count; i++)
		add_server(c, u, &t, &u->servers[i]);
	table_print(&t, screen);
}

/* How many hosts have found as many servers there. */
static void print_discover(const struct composed *c, const struct screen *screen,
			   const struct upstream *u, const struct discover *d)
{
	size_t same = 0, other = 0;

	for (size_t i = 0; i < c->view.host_count; i++) {
		const struct fleet_host *h = &c->view.hosts[i];

		for (size_t k = 0; h->member && h->report && k < h->report->discovery_count; k++) {
			const struct status_discovery *r = &h->report->discovery[k];

			if (strcmp(r->upstream, u->name) != 0 || strcmp(r->path, d->path) != 0)
				continue;
			same += r->servers == upstream_found_by(u, d);
			other += r->servers != upstream_found_by(u, d);
		}
	}
	screen_lines(screen, other ? COLOR_WARNING : COLOR_NONE, 0,
		     "discovers %zu server%s at %s (%s); %zu host%s the same number, %zu another",
		     upstream_found_by(u, d), PLURAL(upstream_found_by(u, d)), d->path,
		     discover_format(d), same, same == 1 ? " reports" : "s report", other);
}

/* The registrations that give no server, and what else is among them. */
static void print_left_out(const struct screen *screen, const struct discover *d)
{
	if (d->left_out_why)
		screen_lines(screen, COLOR_WARNING, 0, "left out at %s: %zu registration%s: %s",
			     d->path, d->left_out, PLURAL(d->left_out), d->left_out_why);
	for (size_t i = 0; i < d->foreign_count && i < FOREIGN_SHOWN; i++)
		screen_lines(screen, COLOR_NONE, 0, "no registration at %s, and ignored: %s%s",
			     d->path, d->foreign[i],
			     i + 1 == FOREIGN_SHOWN && d->foreign_count > FOREIGN_SHOWN
				     ? ", and others"
				     : "");
}

static void print_drains(const struct composed *c, const struct screen *screen,
			 const struct upstream *u)
{
	const struct drains *d = &c->model->drains;

	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->items[i].upstream, u->name) == 0)
			screen_lines(screen, COLOR_WARNING, 0, "drained: %s%s%s",
				     d->items[i].server, until(c->arena, &d->items[i]),
				     d->items[i].servers ? ""
							 : " (it is not among the servers now)");
	}
}

/* One host's checks: how many servers pass, and what each failing one does. */
static void print_host_checks(const struct screen *screen, const struct upstream *u,
			      const struct fleet_host *h)
{
	size_t passing = 0, failing = 0;

	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];
		const struct status_check *check = upstream_check(h, u, s->address);
		CLEANUP(buf_fini) struct buf since = BUF_INIT;

		passing += check && strcmp(check->state, "passing") == 0;
		if (!check || strcmp(check->state, "failing") != 0)
			continue;
		failing++;
		utc_print(check->since, &since);
		screen_lines(screen, COLOR_WARNING, 0, "check on %s: %s %s, failing since %s%s",
			     h->name, s->address, check->found, buf_str(&since),
			     check->down ? "; nginx does not use it" : "; nginx still uses it");
	}
	if (passing || failing)
		screen_lines(screen, COLOR_NONE, 0, "checks on %s: %zu pass%s, %zu fail%s", h->name,
			     passing, passing == 1 ? "es" : "", failing, failing == 1 ? "s" : "");
}

/* Where slow_start has no effect, and where servers start slowly now. */
static void print_slow_start(const struct screen *screen, const struct upstream *u,
			     const struct fleet_host *h)
{
	const char *state = upstream_slow_start(h, u);

	if (state && strcmp(state, "on") != 0)
		screen_lines(screen, COLOR_WARNING, 0, "slow_start %s on %s: %s", u->slow_start,
			     h->name, state);
	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];
		const struct status_ramp *r = upstream_ramp(h, u, s->address);
		CLEANUP(buf_fini) struct buf end = BUF_INIT;

		if (!r)
			continue;
		utc_print(r->until, &end);
		screen_lines(screen, COLOR_NONE, 0,
			     "slow_start %s on %s: %s has %u %% of its weight %ld, the whole at %s",
			     u->slow_start, h->name, s->address, upstream_ramp_percent(r),
			     s->params.weight, buf_str(&end));
	}
}

static void print_checks(const struct composed *c, const struct screen *screen,
			 const struct upstream *u)
{
	for (size_t i = 0; u->check && i < c->view.host_count; i++)
		print_host_checks(screen, u, &c->view.hosts[i]);
	for (size_t i = 0; u->slow_start && i < c->view.host_count; i++)
		print_slow_start(screen, u, &c->view.hosts[i]);
}

static void print_guard(const struct composed *c, const struct screen *screen,
			const struct upstream *u)
{
	const struct fleet_problem *p = upstream_guard(c, u);

	if (p)
		screen_lines(
			screen, COLOR_WARNING, 0,
			"The guard holds servers %s: they are not in the table, which shows "
			"ZooKeeper. To release them: zknginxctl confirm %s",
			hosts_words(c->arena, p->hosts, p->host_count, fleet_reporters(&c->view)),
			u->name);
}

static const char *zone_text(struct arena *a, const struct upstream *u)
{
	return u->zone        ? u->zone
	       : u->zone_size ? arena_printf(a, "%zuk", u->zone_size >> 10)
			      : "none";
}

static void print_head(const struct composed *c, const struct screen *screen,
		       const struct upstream *u)
{
	screen_lines(screen, COLOR_STRONG, 0, "Upstream %s (%s)", u->name, u->source.path);
	screen_lines(screen, COLOR_NONE, 0,
		     "%s, balance %s, keepalive %ld, zone %s, min_servers %ld, on_empty %s%s",
		     upstream_protocol(u->protocol), u->balance ?: "round robin",
		     u->keepalive == UNSET ? 0 : u->keepalive, zone_text(c->arena, u),
		     u->min_servers, u->on_empty == ON_EMPTY_KEEP ? "keep" : "unavailable",
		     u->tls ? ", tls" : "");
}

void upstream_print(const struct composed *c, const struct screen *screen, const char *path,
		    const struct upstream *u)
{
	struct object_problem *problems;
	size_t count = upstream_problems(c, path, u, &problems);

	if (u) {
		print_head(c, screen, u);
		for (size_t i = 0; i < u->discover_count; i++) {
			print_discover(c, screen, u, &u->discovers[i]);
			print_left_out(screen, &u->discovers[i]);
		}
		print_drains(c, screen, u);
		print_checks(c, screen, u);
		print_guard(c, screen, u);
		print_servers(c, screen, u);
	} else {
		screen_lines(screen, COLOR_BAD, 0, "%s cannot be used.", path);
	}
	object_problems_print(c, screen, problems, count);
}
