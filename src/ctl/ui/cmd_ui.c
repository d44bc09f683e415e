/*
 * ui: the fleet as a page in a browser. It serves until it is interrupted.
 *
 * Everything runs in one loop. What ZooKeeper sends is taken up at most a few times a second, so
 * that a fleet in which every host reports at once costs no more than one that is quiet.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "admission.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "opener.h"
#include "page.h"
#include "routes.h"
#include "sys/listening.h"
#include "sys/timing.h"

#define LISTEN "127.0.0.1:9643"
#define SPACING (200 * USEC_PER_MSEC)

struct ui {
	struct ctl *ctl;
	struct listening socket;
	struct buf policy;
	char token[TOKEN_SIZE];
	char *url;
	struct routes routes;
	struct web *web;
	struct opener opener;
	bool over;
};

/* --- the end ---------------------------------------------------------------------------------- */

static int on_signal(sd_event_source *s UNUSED, const struct signalfd_siginfo *si UNUSED, void *ctx)
{
	struct ui *ui = ctx;

	ui->over = true;
	return 0;
}

/* Before the first thread, so that no thread takes them. */
static void watch_signals(struct ui *ui)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (sd_event_add_signal(ui->ctl->loop, NULL, signals[i], on_signal, ui) < 0)
			die("sd-event: no signal %d", signals[i]);
	}
}

static void ui_fini(struct ui *ui)
{
	opener_fini(&ui->opener);
	tasks_free(ui->routes.tasks);
	if (ui->routes.streams)
		streams_end(ui->routes.streams);
	web_free(ui->web);
	streams_free(ui->routes.streams);
	live_free(ui->routes.live);
	listening_fini(&ui->socket);
	buf_fini(&ui->policy);
	free(ui->url);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* The token is in the fragment, which browsers send to no server and write into no log. */
static void make_url(struct ui *ui, bool actions)
{
	const struct listening *s = &ui->socket;

	timing_unique(ui->token, sizeof(ui->token));
	ui->routes.token = actions ? ui->token : NULL;
	ui->url = xasprintf("http://%s:%s/%s%s", s->host, s->port, actions ? "#token=" : "",
			    actions ? ui->token : "");
}

static int check_address(const struct ui *ui, bool actions)
{
	if (ui->socket.is_local)
		return CTL_OK;
	if (actions)
		return ctl_usage("--allow-actions needs a loopback address: elsewhere the token "
				 "would cross the network unencrypted; use a tunnel, such as \"ssh "
				 "-L 9643:127.0.0.1:9643 HOST\"");
	ctl_say("%s is not a loopback address: every client that reaches it can read the "
		"configuration of the fleet",
		ui->socket.host);
	return CTL_OK;
}

static int start(struct ui *ui, struct err *e)
{
	struct ctl *ctl = ui->ctl;

	if (live_new(ctl, &ui->routes.live, e) < 0)
		return -1;
	ui->routes.streams = streams_new(ctl->loop, routes_whole, &ui->routes);
	ui->routes.tasks = tasks_new(ctl);
	page_policy(&ui->policy);
	return web_new(ctl->loop, listening_take(&ui->socket), buf_str(&ui->policy), routes_answer,
		       &ui->routes, &ui->web, e);
}

static void print_url(const struct ui *ui)
{
	if (ui->ctl->json) {
		json_t *j = json_object();

		json_put(j, "actions", json_boolean(ui->routes.token));
		json_put_text(j, "url", ui->url);
		ctl_print_json(j);
	} else {
		printf("%s\n", ui->url);
	}
	fflush(stdout);
	if (ui->routes.token)
		ctl_say("the page can act on the fleet: keep the URL secret. Ctrl-C ends it");
	else
		ctl_say("the page is read-only (--allow-actions). Ctrl-C ends it");
}

/* --- serving ---------------------------------------------------------------------------------- */

static bool is_over(void *ctx)
{
	const struct ui *ui = ctx;

	return ui->over;
}

static bool has_news(void *ctx)
{
	struct ui *ui = ctx;

	return ui->over || live_has_news(ui->routes.live);
}

static void send_news(struct ui *ui)
{
	json_t *difference = live_update(ui->routes.live);
	CLEANUP(freep) char *text = NULL;

	if (!difference)
		return;
	text = json_dumps(difference, JSON_COMPACT);
	json_decref(difference);
	if (!text)
		die("out of memory");
	streams_send(ui->routes.streams, "change", text);
}

static int serve(struct ui *ui)
{
	while (!ui->over) {
		ctl_run_until(ui->ctl, has_news, ui, NEVER);
		send_news(ui);
		ctl_run_until(ui->ctl, is_over, ui, SPACING);
	}
	return CTL_OK;
}

static int run_ui(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(ui_fini) struct ui ui = { .ctl = ctl, .socket = { .fd = -1 } };
	const char *address = arguments_value(args, "listen") ?: LISTEN;
	bool actions = arguments_has(args, "allow-actions");
	struct err e;
	int code;

	if (strncmp(address, LISTENING_UNIX, strlen(LISTENING_UNIX)) == 0)
		return ctl_usage("--listen: a browser cannot open a unix socket");
	if (listening_open("--listen", address, &ui.socket, &e) < 0)
		return e.code == ERR_INPUT ? ctl_usage("%s", e.text) : ctl_fail(&e);
	code = check_address(&ui, actions);
	if (code != CTL_OK)
		return code;
	make_url(&ui, actions);
	watch_signals(&ui);
	log_set_level(LOG_LEVEL_ERROR); /* the connection is part of what the page shows */
	if (start(&ui, &e) < 0)
		return ctl_fail(&e);
	print_url(&ui);
	if (arguments_has(args, "open"))
		opener_start(&ui.opener, ctl->loop, ui.url, actions);
	return serve(&ui);
}

static const struct command_option options[] = {
	{ "listen", 'l', "ADDRESS:PORT", WORD_NONE, "where it serves (default " LISTEN ")" },
	{ "open", 'o', NULL, WORD_NONE, "open the page in the desktop's browser" },
	{ "allow-actions", 0, NULL, WORD_NONE, "let the page act; else it is read-only" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_ui = {
	.name = "ui",
	.synopsis = "",
	.summary = "serve a page that shows the fleet live in a browser",
	.help = "The page shows the hosts, the rollout, alerts, problems, upstreams and the\n"
		"history, as ZooKeeper has them, and follows each change. It prints its URL, and\n"
		"serves until Ctrl-C. Every user of this machine can read the page.\n\n"
		"With --allow-actions the page can pause, resume, promote, abort and roll back, "
		"and\n"
		"confirm, drain and undrain; it asks before each one. Only a page that was opened\n"
		"with the printed URL can act: the URL contains a secret.",
	.example = "  zknginxctl ui --open\n"
		   "  zknginxctl ui --listen 127.0.0.1:8080 --allow-actions",
	.most = 0,
	.options = options,
	.run = run_ui,
};
