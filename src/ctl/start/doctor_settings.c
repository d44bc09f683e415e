/* The settings file, and the credentials that it names. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "host/settings.h"
#include "zk/credentials.h"

#define ERRORS_MOST 5

/* Settings name commands that the daemon runs as root. */
static void check_owner(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		doctor_warn(d, "Create the file, or name another one with -c",
			    "%s does not exist; every setting has its default", path);
		return;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid())
		doctor_error(d, arena_printf(d->arena, "chown root %s", path),
			     "%s is valid, but belongs to user %u, who can make the daemon run any "
			     "command",
			     path, (unsigned)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		doctor_error(d, arena_printf(d->arena, "chmod go-w %s", path),
			     "%s is valid, but has mode %04o: other users can make the daemon run "
			     "any command",
			     path, (unsigned)st.st_mode & 07777);
	else
		doctor_ok(d, "%s is valid", path);
}

static void report_errors(struct doctor *d, const struct settings_errors *errors)
{
	for (size_t i = 0; i < errors->count && i < ERRORS_MOST; i++) {
		const struct settings_error *e = &errors->items[i];

		doctor_error(d, "Correct the file; zknginxd.conf(5) explains each key", "%s%s%s%s",
			     e->file ?: "", e->file && e->line ? ":" : "",
			     e->file && e->line ? arena_printf(d->arena, "%u", e->line) : "",
			     arena_printf(d->arena, "%s%s", e->file ? ": " : "", e->text));
	}
	if (errors->count > ERRORS_MOST)
		doctor_error(d, "zknginxd -t lists all of them", "%zu more errors",
			     errors->count - ERRORS_MOST);
}

void doctor_check_settings(struct doctor *d)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	CLEANUP(settings_freep) struct settings_file *file = NULL;
	struct ctl *ctl = d->ctl;

	if (settings_load(ctl->settings_path, !ctl->settings_given, &file, &errors) < 0) {
		report_errors(d, &errors);
		return;
	}
	if (!ctl_load(ctl)) {
		doctor_error(d, "Name them as HOST:PORT,HOST:PORT[/CHROOT]",
			     "the ZooKeeper servers of -s or $ZKNGINX_SERVERS are not valid");
		return;
	}
	d->settings = &ctl->settings;
	d->has_settings = true;
	check_owner(d, ctl->settings_path);
}

void doctor_check_credentials(struct doctor *d)
{
	const char *file = d->settings->zookeeper.auth_file;
	struct credentials c = { 0 };
	struct err e;

	if (!*file) {
		doctor_skip(d, "zookeeper.auth_file is not set");
		return;
	}
	if (credentials_read(file, &c, &e) == 0)
		doctor_ok(d, "%s is readable for its owner only", file);
	else if (e.sys == EACCES && geteuid() != 0)
		doctor_skip(d, "needs root: %s", e.text);
	else
		doctor_error(d,
			     "The file has one line, \"digest USER:PASSWORD\", belongs to root and "
			     "has mode 0600",
			     "%s", e.text);
	credentials_fini(&c);
}
