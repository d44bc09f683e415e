/*
 * A master is identified by its pid and its start time. A detached one was forked only after it had
 * read its configuration, which is why it has to be younger than the publication by the time of
 * reading.
 */
#include <unistd.h>

#include <zknginx/log.h>

#include "loaded.h"

static bool is_recorded(const struct loaded *l, const struct master *m, unsigned long generation)
{
	struct applied a;

	return m && stage_applied(l->stage, &a) && a.generation == generation && a.pid == m->pid &&
	       a.start_time == m->start_time;
}

bool loaded_began_with_live(const struct loaded *l, const struct master *m, uint64_t reading)
{
	uint64_t ticks = reading * (uint64_t)sysconf(_SC_CLK_TCK) / USEC_PER_SEC;

	return m && m->start_time > ticks && stage_was_live_before(l->stage, m->start_time - ticks);
}

bool loaded_has_live(const struct loaded *l, const struct master *m, uint64_t reading)
{
	return is_recorded(l, m, stage_live(l->stage)) || loaded_began_with_live(l, m, reading);
}

void loaded_record(struct loaded *l, const struct master *m, unsigned long generation)
{
	struct applied a = { .generation = generation };
	struct err e;

	if (!m)
		return;
	master_workers(m, &l->known);
	if (is_recorded(l, m, generation))
		return;
	a.pid = m->pid;
	a.start_time = m->start_time;
	if (stage_set_applied(l->stage, &a, &e) < 0)
		log_warning(
			"%s; it is not recorded that nginx runs generation %lu, so a restart of "
			"zknginxd reloads nginx once",
			e.text, generation);
}

void loaded_remember_sane_workers(struct loaded *l, const struct master *m, const struct workers *w)
{
	l->sane = *w;
	if (is_recorded(l, m, stage_live(l->stage)))
		l->known = *w;
}

void loaded_doubt(struct loaded *l, const struct master *m)
{
	unsigned long live = stage_live(l->stage);

	if (is_recorded(l, m, live)) {
		l->has_doubted = true;
		l->doubted = live;
	}
	stage_doubt_applied(l->stage);
}

static bool are_among(const struct workers *known, const struct workers *now)
{
	for (size_t i = 0; i < now->serving_count; i++) {
		if (!workers_have(known, now->serving[i]))
			return false;
	}
	return now->serving_count > 0 && !now->starting;
}

bool loaded_has_known_workers(const struct loaded *l, const struct workers *now)
{
	return are_among(&l->known, now);
}

static bool are_sane(const struct loaded *l, const struct master *m)
{
	struct workers now;

	if (!m)
		return false;
	master_workers(m, &now);
	return are_among(&l->sane, &now);
}

void loaded_trust(struct loaded *l, const struct master *m)
{
	unsigned long live = stage_live(l->stage);
	bool had = l->has_doubted && l->doubted == live;

	l->has_doubted = false;
	if (!are_sane(l, m))
		stage_doubt_applied(l->stage);
	else if (had)
		loaded_record(l, m, live);
}
