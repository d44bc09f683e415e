/* See agent_checks.h. */
#include "agent_checks.h"
#include "sys/timing.h"

#define ALERTS_MOST 10 /* upstreams with an alert of their own */

/* --- the status ------------------------------------------------------------------------------- */

static bool is_down(const struct model *good, const struct check_target *t)
{
	const struct upstream *u = model_upstream(good, t->group->upstream);
	const struct server *s = u ? upstream_server(u, t->address) : NULL;

	return s && s->failing;
}

static struct status_check check_of(const struct model *good, const struct check_target *t,
				    struct arena *scratch)
{
	char found[CHECK_TEXT_SIZE];

	check_result_text(&t->last, found);
	return (struct status_check){
		.upstream = arena_strdup(scratch, t->group->upstream),
		.server = arena_strdup(scratch, t->address),
		.state = check_state_name(t->state),
		.since = timing_to_wall(t->since),
		.down = is_down(good, t),
		.found = arena_strdup(scratch, found),
	};
}

static void count_targets(const struct check_group *g, struct status *s)
{
	for (size_t i = 0; i < g->count; i++) {
		s->checker.passing += g->targets[i]->state == CHECK_PASSING;
		s->checker.failing += g->targets[i]->state == CHECK_FAILING;
		s->checker.unknown += g->targets[i]->state == CHECK_UNKNOWN;
	}
	s->check_total += g->count;
	s->checker.panics += check_group_panics(g);
}

/* Those that fail, or those that do not. */
static size_t list_targets(const struct check_group *g, bool failing, const struct model *good,
			   struct status_check *list, size_t room, struct arena *scratch)
{
	size_t count = 0;

	for (size_t i = 0; i < g->count && count < room; i++) {
		if ((g->targets[i]->state == CHECK_FAILING) == failing)
			list[count++] = check_of(good, g->targets[i], scratch);
	}
	return count;
}

static void fill_list(struct check_group *const *groups, size_t count, const struct model *good,
		      struct status *s, struct arena *scratch)
{
	size_t most = s->check_total < STATUS_PROBLEMS_MOST ? s->check_total : STATUS_PROBLEMS_MOST;
	struct status_check *list = arena_array(scratch, struct status_check, most);
	size_t n = 0;

	for (size_t i = 0; i < 2 * count && n < most; i++)
		n += list_targets(groups[i % count], i < count, good, list + n, most - n, scratch);
	s->checks = list;
	s->check_count = n;
}

void agent_checks_fill(const struct checker *c, const struct model *good, struct status *s,
		       struct arena *scratch)
{
	struct checker_counts counts = checker_counts(c);
	size_t count;
	struct check_group *const *groups = checks_groups(checker_checks(c), &count);

	for (size_t i = 0; i < count; i++)
		count_targets(groups[i], s);
	s->checker.on = count > 0;
	s->checker.good = counts.good;
	s->checker.bad = counts.bad;
	s->checker.late = counts.late;
	s->checker.sockets = counts.sockets;
	if (count)
		fill_list(groups, count, good, s, scratch);
}

/* --- alerts ----------------------------------------------------------------------------------- */

static void add_panic(const struct check_group *g, struct conditions *out)
{
	size_t servers, failing = check_group_failing(g, &servers);

	conditions_add(out, "upstream-checks-panic", g->upstream, ALERT_CRITICAL, 1,
		       "%zu of %zu servers of the upstream \"%s\" fail their checks on this host, "
		       "more than check.panic (%ld %%): none is taken out, and nginx keeps using "
		       "all of them; the check, or the network of this host, may be what is wrong",
		       failing, servers, g->upstream, g->rule.panic);
}

void agent_checks_conditions(const struct checker *c, struct conditions *out)
{
	size_t count, panics = 0;
	struct check_group *const *groups = checks_groups(checker_checks(c), &count);

	for (size_t i = 0; i < count; i++)
		panics += check_group_panics(groups[i]);
	for (size_t i = 0; i < count && panics <= ALERTS_MOST; i++) {
		if (check_group_panics(groups[i]))
			add_panic(groups[i], out);
	}
	if (panics > ALERTS_MOST)
		conditions_add(out, "upstream-checks-panic", "", ALERT_CRITICAL, 1,
			       "in %zu upstreams more servers than check.panic fail their checks "
			       "on this host: none of these is taken out; the network of this host "
			       "may be what is wrong",
			       panics);
}
