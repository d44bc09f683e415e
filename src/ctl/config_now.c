/* The daemon's own reader of znodes, without a guard and without a last good form. */
#include <stdlib.h>
#include <string.h>

#include "config_now.h"
#include "core/compose/compose.h"
#include "reader.h"
#include "zk/roots.h"

#define NAMES_MOST 20

static struct model *model_of(const struct ctl *ctl, const struct tree *tree)
{
	CLEANUP(model_freep) struct model *nothing = model_new();
	struct tree_builder empty;
	CLEANUP(tree_unrefp) struct tree *accepted = NULL;
	struct policy policy = policy_from_settings(&ctl->settings);
	struct compose_input in = { .tree = tree,
				    .good = nothing,
				    .root = ctl->settings.zookeeper.config,
				    .policy = &policy };
	struct problems ignored;
	struct model *m;

	tree_builder_init(&empty);
	accepted = tree_builder_finish(&empty);
	tree_builder_fini(&empty);
	in.accepted = accepted;
	problems_init(&ignored);
	m = compose(&in, &ignored, NULL);
	problems_fini(&ignored);
	return m;
}

/* The registrations are below paths that the config names, so the reader may have to go on. */
static int read_all(struct ctl *ctl, struct reader *r, struct roots *roots, struct config_now *out,
		    struct err *e)
{
	do {
		config_now_fini(out);
		if (reader_first(r, &out->tree, e) < 0)
			return -1;
		out->model = model_of(ctl, out->tree);
	} while (roots_follow(roots, out->model, reader_mirror(r)));
	return 0;
}

int config_now_read(struct ctl *ctl, struct config_now *out, struct err *e)
{
	CLEANUP(model_freep) struct model *nothing = model_new();
	CLEANUP(freep) struct mirror_root *all = NULL;
	CLEANUP(reader_freep) struct reader *r = NULL;
	struct roots roots;
	size_t count;
	int rc;

	*out = (struct config_now){ 0 };
	roots_init(&roots, &ctl->settings.zookeeper);
	all = roots_begin(&roots, nothing, &count);
	rc = reader_new(ctl, all, count, &r, e);
	if (rc == 0)
		rc = read_all(ctl, r, &roots, out, e);
	roots_fini(&roots);
	return rc;
}

void config_now_fini(struct config_now *c)
{
	tree_unref(TAKE(c->tree));
	model_free(TAKE(c->model));
}

const struct upstream *config_now_upstream(const struct config_now *c, const char *name)
{
	const struct upstream *u = model_upstream(c->model, name);
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	size_t count = c->model->upstream_count;

	if (u)
		return u;
	for (size_t i = 0; i < count && i < NAMES_MOST; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", c->model->upstreams[i].name);
	if (!count)
		ctl_say("there is no upstream \"%s\": the config has no upstream", name);
	else
		ctl_say("there is no upstream \"%s\"; the config has: %s%s", name, buf_str(&names),
			count > NAMES_MOST ? ", …" : "");
	return NULL;
}
