/*
 * Commands of zknginxctl that run for a page: each one is a child process, with the settings and
 * the rights of this one, so that what a page does is exactly what the command does. The request
 * waits for its end.
 */
#ifndef ZKNGINX_CTL_UI_TASK_H
#define ZKNGINX_CTL_UI_TASK_H

#include "ctl/console/ctl.h"
#include "web.h"

#define TASK_WORDS 12

/* A command line after the global options; the strings are copied. */
struct task_words {
	const char *items[TASK_WORDS];
	size_t count;
};

struct tasks;

struct tasks *tasks_new(const struct ctl *ctl);
/* Ends what runs. Before web_free(). */
void tasks_free(struct tasks *t);

void task_add(struct task_words *w, const char *word);
/* Starts the command; at its end the request is answered with {"code": exit status, "result": its
 * output as JSON, "messages": what it has said}. Refuses when too many run. acts: it is an action,
 * for which places are kept: what only reads cannot take them all. */
void task_run(struct tasks *t, struct web_request *r, const struct task_words *w, bool acts);

#endif
