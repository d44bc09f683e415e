/* What nginx runs on this host. */
#include <zknginx/log.h>

#include "core/status/census.h"
#include "core/status/edit.h"
#include "running.h"

void running_accept(struct running *r, struct model *model, struct stage *stage)
{
	struct tree *sources = model_sources(model);
	bool recorded = tree_same(sources, r->accepted) && stage_has_record(stage);
	struct err e;

	model_free(r->good);
	r->good = model;
	census_take(model, &r->numbers);
	tree_unref(r->accepted);
	r->accepted = sources;
	if (!recorded && stage_record(stage, stage_live(stage), sources, &e) < 0)
		log_warning("%s (the last good forms of znodes would be lost at a restart)",
			    e.text);
}

void running_note_transactions(struct running *r, const struct tree *tree)
{
	int64_t newest = edit_newest(tree);

	if (newest > r->zxid)
		r->zxid = newest;
}

void running_fini(struct running *r)
{
	model_free(TAKE(r->good));
	tree_unref(TAKE(r->accepted));
}
