/* The revision before and after decides: servers, and what is outside of the config, need none. */
#include <string.h>

#include "change_sign.h"
#include "core/data/layout.h"
#include "ctl/znodes/paths.h"

static const char *root_of(const struct change *c)
{
	return c->author.root;
}

static bool is_server(const struct change *c)
{
	size_t upstream = path_upstream(c->path, root_of(c));

	return upstream && c->path[upstream];
}

/* What is written into the root itself is what the signature would replace. */
static int refuse_root(const struct change *c)
{
	ctl_say("%s holds the signature of the config: \"zknginxctl sign KEY\" writes it; nothing "
		"was "
		"changed",
		c->path);
	return CTL_BAD;
}

int change_open_signer(struct change *c, const char *key)
{
	struct err e;
	int code = signer_open(c->ctl, key, &c->signer);

	if (code != CTL_OK || !path_is_config(c->ctl, c->path))
		return code;
	if (c->signer && strcmp(c->path, root_of(c)) == 0)
		return refuse_root(c);
	if (c->signer || c->force || is_server(c) || !signer_is_required(c->ctl))
		return CTL_OK;
	signer_refuse_unsigned(c->ctl, &e);
	return ctl_fail(&e);
}

static struct digest revision_of(const struct change *c, const struct tree *t)
{
	return tree_revision(t, root_of(c));
}

bool change_keeps_note(const struct change *c)
{
	return *c->signature.signature && !c->author.signature;
}

int change_sign(struct change *c, const struct tree *config, struct err *e)
{
	struct digest before = revision_of(c, config), after = revision_of(c, c->checked);
	struct config_note *n = &c->signature;
	char hex[DIGEST_HEX_SIZE];

	config_note_of(c->arena, config, root_of(c), n);
	c->author.signature = NULL;
	if (digest_equal(&before, &after))
		return 0;
	if (!c->signer) {
		n->signature = "";
		return signer_is_required(c->ctl) && !c->force ? signer_refuse_unsigned(c->ctl, e)
							       : 0;
	}
	digest_hex(&after, hex);
	*n = config_note_empty();
	n->by = c->by;
	n->note = c->author.message ?: "";
	if (signer_sign(c->signer, c->arena, tree_find(config, root_of(c)), hex, n, e) < 0)
		return -1;
	c->author.signature = n;
	return 0;
}
