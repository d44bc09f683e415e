/*
 * edit: a znode's data in the operator's editor. There is no connection to ZooKeeper while the
 * editor runs; whether somebody else has changed the znode is known when the data is written.
 */
#include <stdlib.h>
#include <string.h>

#include "change_text.h"
#include "core/data/layout.h"
#include "ctl/commands.h"
#include "ctl/znodes/paths.h"
#include "draft.h"

struct editing {
	struct change change;
	char *draft;     /* the path of the file */
	struct buf text; /* what is to be written */
};

static const char *short_path(const struct editing *e)
{
	return path_short(e->change.ctl, e->change.path);
}

/* --- the draft ------------------------------------------------------------------------------- */

/* How editors know what they edit: as the znode's file in a directory would end. */
static const char *suffix_of(const struct change *c)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *file = config_file(a, c->path, c->ctl->settings.zookeeper.config);
	const char *start = c->before.data + strspn(c->before.data, " \t\r\n");

	if (file && strcmp(path_name(file), path_name(c->path)) != 0)
		return strrchr(file, '.')[1] == 'c' ? ".conf" : ".json";
	return *start == '{' || *start == '[' || path_is_config(c->ctl, c->path) ? ".json" : ".txt";
}

/* "upstreams-shop-10.0.0.1:8080" */
static char *name_of(const struct change *c)
{
	const char *path = path_short(c->ctl, c->path);
	char *name = xstrdup(path + (*path == '/'));

	for (char *at = name; *at; at++) {
		if (*at == '/')
			*at = '-';
	}
	if (strlen(name) > 100)
		name[100] = '\0';
	return name;
}

static int make_draft(struct editing *e)
{
	struct change *c = &e->change;
	CLEANUP(freep) char *name = name_of(c);
	struct err err;

	if (!c->exists)
		c->before = (struct znode){ .data = "" };
	if (!data_is_text(&c->before)) {
		ctl_say("%s holds binary data, which an editor could damage: use get and set with "
			"a file",
			short_path(e));
		return CTL_BAD;
	}
	if (draft_new(name, suffix_of(c), c->before.data, c->before.size, &e->draft, &err) < 0) {
		ctl_say("nothing was edited: %s", err.text);
		return CTL_BAD;
	}
	return CTL_OK;
}

/* Many editors put a line feed at the end of a text that had none. */
static void drop_added_line_feed(struct editing *e)
{
	const struct znode *z = &e->change.before;
	bool had = !z->size || z->data[z->size - 1] == '\n';

	if (!had && e->text.size && e->text.data[e->text.size - 1] == '\n')
		e->text.data[--e->text.size] = '\0';
}

static bool is_unchanged(const struct editing *e)
{
	const struct znode *z = &e->change.before;

	return z->size == e->text.size && memcmp(z->data, buf_str(&e->text), z->size) == 0;
}

static int read_draft(struct editing *e, struct err *err)
{
	buf_clear(&e->text);
	if (draft_read(e->draft, &e->text, err) < 0)
		return -1;
	drop_added_line_feed(e);
	return 0;
}

/* --- ends ------------------------------------------------------------------------------------ */

static int keep(const struct editing *e)
{
	ctl_say("nothing was written; what you typed is in %s", e->draft);
	return CTL_BAD;
}

/* Nothing to keep. */
static int drop(struct editing *e)
{
	draft_remove(e->draft);
	return CTL_OK;
}

static int end_without_change(struct editing *e)
{
	if (e->change.ctl->json)
		change_print_json(&e->change, "unchanged");
	else if (e->change.exists)
		printf("no change: %s stays as it is\n", e->change.path);
	else
		printf("nothing was typed: %s was not created\n", e->change.path);
	return drop(e);
}

/* The editor has removed it. */
static int end_without_draft(struct editing *e)
{
	ctl_say("the editor has removed its file %s: nothing was written", e->draft);
	drop(e);
	return CTL_BAD;
}

static int end_failed_editor(struct editing *e, const struct err *err)
{
	struct err ignored;

	ctl_say("%s: nothing was written", err->text);
	if (read_draft(e, &ignored) == 0 && !is_unchanged(e))
		return keep(e);
	drop(e);
	return CTL_BAD;
}

static void print_written(const struct editing *e, bool existed)
{
	static const struct difference_names names = { "before", "now" };
	const struct change *c = &e->change;
	struct znode now = { .data = buf_str(&e->text), .size = e->text.size };

	printf("%s %s: version %d\n", existed ? "changed" : "created", c->path, c->before.version);
	if (existed && c->ctl->screen.terminal)
		change_print_difference(c, &c->ctl->screen, &names, &c->before, &now);
}

static int end_written(struct editing *e, bool existed)
{
	const struct change *c = &e->change;

	if (c->findings.count && !c->ctl->json)
		change_print_findings(c);
	if (c->ctl->json)
		change_print_json(c, existed ? "changed" : "created");
	else
		print_written(e, existed);
	return drop(e);
}

/* The change of the other client, on standard error. */
static void print_theirs(const struct editing *e)
{
	static const struct difference_names names = { "read", "ZooKeeper" };
	const struct change *c = &e->change;
	struct screen screen;

	fflush(stdout);
	screen_init(&screen, stderr);
	change_print_difference(c, &screen, &names, &c->before, &c->theirs);
}

/* The change that came first stays; it is shown. */
static int end_conflict(struct editing *e)
{
	const struct change *c = &e->change;

	if (c->ctl->json)
		change_print_json(c, "conflict");
	if (!c->taken) {
		ctl_say("%s: another client has removed it while you edited it", c->path);
	} else {
		ctl_say("%s: another client has changed it while you edited it (version %d):",
			c->path, c->theirs.version);
		print_theirs(e);
	}
	return keep(e);
}

/* True: the operator wants to go on. */
static bool wants_to_edit_again(struct editing *e)
{
	change_print_findings(&e->change);
	ctl_say("%s: the daemons would refuse this, so nothing was written yet (--force writes it "
		"all the same); what you typed is in %s",
		short_path(e), e->draft);
	return can_ask() && ask("Edit it again?");
}

static int end_refused(struct editing *e)
{
	if (e->change.ctl->json)
		change_print_json(&e->change, "refused");
	return keep(e);
}

static int end_failed(struct editing *e, const struct err *err)
{
	int code = ctl_fail(err);

	if (code == CTL_UNKNOWN) {
		ctl_say("what you typed is in %s", e->draft);
		return code;
	}
	return keep(e);
}

/* --- the command ----------------------------------------------------------------------------- */

/* −1: edit again. */
static int edit_once(struct editing *e)
{
	struct change *c = &e->change;
	bool existed = c->exists;
	struct err err;

	if (draft_edit(e->draft, &err) < 0)
		return end_failed_editor(e, &err);
	if (!draft_exists(e->draft))
		return end_without_draft(e);
	if (read_draft(e, &err) < 0)
		return end_failed(e, &err);
	if (is_unchanged(e))
		return end_without_change(e);
	progress_show("checking …");
	switch (change_put(c, buf_str(&e->text), e->text.size, e->draft, &err)) {
	case CHANGE_DONE:
		progress_clear();
		return end_written(e, existed);
	case CHANGE_SAME:
		return end_without_change(e);
	case CHANGE_REFUSED:
		return wants_to_edit_again(e) ? -1 : end_refused(e);
	case CHANGE_CONFLICT:
		progress_clear();
		return end_conflict(e);
	default:
		progress_clear();
		return end_failed(e, &err);
	}
}

static void editing_fini(struct editing *e)
{
	change_fini(&e->change);
	free(e->draft);
	buf_fini(&e->text);
}

static int edit(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(editing_fini) struct editing e = { 0 };
	int code = change_open(&e.change, ctl, args);

	if (code != CTL_OK)
		return code;
	change_disconnect(&e.change);
	code = make_draft(&e);
	if (code != CTL_OK)
		return code;
	do
		code = edit_once(&e);
	while (code < 0);
	return code;
}

static const struct command_option options[] = {
	CHANGE_OPTIONS,
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_edit = {
	.name = "edit",
	.synopsis = "PATH",
	.summary = "edit the data of a znode",
	.help = "Opens the data in $VISUAL or $EDITOR and writes it when the editor has ended. "
		"What\n"
		"the daemons would refuse is refused here, and can be edited again. What another\n"
		"client writes meanwhile is never overwritten. What was typed and not written "
		"stays\n"
		"in a file. A znode that does not exist is created.",
	.example = "  zknginxctl edit sites/shop -m 'longer timeouts'",
	.least = 1,
	.most = 1,
	.words = { WORD_PATH },
	.options = options,
	.run = edit,
};
