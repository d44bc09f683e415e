/* Sorts the entries of all reports, and joins equal neighbours. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/alerts.h>

#include "fleet_problems.h"

static bool is_reporting(const struct fleet_host *h)
{
	return h->member && h->report;
}

size_t fleet_reporters(const struct fleet_view *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += is_reporting(&v->hosts[i]);
	return count;
}

size_t fleet_problems_omitted(const struct fleet_host *h)
{
	const struct status *s = h->report;

	return s && s->problem_total > s->problem_count ? s->problem_total - s->problem_count : 0;
}

/* --- problems ------------------------------------------------------------------------------- */

struct sighting {
	const struct status_problem *problem;
	const char *host;
};

static int by_problem(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;
	int order = problem_compare(&x->problem->problem, &y->problem->problem);

	return order ? order : strcmp(x->host, y->host);
}

static size_t collect_problems(struct arena *a, const struct fleet_view *v, struct sighting **out)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += is_reporting(&v->hosts[i]) ? v->hosts[i].report->problem_count : 0;
	*out = arena_array(a, struct sighting, count + 1);
	count = 0;
	for (size_t i = 0; i < v->host_count; i++) {
		const struct fleet_host *h = &v->hosts[i];

		for (size_t k = 0; is_reporting(h) && k < h->report->problem_count; k++)
			(*out)[count++] = (struct sighting){ &h->report->problems[k], h->name };
	}
	return count;
}

static void join_problem(struct fleet_problem *p, const struct sighting *s)
{
	uint64_t since = s->problem->since;

	if (since && (!p->since || since < p->since))
		p->since = since;
	p->hosts[p->host_count++] = s->host;
	p->previous += s->problem->problem.serving == SERVING_PREVIOUS;
}

size_t fleet_problems_fold(struct arena *a, const struct fleet_view *v, struct fleet_problem **out)
{
	struct sighting *all;
	size_t count = collect_problems(a, v, &all), kept = 0;
	const char **hosts = arena_array(a, const char *, count + 1);
	struct fleet_problem *folded = arena_array(a, struct fleet_problem, count + 1);

	qsort(all, count, sizeof(*all), by_problem);
	for (size_t i = 0; i < count; i++) {
		const struct problem *p = &all[i].problem->problem;

		if (!kept || problem_compare(&folded[kept - 1].problem, p) != 0)
			folded[kept++] =
				(struct fleet_problem){ .problem = *p, .hosts = hosts + i };
		join_problem(&folded[kept - 1], &all[i]);
	}
	*out = folded;
	return kept;
}

/* --- alerts --------------------------------------------------------------------------------- */

struct raised {
	const struct status_alert *alert;
	const char *host;
};

static bool is_critical(const struct status_alert *a)
{
	return strcmp(a->severity, alert_severity_name(ALERT_CRITICAL)) == 0;
}

static int compare_alerts(const struct status_alert *x, const struct status_alert *y)
{
	int order = (int)is_critical(y) - (int)is_critical(x);

	if (!order)
		order = strcmp(x->key, y->key);
	return order ? order : strcmp(x->subject, y->subject);
}

static int by_alert(const void *a, const void *b)
{
	const struct raised *x = a, *y = b;
	int order = compare_alerts(x->alert, y->alert);

	return order ? order : strcmp(x->host, y->host);
}

static size_t collect_alerts(struct arena *a, const struct fleet_view *v, struct raised **out)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += is_reporting(&v->hosts[i]) ? v->hosts[i].report->alert_count : 0;
	*out = arena_array(a, struct raised, count + 1);
	count = 0;
	for (size_t i = 0; i < v->host_count; i++) {
		const struct fleet_host *h = &v->hosts[i];

		for (size_t k = 0; is_reporting(h) && k < h->report->alert_count; k++)
			(*out)[count++] = (struct raised){ &h->report->alerts[k], h->name };
	}
	return count;
}

size_t fleet_alerts_fold(struct arena *a, const struct fleet_view *v, struct fleet_alert **out)
{
	struct raised *all;
	size_t count = collect_alerts(a, v, &all), kept = 0;
	const char **hosts = arena_array(a, const char *, count + 1);
	struct fleet_alert *folded = arena_array(a, struct fleet_alert, count + 1);

	qsort(all, count, sizeof(*all), by_alert);
	for (size_t i = 0; i < count; i++) {
		struct fleet_alert *last;

		if (!kept || compare_alerts(&folded[kept - 1].alert, all[i].alert) != 0)
			folded[kept++] =
				(struct fleet_alert){ .alert = *all[i].alert, .hosts = hosts + i };
		last = &folded[kept - 1];
		last->hosts[last->host_count++] = all[i].host;
	}
	*out = folded;
	return kept;
}
