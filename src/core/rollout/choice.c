/* What a permit makes of the newest tree. */
#include <stdio.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/history.h>

#include "choice.h"

/* What nginx runs, with the servers of the newest tree. */
static struct tree *tree_of_now(const struct choice *c, char revision[])
{
	struct tree *config =
		c->config && strcmp(c->stored, c->applied) == 0 ? c->config : c->accepted;

	snprintf(revision, DIGEST_HEX_SIZE, "%s", c->applied);
	return overlay(c->newest, config, c->accepted, c->root);
}

/* A host that runs nothing takes what the fleet has accepted, if the permit says what that is. */
static struct tree *tree_that_stays(const struct choice *c, char revision[])
{
	const struct plan_revision *accepted = &c->permit->accepted;
	bool bare = !*c->applied && tree_count(c->accepted) == 0;
	struct tree *config = bare && *accepted->revision ? c->config_of(c->ctx, accepted) : NULL;

	if (!config)
		return tree_of_now(c, revision);
	snprintf(revision, DIGEST_HEX_SIZE, "%s", accepted->revision);
	return overlay(c->newest, config, c->accepted, c->root);
}

/* The config is gone. The guard keeps what nginx runs. On a host that runs nothing, what the fleet
 * agreed on is served. */
static struct tree *tree_without_config(const struct choice *c, char revision[])
{
	bool bare = tree_count(c->accepted) == 0 && c->permit->kind == PERMIT_NAMED;
	struct tree *config = bare ? c->config_of(c->ctx, &c->permit->revision) : NULL;

	if (*c->applied)
		snprintf(revision, DIGEST_HEX_SIZE, "%s", c->applied);
	if (!config)
		return tree_ref(c->newest);
	snprintf(revision, DIGEST_HEX_SIZE, "%s", c->permit->revision.revision);
	return overlay(c->newest, config, c->accepted, c->root);
}

/* A host that has published the newest does not go back from it because the outcome is unknown. */
static bool has_newest(const struct choice *c)
{
	return !c->replayed && (strcmp(c->applied, c->newest_revision) == 0 ||
				strcmp(c->published, c->newest_revision) == 0);
}

static struct tree *tree_named(const struct choice *c, char revision[])
{
	const struct plan_revision *wanted = &c->permit->revision;
	struct tree *config;

	if (strcmp(wanted->revision, c->newest_revision) == 0 && (!c->untrusted || has_newest(c)))
		return tree_ref(c->newest);
	config = c->config_of(c->ctx, wanted);
	if (!config)
		return tree_of_now(c, revision);
	snprintf(revision, DIGEST_HEX_SIZE, "%s", wanted->revision);
	return overlay(c->newest, config, c->accepted, c->root);
}

struct tree *choice_tree(const struct choice *c, char revision[DIGEST_HEX_SIZE])
{
	snprintf(revision, DIGEST_HEX_SIZE, "%s", c->newest_revision);
	if (c->wiped && !c->unfinished && !c->untrusted)
		return tree_without_config(c, revision);
	if (c->permit->kind == PERMIT_NAMED)
		return tree_named(c, revision);
	if (c->permit->kind == PERMIT_STAY && !has_newest(c))
		return tree_that_stays(c, revision);
	return tree_ref(c->newest);
}
