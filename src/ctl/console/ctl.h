/*
 * What every command of zknginxctl has at hand: the settings, the loop, the screen, and how an
 * error becomes an exit code.
 *
 * The command needs no daemon on the machine where it runs. Settings are those of the daemon's
 * file; -s and $ZKNGINX_SERVERS replace zookeeper.hosts.
 */
#ifndef ZKNGINX_CTL_H
#define ZKNGINX_CTL_H

#include <stdio.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/settings.h>

#include <jansson.h>

#include "screen.h"

/* zknginxctl(8), EXIT STATUS. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_BAD = 1,     /* refused, unhealthy, or different */
	CTL_USAGE = 2,   /* the command line or the settings */
	CTL_UNKNOWN = 3, /* cannot tell: ZooKeeper does not answer */
};

struct settings_file;
struct command;
struct command_group;

struct ctl {
	const struct command *const *commands; /* the table; ends with NULL */
	const struct command_group *groups;    /* of the help */
	const char *settings_path;             /* -c */
	bool settings_given;                   /* … was given: the file must exist */
	const char *servers;                   /* -s; NULL: as in the settings */
	bool json;                             /* --json */
	uint64_t timeout; /* --timeout: of one answer of ZooKeeper or of the leader */
	bool timeout_given;
	struct screen screen; /* of standard output */
	sd_event *loop;
	struct settings settings; /* once ctl_load() has read them */
	struct settings_file *file;
};

void ctl_init(struct ctl *ctl, const struct command *const *commands);
void ctl_fini(struct ctl *ctl);
/* Reads the settings. False: the errors were printed. */
bool ctl_load(struct ctl *ctl);

/* "zknginxctl: TEXT" on standard error. */
void ctl_say(const char *fmt, ...) PRINTF(1, 2);
/* Prints the error; returns the exit code that it stands for. */
int ctl_fail(const struct err *e);
/* Prints the text, and how to get help; returns CTL_USAGE. */
int ctl_usage(const char *fmt, ...) PRINTF(1, 2);
/* The value as JSON, keys sorted, on standard output; gives the value away. */
void ctl_print_json(json_t *value);

/* A time as in the status of the daemon, "2026-11-22T15:04:05.000Z"; 0 is null. */
json_t *json_time(uint64_t wall);

/* Runs the loop until done(ctx) is true; false: the timeout (in microseconds from now) has passed.
 */
bool ctl_run_until(struct ctl *ctl, bool (*done)(void *ctx), void *ctx, uint64_t timeout);
/* ERR_UNAVAILABLE: these servers of ZooKeeper have not answered within the command's timeout. */
int ctl_no_answer(const struct ctl *ctl, const char *hosts, struct err *e);

/* Who runs the command, for the fleet's records: "alice@laptop"; the caller frees. With sudo it is
 * the user who called it. */
char *ctl_user(void);

#endif
