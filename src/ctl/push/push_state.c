/* Reads both sides. A push that is under way is given a moment to end. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "ctl/lint/lint.h"
#include "ctl/znodes/config_read.h"
#include "push_state.h"
#include "sys/timing.h"

/* Longer than any transaction takes: a mark that stays the same for so long is left over. */
#define UNDER_WAY (3 * USEC_PER_SEC)

/* --- ZooKeeper ------------------------------------------------------------------------------- */

static bool never(void *ctx UNUSED)
{
	return false;
}

/* The root's version, while its mark is there; -1: it is not. */
static int marked_version(const struct tree *t, const char *root)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note note;

	config_note_of(a, t, root, &note);
	return note.unfinished ? tree_find(t, root)->version : -1;
}

/* While another push writes, its mark changes with each transaction. */
static int read_config(struct push_state *s, struct ctl *ctl, struct err *e)
{
	const char *root = ctl->settings.zookeeper.config;
	int last = -1;

	for (;;) {
		int version;

		tree_unref(TAKE(s->before));
		if (config_read(ctl, &s->before, e) < 0)
			return -1;
		version = marked_version(s->before, root);
		if (version < 0 || version == last)
			return 0;
		last = version;
		progress_show("another push is unfinished; waiting for it");
		ctl_run_until(ctl, never, NULL, UNDER_WAY);
		progress_clear();
	}
}

/* --- the directory --------------------------------------------------------------------------- */

static void identify(struct push_state *s)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	for (size_t i = 0; i < tree_count(s->directory->tree); i++) {
		const struct znode *z = tree_at(s->directory->tree, i);

		digester_add_field(d, z->path, strlen(z->path));
		digester_add_field(d, z->data, z->size);
	}
	digest = digester_finish(d);
	digest_hex(&digest, hex);
	memcpy(s->id, hex, sizeof(s->id) - 1);
	s->id[sizeof(s->id) - 1] = '\0';
}

static int read_directory(struct push_state *s, const char *path, const char *root, struct err *e)
{
	if (directory_read(path, root, &s->directory, e) < 0)
		return -1;
	for (size_t i = 0; i < s->directory->ignored_count; i++)
		ctl_say("%s is ignored: it is not the directory of a kind of objects",
			s->directory->ignored[i]);
	if (!config_has_objects(s->directory->tree, root))
		return err_set(e, ERR_INPUT, "%s has no object of the config: it is not pushed",
			       path);
	identify(s);
	return 0;
}

/* --- both ------------------------------------------------------------------------------------ */

static void revision_of(const struct tree *t, const char *root, char hex[static DIGEST_HEX_SIZE])
{
	struct digest digest = tree_revision(t, root);

	digest_hex(&digest, hex);
}

int push_state_read(struct push_state *s, struct ctl *ctl, const char *path, bool keep,
		    struct err *e)
{
	const char *root = ctl->settings.zookeeper.config;

	*s = (struct push_state){ .arena = arena_new() };
	problems_init(&s->problems);
	if (read_directory(s, path, root, e) < 0 || read_config(s, ctl, e) < 0)
		return -1;
	s->policy = policy_from_settings(&ctl->settings);
	s->in = (struct config_edit_input){ .old = s->before,
					    .new = s->directory->tree,
					    .root = root,
					    .policy = &s->policy,
					    .is_directory = true,
					    .keep = keep };
	config_edit_make(&s->edit, s->arena, &s->in);
	config_note_of(s->arena, s->before, root, &s->note);
	s->after = config_edit_result(&s->edit, s->arena);
	revision_of(s->before, root, s->revision_before);
	revision_of(s->after, root, s->revision);
	if (s->edit.count)
		lint_change(&ctl->settings, s->before, s->after, &s->problems);
	return 0;
}

void push_state_fini(struct push_state *s)
{
	if (s->directory)
		directory_free(s->directory);
	tree_unref(s->before);
	tree_unref(s->after);
	problems_fini(&s->problems);
	arena_free(s->arena);
}

bool push_state_continues(const struct push_state *s)
{
	return s->note.unfinished && strcmp(s->note.push.id, s->id) == 0;
}

bool push_state_is_result(void *state, const struct tree *now)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct push_state *s = state;
	struct config_edit_input in = s->in;
	struct config_edit rest;

	in.old = now;
	config_edit_make(&rest, a, &in);
	return rest.count == 0;
}
