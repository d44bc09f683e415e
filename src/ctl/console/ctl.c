/* The settings of a command, its errors, and its output as JSON. */
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/status.h>

#include "core/text/json_text.h"
#include "ctl.h"
#include "host/settings.h"
#include "host/settings_value.h"
#include "sys/timing.h"

#define TIMEOUT (10 * USEC_PER_SEC)

void ctl_init(struct ctl *ctl, const struct command *const *commands)
{
	*ctl = (struct ctl){
		.commands = commands,
		.settings_path = SETTINGS_FILE,
		.timeout = TIMEOUT,
	};
	screen_init(&ctl->screen, stdout);
	if (sd_event_default(&ctl->loop) < 0)
		die("sd-event: no loop");
}

void ctl_fini(struct ctl *ctl)
{
	if (ctl->file)
		settings_free(ctl->file);
	sd_event_unref(ctl->loop);
}

/* --- settings ------------------------------------------------------------------------------- */

static bool use_servers(struct ctl *ctl, const char *servers, const char *where)
{
	static struct arena *arena; /* for as long as the process lives */
	const char *why = NULL;

	if (!arena)
		arena = arena_new();
	if (form_hosts(arena, servers, &ctl->settings.zookeeper.hosts, &why))
		return true;
	ctl_say("%s \"%s\": %s", where, servers, why ?: "not HOST:PORT,HOST:PORT[/CHROOT]");
	return false;
}

bool ctl_load(struct ctl *ctl)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	const char *servers = getenv("ZKNGINX_SERVERS");

	if (ctl->file)
		return true;
	if (settings_load(ctl->settings_path, !ctl->settings_given, &ctl->file, &errors) < 0) {
		settings_errors_print(&errors, "zknginxctl: ", stderr);
		return false;
	}
	ctl->settings = *settings_get(ctl->file);
	if (ctl->servers)
		return use_servers(ctl, ctl->servers, "-s");
	return !servers || !*servers || use_servers(ctl, servers, "$ZKNGINX_SERVERS");
}

/* --- messages ------------------------------------------------------------------------------- */

static void say(const char *fmt, va_list args) PRINTF(1, 0);
static void say(const char *fmt, va_list args)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;

	text = xvasprintf(fmt, args);
	screen_clean(text, strlen(text), &line);
	fflush(stdout);
	fprintf(stderr, "zknginxctl: %s\n", buf_str(&line));
}

void ctl_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

int ctl_fail(const struct err *e)
{
	ctl_say("%s", e->text);
	if (e->code == ERR_SETTINGS)
		return CTL_USAGE;
	return e->code == ERR_UNAVAILABLE || e->code == ERR_TIMEOUT ? CTL_UNKNOWN : CTL_BAD;
}

int ctl_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	fputs("zknginxctl: \"zknginxctl help\" lists the commands, \"zknginxctl help COMMAND\" "
	      "explains one\n",
	      stderr);
	return CTL_USAGE;
}

void ctl_print_json(json_t *value)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	json_print(value, JSON_INDENT(2), &text);
	fwrite(buf_str(&text), 1, text.size, stdout);
}

json_t *json_time(uint64_t wall)
{
	char text[32];

	status_time(wall, text);
	return wall ? json_text(text) : json_null();
}

/* --- waiting -------------------------------------------------------------------------------- */

bool ctl_run_until(struct ctl *ctl, bool (*done)(void *ctx), void *ctx, uint64_t timeout)
{
	uint64_t now = timing_now(), end = timeout > NEVER - now ? NEVER : now + timeout;

	while (!done(ctx)) {
		now = timing_now();
		if (now >= end)
			return false;
		if (sd_event_run(ctl->loop, end == NEVER ? NEVER : end - now) < 0)
			die("sd_event_run failed");
	}
	return true;
}

int ctl_no_answer(const struct ctl *ctl, const char *hosts, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "ZooKeeper at %s does not answer within %llu ms", hosts,
		       (unsigned long long)(ctl->timeout / USEC_PER_MSEC));
}

/* --- who ------------------------------------------------------------------------------------ */

char *ctl_user(void)
{
	const char *sudo = getenv("SUDO_USER");
	/* cppcheck-suppress getpwuidCalled ; no other thread asks for users */
	const struct passwd *user = getpwuid(getuid());
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return xasprintf("%s@%s", sudo && *sudo ? sudo : user ? user->pw_name : "unknown", host);
}
