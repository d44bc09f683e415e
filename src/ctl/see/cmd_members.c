/* members: what each host says of itself; problems: what the fleet reports of the znodes. */
#include <string.h>

#include "core/text/json_text.h"
#include "core/text/utc.h"
#include "ctl/commands.h"
#include "ctl/console/age.h"
#include "ctl/console/table.h"
#include "fleet_json.h"
#include "fleet_text.h"

/* --- members -------------------------------------------------------------------------------- */

static enum color verdict_color(const struct member *m)
{
	return m->gate.verdict == VERDICT_BAD    ? COLOR_BAD
	       : m->gate.verdict == VERDICT_GOOD ? COLOR_GOOD
						 : COLOR_NONE;
}

static void add_row(const struct snapshot *s, struct table *t, const struct member *m)
{
	char age[AGE_SIZE];

	table_add(t, COLOR_NONE, "%s", m->host);
	table_add(t, COLOR_NONE, "%s", *m->address ? m->address : "-");
	table_add(t, state_color(m->state), "%s", *m->state ? m->state : "-");
	table_add(t, COLOR_NONE, "%s", age_print(s->wall, utc_parse(m->since), age));
	table_add(t, COLOR_NONE, "%s", *m->version ? m->version : "-");
	table_add(t, COLOR_NONE, "%.*s", SHORT_REVISION, *m->revision ? m->revision : "-");
	table_add(t, COLOR_NONE, "%.*s", SHORT_REVISION, *m->seen ? m->seen : "-");
	table_add(t, *m->gate.revision ? verdict_color(m) : COLOR_NONE, "%s",
		  *m->gate.revision ? verdict_name(m->gate.verdict) : "-");
	table_add(t, COLOR_NONE, "%s", snapshot_role(s, fleet_view_host(&s->view, m->host)));
	table_add(t, COLOR_NONE, "%s", *m->mode ? m->mode : "-");
}

static void print_bad(const struct screen *screen, const struct member *m)
{
	if (*m->gate.revision && m->gate.verdict == VERDICT_BAD)
		screen_lines(screen, COLOR_BAD, 0, "%s: revision %.*s is bad: %s%s%s", m->host,
			     SHORT_REVISION, m->gate.revision, m->gate.znode,
			     *m->gate.znode ? ": " : "", m->gate.message);
}

static void print_members(const struct snapshot *s, const struct screen *screen)
{
	static const char *const titles[] = { "HOST",     "ADDRESS", "STATE",   ">SINCE", "VERSION",
					      "REVISION", "SEEN",    "VERDICT", "ROLE",   "MODE" };
	static const unsigned char spare[] = { 0, 4, 0, 5, 7, 0, 6, 1, 2, 3 };
	CLEANUP(table_fini) struct table t;

	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < s->view.member_count; i++)
		add_row(s, &t, &s->view.members[i]);
	table_print(&t, screen);
	for (size_t i = 0; i < s->view.member_count; i++)
		print_bad(screen, &s->view.members[i]);
}

static void say_unreadable(const struct snapshot *s)
{
	for (size_t i = 0; i < s->unreadable.count; i++)
		ctl_say("%s: %s", s->unreadable.items[i].znode, s->unreadable.items[i].message);
}

static void say_missing(const struct snapshot *s)
{
	for (size_t i = 0; i < s->view.host_count; i++) {
		if (!s->view.hosts[i].member)
			ctl_say("%s is not in the fleet: nothing is known of it now",
				s->view.hosts[i].name);
	}
}

static int members(struct ctl *ctl, const struct arguments *args UNUSED)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct err e;

	if (snapshot_read(ctl, &s, &e) < 0)
		return ctl_fail(&e);
	if (ctl->json)
		ctl_print_json(members_json(s));
	else
		print_members(s, &ctl->screen);
	say_unreadable(s);
	say_missing(s);
	if (s->unreadable.count)
		return CTL_UNKNOWN;
	if (!s->view.member_count)
		ctl_say("no host is in the fleet %s", s->cluster);
	return s->view.member_count ? CTL_OK : CTL_BAD;
}

const struct command command_members = {
	.name = "members",
	.synopsis = "",
	.summary = "list the hosts that are in the fleet now",
	.help = "SEEN is the newest revision that the host knows, VERDICT what it says of the "
		"last\n"
		"revision that it had on trial. Hosts that are missing are named on standard "
		"error.",
	.example = "  zknginxctl members",
	.run = members,
};

/* --- problems ------------------------------------------------------------------------------- */

static json_t *missing_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->view.host_count; i++) {
		if (!s->view.hosts[i].member)
			json_array_append_new(list, json_text(s->view.hosts[i].name));
	}
	return list;
}

static json_t *problems_json(const struct snapshot *s)
{
	json_t *j = json_object();

	json_put(j, "problems", fleet_problems_json(s));
	json_put_number(j, "reporters", fleet_reporters(&s->view));
	json_put(j, "missing", missing_json(s));
	return j;
}

static int problems_code(const struct snapshot *s)
{
	if (s->health.problem_count)
		return CTL_BAD;
	if (s->unreadable.count || !fleet_reporters(&s->view)) {
		ctl_say("it is not known whether there are problems: %s",
			s->unreadable.count ? "not everything can be read"
					    : "no host is in the fleet");
		return CTL_UNKNOWN;
	}
	return CTL_OK;
}

static int problems(struct ctl *ctl, const struct arguments *args UNUSED)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct err e;
	int code;

	if (snapshot_read(ctl, &s, &e) < 0)
		return ctl_fail(&e);
	say_unreadable(s);
	say_missing(s);
	code = problems_code(s);
	if (ctl->json)
		ctl_print_json(problems_json(s));
	else if (code == CTL_OK)
		screen_lines(&ctl->screen, COLOR_GOOD, 0, "No problems on %zu host%s.",
			     fleet_reporters(&s->view), PLURAL(fleet_reporters(&s->view)));
	else
		problems_print(s, &ctl->screen, s->wall);
	return code;
}

const struct command command_problems = {
	.name = "problems",
	.synopsis = "",
	.summary = "list what the hosts report to be wrong in the znodes",
	.help = "A problem that several hosts have is listed once, with these hosts. The exit "
		"status\n"
		"is 0 if there is none, 1 if there is one, and 3 if that is not known.",
	.example = "  zknginxctl problems",
	.run = problems,
};
