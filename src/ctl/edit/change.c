/*
 * A change: read, checked, written. What else another client changes meanwhile makes the check
 * begin again; what it does to the znode itself ends the change.
 */
#include <stdlib.h>
#include <string.h>

#include "change_check.h"
#include "change_sign.h"
#include "ctl/lint/lint_cluster.h"
#include "ctl/znodes/note.h"
#include "ctl/znodes/paths.h"

/* --- opening --------------------------------------------------------------------------------- */

static const char *root_of(const struct change *c)
{
	return c->ctl->settings.zookeeper.config;
}

static int read_before(struct change *c, struct err *e)
{
	int found = client_get(c->client, c->arena, c->path, &c->before, e);

	c->exists = found > 0;
	return found;
}

static int refuse_path(const struct change *c)
{
	ctl_say("%s belongs to the daemons, which write it themselves: nothing was changed "
		"(--force changes it all the same)",
		c->path);
	return CTL_BAD;
}

int change_open(struct change *c, struct ctl *ctl, const struct arguments *args)
{
	const char *by = arguments_value(args, "by");
	struct err e;
	int code;

	*c = (struct change){ .ctl = ctl,
			      .arena = arena_new(),
			      .force = arguments_has(args, "force"),
			      .mark = "",
			      .by = by ? xstrdup(by) : ctl_user() };
	c->signature = config_note_empty();
	c->author = (struct author){ .root = root_of(c),
				     .by = c->by,
				     .message = arguments_value(args, "message") };
	problems_init(&c->problems);
	findings_init(&c->findings);
	c->path = path_resolve(ctl, c->arena, arguments_at(args, 0));
	if (!c->path || !note_fits("by", c->by) || !note_fits("message", c->author.message ?: ""))
		return CTL_USAGE;
	if (path_is_of_daemons(ctl, c->path) && !c->force)
		return refuse_path(c);
	code = change_open_signer(c, arguments_value(args, "sign"));
	if (code != CTL_OK)
		return code;
	if (client_open(ctl, &c->client, &e) < 0 || read_before(c, &e) < 0)
		return ctl_fail(&e);
	if (!path_is_config(ctl, c->path) && !lint_cluster_knows(&ctl->settings, c->path))
		ctl_say("%s is outside of %s: it is not checked", c->path, root_of(c));
	return CTL_OK;
}

void change_fini(struct change *c)
{
	if (!c->ctl)
		return;
	findings_fini(&c->findings);
	problems_fini(&c->problems);
	tree_unref(c->checked);
	signer_free(c->signer);
	client_free(c->client);
	free(c->by);
	arena_free(c->arena);
}

void change_disconnect(struct change *c)
{
	client_free(TAKE(c->client));
}

static int reconnect(struct change *c, struct err *e)
{
	return c->client ? 0 : client_open(c->ctl, &c->client, e);
}

/* --- what others do meanwhile ----------------------------------------------------------------- */

/* Has the znode changed since it was read? Keeps what it is now. */
static int look_again(struct change *c, struct err *e)
{
	int found = client_get(c->client, c->arena, c->path, &c->theirs, e);

	if (found < 0)
		return -1;
	c->taken = found > 0;
	return c->taken != c->exists || (c->taken && (c->theirs.version != c->before.version ||
						      c->theirs.czxid != c->before.czxid));
}

/* *again: it has not; the check has to be made again, with what else has changed. */
static enum change_result conflict_or_again(struct change *c, bool *again, struct err *e)
{
	int changed = look_again(c, e);

	if (changed < 0)
		return CHANGE_FAILED;
	*again = !changed;
	c->conflict = c->path;
	return CHANGE_CONFLICT;
}

/* Is the znode in this tree what was read? A tree may also come from a server that lags. */
static bool is_current(const struct change *c, const struct tree *config)
{
	const struct znode *z = tree_find(config, c->path);

	return !z == !c->exists &&
	       (!z || (z->version == c->before.version && z->czxid == c->before.czxid));
}

enum change_result change_give_up(struct err *e)
{
	err_set(e, ERR_UNAVAILABLE,
		"other clients change the config faster than it can be checked: try again");
	return CHANGE_FAILED;
}

/* --- put ------------------------------------------------------------------------------------- */

struct put {
	const char *data;
	size_t size;
	const char *name;
};

static struct session_op put_op(const struct change *c, const struct put *p)
{
	return (struct session_op){ .kind = c->exists ? OP_SET : OP_CREATE,
				    .path = c->path,
				    .data = p->data,
				    .size = p->size,
				    .version = c->exists ? c->before.version : 0 };
}

/* root: of the config, to record who writes; NULL: it is not there yet, or not concerned. */
static enum change_result put_once(struct change *c, const struct put *p, const struct znode *root,
				   bool *again, struct err *e)
{
	CLEANUP(transaction_fini) struct transaction t;
	const char *path;
	int rc;

	transaction_init(&t, c->client, &c->author);
	if (!c->exists && transaction_add_parents(&t, c->path, e) < 0)
		return CHANGE_FAILED;
	transaction_add(&t, put_op(c, p));
	if (root && !change_keeps_note(c) && strcmp(c->path, root->path) != 0)
		transaction_add_note(&t, root);
	rc = transaction_commit(&t, &path, e);
	if (rc > 0)
		return conflict_or_again(c, again, e);
	if (rc < 0)
		return CHANGE_FAILED;
	c->before.version = c->exists ? c->before.version + 1 : 0;
	c->exists = true;
	return CHANGE_DONE;
}

static enum change_result put_in_config(struct change *c, const struct put *p, bool *again,
					struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *config = NULL;

	if (change_read_config(c, &config, e) < 0)
		return CHANGE_FAILED;
	if (!is_current(c, config))
		return conflict_or_again(c, again, e);
	change_check(c, config, p->data, p->size, p->name);
	if (c->findings.errors && !c->force)
		return CHANGE_REFUSED;
	if (change_sign(c, config, e) < 0)
		return CHANGE_FAILED;
	return put_once(c, p, tree_find(config, root_of(c)), again, e);
}

static enum change_result put_outside(struct change *c, const struct put *p, bool *again,
				      struct err *e)
{
	change_check_outside(c, p->data, p->size, p->name);
	if (c->findings.errors && !c->force)
		return CHANGE_REFUSED;
	return put_once(c, p, NULL, again, e);
}

enum change_result change_put(struct change *c, const char *data, size_t size, const char *name,
			      struct err *e)
{
	struct put p = { data, size, name };

	if (c->exists && c->before.size == size && memcmp(c->before.data, data, size) == 0)
		return CHANGE_SAME;
	if (size > SESSION_REQUEST_LIMIT) {
		err_set(e, ERR_INPUT, "%s: %zu bytes; a znode has at most %d", name, size,
			SESSION_REQUEST_LIMIT);
		return CHANGE_FAILED;
	}
	if (reconnect(c, e) < 0)
		return CHANGE_FAILED;
	if (c->before.owner)
		ctl_say("%s is registered by a running application (ephemeral), which may write it "
			"again at any time",
			path_short(c->ctl, c->path));
	for (unsigned i = 0; i < CHANGE_TRIES; i++) {
		bool again = false;
		enum change_result result = path_is_config(c->ctl, c->path)
						    ? put_in_config(c, &p, &again, e)
						    : put_outside(c, &p, &again, e);

		if (!again)
			return result;
	}
	return change_give_up(e);
}
