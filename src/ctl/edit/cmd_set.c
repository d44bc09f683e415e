/* set and rm: one change, from the command line. */
#include <string.h>

#include "change_delete.h"
#include "change_text.h"
#include "ctl/commands.h"
#include "ctl/console/input.h"
#include "ctl/znodes/paths.h"
#include "ctl/znodes/reader.h"

#define DEPTH_MOST 32

/* What has become of the transactions before the one that failed. */
static void say_written(const struct change *c)
{
	if (c->written)
		ctl_say("%zu of %zu transactions were written: until \"zknginxctl rm -r %s\" "
			"completes it, or a push replaces it, every host keeps what it runs",
			c->written, c->transactions, c->path);
}

/* Prints how the change has ended; returns the exit code. `done`: "created", "changed", … */
static int finish(struct change *c, enum change_result result, const char *done,
		  const struct err *e)
{
	static const char *const names[] = { [CHANGE_SAME] = "unchanged",
					     [CHANGE_REFUSED] = "refused",
					     [CHANGE_CONFLICT] = "conflict" };

	progress_clear();
	if (result == CHANGE_FAILED) {
		say_written(c);
		return ctl_fail(e);
	}
	if (c->findings.count && !c->ctl->json)
		change_print_findings(c);
	if (c->ctl->json)
		change_print_json(c, result == CHANGE_DONE ? done : names[result]);
	if (result == CHANGE_REFUSED)
		ctl_say("%s: the daemons would refuse this, so nothing was changed (--force "
			"changes it all the same)",
			path_short(c->ctl, c->path));
	else if (result == CHANGE_CONFLICT && c->written)
		ctl_say("%s: another client has changed it meanwhile", c->conflict);
	else if (result == CHANGE_CONFLICT)
		ctl_say("%s: another client has changed it meanwhile: nothing was changed; look at "
			"it (zknginxctl get %s) and try again",
			c->conflict, path_short(c->ctl, c->conflict));
	if (result == CHANGE_CONFLICT)
		say_written(c);
	return result == CHANGE_REFUSED || result == CHANGE_CONFLICT ? CTL_BAD : CTL_OK;
}

/* --- set ------------------------------------------------------------------------------------- */

/* A command that failed before a pipe must not empty a znode. */
static int refuse_empty(const struct change *c)
{
	ctl_say("standard input is empty, and %s is not: nothing was changed (/dev/null as FILE "
		"empties it)",
		path_short(c->ctl, c->path));
	return CTL_BAD;
}

/* old: what there was; NULL: nothing. */
static void print_set(const struct change *c, const struct znode *old, const struct buf *data)
{
	static const struct difference_names names = { "before", "now" };
	struct znode now = { .data = buf_str(data), .size = data->size };

	if (!old) {
		printf("created %s: %zu bytes\n", c->path, data->size);
		return;
	}
	printf("changed %s: %zu bytes in place of %zu, version %d\n", c->path, data->size,
	       old->size, c->before.version);
	if (c->ctl->screen.terminal)
		change_print_difference(c, &c->ctl->screen, &names, old, &now);
}

static int set_to(struct change *c, const struct buf *data, const char *name)
{
	struct znode old = c->before;
	bool existed = c->exists;
	enum change_result result;
	struct err e;
	int code;

	progress_show("checking …");
	result = change_put(c, buf_str(data), data->size, name, &e);
	code = finish(c, result, existed ? "changed" : "created", &e);
	if (c->ctl->json)
		return code;
	if (result == CHANGE_DONE)
		print_set(c, existed ? &old : NULL, data);
	else if (result == CHANGE_SAME)
		printf("no change: %s has these %zu bytes already\n", c->path, data->size);
	return code;
}

static int set(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(change_fini) struct change c = { 0 };
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	const char *name = arguments_at(args, 1) ?: "-";
	struct err e;
	int code;

	if (strcmp(name, "-") == 0 && can_ask())
		ctl_say("the data is read from the terminal; Ctrl-D ends it");
	if (input_read(name, &data, &e) < 0)
		return ctl_fail(&e);
	code = change_open(&c, ctl, args);
	if (code != CTL_OK)
		return code;
	if (strcmp(name, "-") == 0 && !data.size && c.exists && c.before.size && !c.force)
		return refuse_empty(&c);
	return set_to(&c, &data, name);
}

static const struct command_option set_options[] = {
	CHANGE_OPTIONS,
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_set = {
	.name = "set",
	.synopsis = "PATH [FILE|-]",
	.summary = "write a znode from a file or standard input",
	.help = "Creates the znode, and those above it, where they are missing. What the daemons\n"
		"would refuse is refused here, with the messages of lint. What another client\n"
		"writes at the same time is never overwritten. Outside of zookeeper.config the "
		"path\n"
		"has to be absolute, and nothing is checked.",
	.example = "  zknginxctl set sites/shop shop.json -m 'TLS for the shop'\n"
		   "  echo weight=5 | zknginxctl set upstreams/shop/10.0.0.1:8080",
	.least = 1,
	.most = 2,
	.words = { WORD_PATH, WORD_FILE },
	.options = set_options,
	.run = set,
};

/* --- rm -------------------------------------------------------------------------------------- */

/* What is at and below the path. */
struct subtree {
	struct tree *tree;
	size_t begin, end;
	size_t registered; /* ephemeral znodes */
};

static int read_subtree(const struct change *c, struct subtree *s, struct err *e)
{
	struct mirror_root root = { c->path, DEPTH_MOST };

	if (read_whole_tree(c->ctl, &root, &s->tree, e) < 0)
		return -1;
	s->begin = tree_lower_bound(s->tree, c->path);
	s->end = s->begin < tree_count(s->tree) ? tree_subtree_end(s->tree, s->begin) : s->begin;
	for (size_t i = s->begin; i < s->end; i++)
		s->registered += tree_at(s->tree, i)->owner != 0;
	return 0;
}

/* Applications have put them there, and may do so again. */
static int refuse_registered(const struct change *c, const struct subtree *s)
{
	const char *name = path_short(c->ctl, c->path);

	if (s->end - s->begin == 1)
		ctl_say("%s is registered by a running application (ephemeral): nothing was "
			"removed (--force removes it all the same; zknginxctl drain takes a server "
			"out of use)",
			name);
	else
		ctl_say("%s: %zu of the %zu znodes %s registered by running applications "
			"(ephemeral): nothing was removed (--force removes them as well; "
			"zknginxctl drain takes a server out of use)",
			name, s->registered, s->end - s->begin, s->registered == 1 ? "is" : "are");
	return CTL_BAD;
}

static bool is_whole_config(const struct change *c)
{
	const char *root = c->ctl->settings.zookeeper.config;

	return strcmp(c->path, root) == 0 || path_is_below(root, c->path);
}

/* CTL_OK: it may be removed, as far as nobody has to be asked. */
static int check_subtree(const struct change *c, const struct subtree *s,
			 const struct arguments *args)
{
	size_t below = s->end - s->begin - 1;

	if (below && !arguments_has(args, "recursive")) {
		ctl_say("%s has %zu znode%s below it: nothing was removed (-r removes them as "
			"well)",
			path_short(c->ctl, c->path), below, PLURAL(below));
		return CTL_BAD;
	}
	if (is_whole_config(c) && !c->force) {
		ctl_say("%s is the whole config: nothing was removed (--force removes it)",
			c->path);
		return CTL_BAD;
	}
	return s->registered && !c->force ? refuse_registered(c, s) : CTL_OK;
}

/* More than one znode is removed only when somebody has said so. */
static int confirm(const struct change *c, const struct subtree *s, const struct arguments *args)
{
	CLEANUP(freep) char *question = NULL;
	size_t count = s->end - s->begin;

	if (count == 1 || arguments_has(args, "yes"))
		return CTL_OK;
	if (!can_ask()) {
		ctl_say("%s: %zu znodes would be removed; without a terminal that needs --yes",
			path_short(c->ctl, c->path), count);
		return CTL_BAD;
	}
	question = xasprintf("Remove %s and %zu znode%s below it?", c->path, count - 1,
			     PLURAL(count - 1));
	if (ask(question))
		return CTL_OK;
	ctl_say("nothing was removed");
	return CTL_BAD;
}

/* Before anybody is asked. */
static int check_removal(struct change *c)
{
	enum change_result result;
	struct err e;

	progress_show("checking …");
	result = change_check_delete(c, &e);
	progress_clear();
	return result == CHANGE_DONE ? CTL_OK : finish(c, result, "removed", &e);
}

static int remove_subtree(struct change *c, const struct subtree *s)
{
	enum change_result result;
	struct err e;
	int code;

	progress_show("removing …");
	result = change_delete(c, s->tree, s->begin, s->end, &e);
	c->exists = result != CHANGE_DONE;
	code = finish(c, result, "removed", &e);
	if (result == CHANGE_DONE && !c->ctl->json)
		printf("removed %s: %zu znode%s\n", c->path, s->end - s->begin,
		       PLURAL(s->end - s->begin));
	return code;
}

static void subtree_fini(struct subtree *s)
{
	tree_unref(s->tree);
}

static int rm(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(change_fini) struct change c;
	CLEANUP(subtree_fini) struct subtree s = { 0 };
	struct err e;
	int code = change_open(&c, ctl, args);

	if (code != CTL_OK)
		return code;
	if (!c.exists) {
		ctl_say("there is no znode %s", c.path);
		return CTL_BAD;
	}
	if (read_subtree(&c, &s, &e) < 0)
		return ctl_fail(&e);
	if (s.begin == s.end) {
		ctl_say("there is no znode %s any more", c.path);
		return CTL_BAD;
	}
	code = check_subtree(&c, &s, args);
	if (code == CTL_OK)
		code = check_removal(&c);
	if (code == CTL_OK)
		code = confirm(&c, &s, args);
	return code == CTL_OK ? remove_subtree(&c, &s) : code;
}

static const struct command_option rm_options[] = {
	{ "recursive", 'r', NULL, WORD_NONE, "with everything below PATH" },
	{ "yes", 'y', NULL, WORD_NONE, "do not ask" },
	CHANGE_OPTIONS,
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_rm = {
	.name = "rm",
	.synopsis = "PATH",
	.summary = "remove a znode",
	.help = "Refused is what the daemons would refuse (an upstream that a site uses), a znode\n"
		"with others below it (without -r), and servers that running applications have\n"
		"registered. --force removes these as well.",
	.example = "  zknginxctl rm sites/old -m 'the shop has moved'\n"
		   "  zknginxctl rm -r upstreams/old",
	.least = 1,
	.most = 1,
	.words = { WORD_PATH },
	.options = rm_options,
	.run = rm,
};
