/*
 * doctor: the table of checks, which of them can be made here, and their results as text or JSON.
 *
 * Another check is a function in doctor_*.c and a row here.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "ctl/commands.h"
#include "doctor.h"

/* What a check needs. The first that is missing is named as the reason why the check is skipped. */
enum {
	NEEDS_SETTINGS = 1 << 0,
	NEEDS_ZOOKEEPER = 1 << 1,
	NEEDS_CLUSTER = 1 << 2,
	NEEDS_CONFIG = 1 << 3,
	NEEDS_ROOT = 1 << 4,
	NEEDS_NGINX = 1 << 5,
	NEEDS_LIVE = 1 << 6,
	NEEDS_SANDBOX = 1 << 7,
	NEEDS_TEST = 1 << 8,
	NEEDS_STATUS = 1 << 9,
	NEEDS_STATE = 1 << 10,
};

static bool has_settings(const struct doctor *d)
{
	return d->has_settings;
}

static bool has_zookeeper(const struct doctor *d)
{
	return d->client;
}

static bool has_cluster(const struct doctor *d)
{
	return d->has_cluster;
}

static bool has_config(const struct doctor *d)
{
	return d->config;
}

static bool is_root(const struct doctor *d UNUSED)
{
	return geteuid() == 0;
}

static bool has_nginx(const struct doctor *d)
{
	return d->has_nginx;
}

static bool has_live(const struct doctor *d)
{
	return d->live;
}

static bool has_sandbox(const struct doctor *d)
{
	return d->has_sandbox;
}

static bool has_passed(const struct doctor *d)
{
	return d->conf.passed;
}

static bool has_status(const struct doctor *d)
{
	return d->status;
}

static bool has_state(const struct doctor *d)
{
	return access(d->settings->state.directory, F_OK) == 0;
}

static const struct {
	unsigned need;
	bool (*is_met)(const struct doctor *d);
	const char *text;
} needs[] = {
	{ NEEDS_SETTINGS, has_settings, "needs valid settings" },
	{ NEEDS_ROOT, is_root, "needs root" },
	{ NEEDS_ZOOKEEPER, has_zookeeper, "needs ZooKeeper" },
	{ NEEDS_CLUSTER, has_cluster, "needs the cluster znode" },
	{ NEEDS_CONFIG, has_config, "needs the config znodes" },
	{ NEEDS_NGINX, has_nginx, "needs nginx" },
	{ NEEDS_STATE, has_state, "needs the state directory" },
	{ NEEDS_LIVE, has_live, "needs the live generation, which zknginxd makes" },
	{ NEEDS_SANDBOX, has_sandbox, "needs a sandbox for nginx -t" },
	{ NEEDS_TEST, has_passed, "needs an nginx.conf that nginx -t accepts" },
	{ NEEDS_STATUS, has_status, "needs a report of the daemon" },
};

static const struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d);
	unsigned needs;
} checks[] = {
	{ "settings", doctor_check_settings, 0 },
	{ "credentials", doctor_check_credentials, NEEDS_SETTINGS },
	{ "zookeeper", doctor_check_zookeeper, NEEDS_SETTINGS },
	{ "znodes", doctor_check_znodes, NEEDS_SETTINGS | NEEDS_ZOOKEEPER },
	{ "config", doctor_check_config, NEEDS_SETTINGS },
	{ "write", doctor_check_write, NEEDS_SETTINGS | NEEDS_ZOOKEEPER | NEEDS_CLUSTER },
	{ "acl", doctor_check_acl, NEEDS_SETTINGS | NEEDS_ZOOKEEPER | NEEDS_CONFIG },
	{ "clock", doctor_check_clock, NEEDS_SETTINGS | NEEDS_ZOOKEEPER },
	{ "zookeeper-data", doctor_check_data_directory, NEEDS_SETTINGS },
	{ "nginx", doctor_check_nginx, NEEDS_SETTINGS },
	{ "master", doctor_check_master, NEEDS_SETTINGS | NEEDS_NGINX },
	{ "state-directory", doctor_check_state_directory, NEEDS_SETTINGS },
	{ "space", doctor_check_space, NEEDS_SETTINGS | NEEDS_STATE },
	{ "live", doctor_check_live, NEEDS_SETTINGS | NEEDS_STATE },
	{ "sandbox", doctor_check_sandbox, NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_LIVE },
	{ "nginx-conf", doctor_check_nginx_conf,
	  NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_NGINX | NEEDS_LIVE | NEEDS_SANDBOX },
	{ "include", doctor_check_include, NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_TEST },
	{ "shutdown-timeout", doctor_check_shutdown_timeout,
	  NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_TEST },
	{ "default-site", doctor_check_default_site, NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_TEST },
	{ "ports", doctor_check_ports, NEEDS_SETTINGS },
	{ "certificates", doctor_check_certificates, NEEDS_SETTINGS },
	{ "daemon", doctor_check_daemon, NEEDS_SETTINGS },
	{ "state", doctor_check_state, NEEDS_SETTINGS | NEEDS_STATUS },
	{ "version", doctor_check_version, NEEDS_SETTINGS | NEEDS_STATUS },
	{ "module", doctor_check_module, NEEDS_SETTINGS | NEEDS_ROOT | NEEDS_TEST },
	{ "servers", doctor_check_updates, NEEDS_SETTINGS | NEEDS_STATUS },
	{ "member", doctor_check_member, NEEDS_SETTINGS | NEEDS_ZOOKEEPER },
};

static const char *missing(const struct doctor *d, unsigned wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if ((wanted & needs[i].need) && !needs[i].is_met(d))
			return needs[i].text;
	}
	return NULL;
}

static void run_check(struct doctor *d, const struct doctor_check *c)
{
	const char *why;

	d->check = c->name;
	progress_show("checking %s …", c->name);
	why = missing(d, c->needs);
	if (why)
		doctor_skip(d, "%s", why);
	else
		c->run(d);
	progress_clear();
}

/* --- the results ----------------------------------------------------------------------------- */

static const enum color colors[DOCTOR_LEVEL_N] = {
	[DOCTOR_OK] = COLOR_GOOD,
	[DOCTOR_WARNING] = COLOR_WARNING,
	[DOCTOR_ERROR] = COLOR_BAD,
	[DOCTOR_SKIPPED] = COLOR_FAINT,
};

#define CHECK_COLUMNS 16
#define INDENT (7 + 2 + CHECK_COLUMNS + 2)

/* How many bytes of the text go on a line of so many columns: up to a blank, where there is one. 0
 * columns: all of it. */
static size_t line_size(const char *text, size_t columns)
{
	size_t size = strcspn(text, "\n"), used = 0, blank = 0;

	for (size_t i = 0; columns && i < size; i++) {
		used += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (used > columns)
			return blank ? blank : size;
		if (text[i] == ' ' && i > strspn(text, " "))
			blank = i;
	}
	return size;
}

/* Below each other, so that the lines fit the terminal; a line of the text keeps its indent. */
static void print_lines(const struct screen *s, const char *text, size_t indent)
{
	unsigned width = screen_width(s);
	size_t columns = width > indent + 20 ? width - indent : 0, own = strspn(text, " ");

	while (*text) {
		size_t size = line_size(text, columns);

		screen_print(s, COLOR_NONE, "%.*s", (int)size, text);
		fputc('\n', s->out);
		text += size;
		if (*text == '\n')
			own = strspn(++text, " ");
		else
			text += strspn(text, " ");
		if (*text)
			screen_print(s, COLOR_NONE, "%*s", (int)(indent + (*text == ' ' ? 0 : own)),
				     "");
	}
}

static void print_result(void *ctx, const struct doctor_result *r)
{
	const struct screen *s = ctx;

	progress_clear();
	screen_print(s, colors[r->level], "%-7s", doctor_level_name(r->level));
	screen_print(s, COLOR_NONE, "  %-*s  ", CHECK_COLUMNS, r->check);
	print_lines(s, r->message, INDENT);
	if (!*r->fix)
		return;
	screen_print(s, COLOR_NONE, "%*s", INDENT, "");
	screen_print(s, COLOR_STRONG, "→ ");
	print_lines(s, r->fix, INDENT + 2);
}

static void keep_result(void *ctx UNUSED, const struct doctor_result *r UNUSED)
{
}

static size_t count(const struct doctor *d, enum doctor_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->results[i].level == level;
	return n;
}

static void print_summary(const struct doctor *d)
{
	size_t warnings = count(d, DOCTOR_WARNING), errors = count(d, DOCTOR_ERROR);

	fprintf(d->ctl->screen.out, "\n%zu ok, %zu warning%s, %zu error%s, %zu skipped\n",
		count(d, DOCTOR_OK), warnings, PLURAL(warnings), errors, PLURAL(errors),
		count(d, DOCTOR_SKIPPED));
}

static void print_json(const struct doctor *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_result *r = &d->results[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s}", "check", r->check, "fix",
						r->fix, "level", doctor_level_name(r->level),
						"message", r->message));
	}
	ctl_print_json(list);
}

static void doctor_fini(struct doctor *d)
{
	client_free(d->client);
	tree_unref(d->config);
	if (d->model)
		model_free(d->model);
	arena_free(d->arena);
}

static int doctor(struct ctl *ctl, const struct arguments *args UNUSED)
{
	struct doctor d = { .ctl = ctl,
			    .settings = &ctl->settings,
			    .arena = arena_new(),
			    .on_result = ctl->json ? keep_result : print_result,
			    .ctx = &ctl->screen };
	int code;

	log_setup(LOG_LEVEL_ERROR, false); /* what fails is in the results */
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		run_check(&d, &checks[i]);
	if (ctl->json)
		print_json(&d);
	else
		print_summary(&d);
	code = d.zookeeper_is_away ? CTL_UNKNOWN : count(&d, DOCTOR_ERROR) ? CTL_BAD : CTL_OK;
	doctor_fini(&d);
	return code;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "",
	.summary = "check this host, and say how to mend what is wrong",
	.help = "Each line is a check: ok, warning, error, or skipped with the reason. Run it as\n"
		"root: some checks need that. It changes nothing; to see whether ZooKeeper takes\n"
		"writes, it creates an ephemeral znode below zookeeper.cluster and deletes it.\n"
		"Exit status: 0 no error (there may be warnings), 1 an error, 3 ZooKeeper does "
		"not\n"
		"answer.",
	.example = "  sudo zknginxctl doctor\n  zknginxctl doctor --json",
	.without_settings = true,
	.run = doctor,
};
