/* `zknginxctl ui`, run as an operator runs it, and clients of its page at the level of HTTP. */
#ifndef ZKNGINX_TESTS_RIG_UI_H
#define ZKNGINX_TESTS_RIG_UI_H

#include <zknginx/buf.h>

#include "rig_ctl.h"

struct rig_ui {
	pid_t pid;
	int port;
	char token[64]; /* "" = the page is read-only */
	char *log;
};

/* Starts it on a free port, with these settings and these options ("--open --allow-actions"; may be
 * NULL), and waits for its URL. */
void rig_ui_start(struct rig_ui *u, const char *settings, const char *options);
/* … on this port. */
void rig_ui_start_at(struct rig_ui *u, const char *settings, const char *options, int port);
/* Ends it with SIGTERM; fails the test when it does not end well. */
void rig_ui_stop(struct rig_ui *u);

/* A request with these headers ("A: b\r\n…"; a Host of its own is added where there is none) and
 * this body (may be NULL). Returns all of the reply, valid until rig_clean(). */
const char *rig_ui_ask(const struct rig_ui *u, const char *method, const char *path,
		       const char *headers, const char *body);
const char *rig_ui_get(const struct rig_ui *u, const char *path);
/* An action as the page sends it: the answer's body as JSON, which the caller frees. */
json_t *rig_ui_act(const struct rig_ui *u, const char *body);
/* The status of a reply. */
int rig_ui_status(const char *reply);
/* What follows the headers. */
const char *rig_ui_body(const char *reply);

/* An open page: its stream of events. */
struct rig_page {
	int fd;
	struct buf text;
	bool ended;
};

void rig_page_open(struct rig_page *p, const struct rig_ui *u);
/* Reads what has come. Is this text in it, after the first `from` bytes? */
bool rig_page_shows(struct rig_page *p, size_t from, const char *text);
bool rig_page_ended(struct rig_page *p);
void rig_page_close(struct rig_page *p);

/* A connection to the page's port. */
int rig_ui_connect(const struct rig_ui *u);

#endif
